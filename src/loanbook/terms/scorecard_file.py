"""Reading the scorecard of a strategy: points for every value a feature can have, also for none and for one not known.

scorecard:
  base: 480
  points:
    age_years:
      - {below: 25, points: 10}      # ascending; the last bin has no `below` and takes all other values
      - {points: 25}
    employment:
      - {is: employed, points: 40}   # every choice in exactly one bin
      - {in: [self_employed, retired], points: 20}
      - {unseen: true, points: 0}    # needed for choices
      - {missing: true, points: 0}   # needed where the feature is not required
"""

from collections.abc import Mapping

from loanbook.terms.loading import Located
from loanbook.terms.strategy import NUMBERS, Bin, Characteristic, Feature, FeatureType
from loanbook.terms.strategy_conditions import MEMBERS, alternatives, judged, known, members, written

POINTS_MOST = 1_000_000

_BIN = ("points", "missing", "unseen")


def scorecard(item: Located, schema: Mapping[str, Feature]) -> tuple[int, tuple[Characteristic, ...]]:
    """Base points and the characteristics, in the order of the file."""
    parts = item.fields("scorecard", ("base", "points"), ("base", "points"))
    found = tuple(
        _characteristic(entry, known(entry, name, schema, "the scorecard"))
        for name, entry in parts["points"].names("points").items()
    )
    if not found:
        raise parts["points"].wrong("points is empty. Write the bins of at least one feature.")
    return _points(parts["base"], "base"), found


def _points(item: Located, what: str) -> int:
    return item.whole(what, -POINTS_MOST, POINTS_MOST)


def _characteristic(item: Located, feature: Feature) -> Characteristic:
    own = ("below",) if feature.type in NUMBERS else MEMBERS
    bins: list[Bin] = []
    special: dict[str, int] = {}
    for entry in item.items(f"the bins of {feature.name}"):
        parts = entry.fields(f"a bin of {feature.name}", (*own, *_BIN), ("points",))
        points = _points(parts["points"], "points")
        named = [name for name in ("missing", "unseen") if name in parts]
        if named:
            (name, flag) = (named[0], parts[named[0]])
            if len(parts) != 2 or not flag.flag(name):
                raise entry.wrong(f"the bin of {name} values has nothing but its points. Write {{{name}: true, points: 0}}.")
            if name in special:
                raise entry.wrong(f"the bin of {name} values stands twice. Keep one of them.")
            _check_possible(flag, name, feature)
            special[name] = points
        elif feature.type in NUMBERS:
            bins.append(_number_bin(entry, parts, points, feature, bins))
        else:
            bins.append(_member_bin(entry, parts, points, feature, bins))
    _check_complete(item, feature, bins, special)
    return Characteristic(feature=feature.name, bins=tuple(bins), missing=special.get("missing"), unseen=special.get("unseen"))


def _check_possible(item: Located, name: str, feature: Feature) -> None:
    if name == "missing" and feature.required:
        raise item.wrong(
            f"{feature.name} is required: who lacks it is referred, never scored. Remove the bin, or write required: false."
        )
    if name == "unseen" and feature.type is not FeatureType.CHOICE:
        raise item.wrong(f"a {feature.type} is never unseen. Remove the bin.")


def _number_bin(entry: Located, parts: Mapping[str, Located], points: int, feature: Feature, bins: list[Bin]) -> Bin:
    if bins and bins[-1].below is None:
        raise entry.wrong("the bin before this one takes all other values. Move it to the end, or give it a `below`.")
    begin = bins[-1].below if bins else None
    since = "" if begin is None else f"{written(begin, feature)} to "
    if "below" not in parts:
        return Bin(label=f"{written(begin, feature)} and more" if begin is not None else "any", points=points)
    below = judged(parts["below"], "below", feature)
    if below <= (feature.least if begin is None else begin):
        raise parts["below"].wrong(f"no value of {feature.name} is left for this bin. Bins ascend; write a higher `below`.")
    return Bin(label=f"{since}below {written(below, feature)}", points=points, below=below)


def _member_bin(entry: Located, parts: Mapping[str, Located], points: int, feature: Feature, bins: list[Bin]) -> Bin:
    tests = {name: part for name, part in parts.items() if name in MEMBERS}
    accepted = members(Located(value=tests, path=entry.path, line=entry.line), feature)
    for earlier in bins:
        twice = [str(one) for one in accepted if one in earlier.accepted]
        if twice:
            raise entry.wrong(f"{', '.join(twice)} of {feature.name} already has points. Keep one of the bins.")
    return Bin(label=", ".join(str(one).lower() for one in accepted), points=points, accepted=accepted)


def _check_complete(item: Located, feature: Feature, bins: list[Bin], special: Mapping[str, int]) -> None:
    if feature.type in NUMBERS:
        if not bins or bins[-1].below is not None:
            raise item.wrong(
                f"the bins of {feature.name} leave its highest values out. End with {{points: ...}} without `below`."
            )
    else:
        covered = {one for part in bins for one in part.accepted}
        left = [str(one).lower() for one in alternatives(feature) if one not in covered]
        if left:
            raise item.wrong(f"the bins of {feature.name} leave out {', '.join(left)}. Every value needs points.")
    needed = [] if feature.required else ["missing"]
    needed += ["unseen"] if feature.type is FeatureType.CHOICE else []
    for name in needed:
        if name not in special:
            raise item.wrong(f"{feature.name} can be {name}, and that needs points too. Write {{{name}: true, points: 0}}.")
