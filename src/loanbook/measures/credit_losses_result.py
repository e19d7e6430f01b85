"""What an estimate of credit losses is: integers by (group, remaining months, bucket), frozen, and as an Arrow table.

The table is what an event `allowance_measured` keeps, so that a close replays byte for byte without the cells it came from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.errors import RequestError
from loanbook.measures.credit_losses_policy import PAST_DUE_BUCKETS, REMAINING_MOST
from loanbook.units import Ints

EMERGENCE_MONTHS = 48
"""Months over which losses of today's loans come up: 36 remaining, and arrears after them."""
_WORDS = ("method", "as_of", "known_on", "groups", "look_back_from", "look_back_to", "scenarios", "outlook", "policy", "interval")
_METADATA = b"loanbook.credit_losses"
_SCHEMA = pa.schema(
    [
        ("figure", pa.dictionary(pa.int32(), pa.string())),
        ("product", pa.dictionary(pa.int32(), pa.string())),
        ("model", pa.dictionary(pa.int32(), pa.string())),
        ("segment", pa.dictionary(pa.int32(), pa.string())),
        ("remaining_months", pa.int16()),
        ("bucket", pa.dictionary(pa.int32(), pa.string())),
        ("month_ahead", pa.int16()),
        ("value", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """One estimate of one close. Arrays are int64; ppm are millionths of unpaid principal unless said otherwise.

    method                  one of `credit_losses_policy.METHODS`
    as_of, known_on         the close's days; look_back_from, look_back_to the first and last day of the behaviour read
    groups                  (product, model, segment) by group number
    scenarios               (name, weight in ppm); outlook: code, version and hash of its terms, empty for none
    policy                  the LossPolicy as JSON
    lifetime_loss_ppm       (groups, 37, buckets) net loss over the remaining life; buckets current .. 181+
    twelve_month_loss_ppm   (groups, 37, buckets) net loss of defaults within 12 months; never above the lifetime loss
    default_ppm             (groups, 37, buckets) probability of default over the remaining life, of loans
    collectable_ppm         (groups, 37, buckets) part of the contractual interest and fees still unpaid that comes in
    prepaid_ppm             (groups,) of principal, a month, beyond schedule
    severity_ppm            (groups,) part of a charged-off amount that does not come back
    emergence_ppm           (groups, 48) part of the lifetime loss charged off by the end of each month ahead
    spread_ppm              (groups + 1,) relative standard deviation of the estimate and of the time ahead; last: all groups
    loan_fen                (groups,) average principal of a loan that falls behind
    interval                how the interval is stated, in words
    """

    method: str
    as_of: int
    known_on: int
    groups: tuple[tuple[str, str, str], ...]
    look_back_from: int
    look_back_to: int
    scenarios: tuple[tuple[str, int], ...]
    outlook: str
    policy: str
    interval: str
    lifetime_loss_ppm: Ints
    twelve_month_loss_ppm: Ints
    default_ppm: Ints
    collectable_ppm: Ints
    prepaid_ppm: Ints
    severity_ppm: Ints
    emergence_ppm: Ints
    spread_ppm: Ints
    loan_fen: Ints

    @property
    def hash(self) -> str:
        """SHA-256 of all of it; the same cells, policy and outlook give the same."""
        return _hash(self.words, {name: getattr(self, name) for name in _axes(len(self.groups))})

    @property
    def words(self) -> dict[str, Any]:
        """Everything but the arrays, as JSON keeps it."""
        return json.loads(json.dumps({name: getattr(self, name) for name in _WORDS}))  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Estimates) and self.hash == other.hash

    __hash__ = None  # type: ignore[assignment]

    def over(self, groups: tuple[tuple[str, str, str], ...]) -> "Estimates":
        """The same estimate in the order of other groups; one that it did not know has rates of nothing: no loan was there."""
        if groups == self.groups:
            return self
        numbers = {group: place for place, group in enumerate(self.groups)}
        held = [(place, numbers[group]) for place, group in enumerate(groups) if group in numbers]
        to, of = (np.array([pair[side] for pair in held], np.int64) for side in (0, 1))
        arrays: dict[str, Any] = {}
        for name in _axes(len(groups)):
            values: Ints = getattr(self, name)
            arrays[name] = np.zeros(_shape(name, len(groups)), np.int64)
            arrays[name][to] = values[of]
            if len(values) > len(self.groups):
                arrays[name][-1] = values[-1]
        return replace(self, groups=groups, **arrays)

    def allowance_fen(self, exposure: Ints) -> Ints:
        """Lifetime loss on exposure (groups, 37, buckets) int64 fen, rounded by cell: (groups,) int64. A close
        rounds loans one by one."""
        return _on(exposure, self.lifetime_loss_ppm)

    def twelve_month_fen(self, exposure: Ints) -> Ints:
        """The same of the 12-month loss."""
        return _on(exposure, self.twelve_month_loss_ppm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inception:
    """Expected net payouts of a guarantee on the day a loan is made: the loss part of its fair value.

    rate_annual      discount rate, `units.RATE_SCALE`-ths a year, compounded monthly at a twelfth
    net_payout_ppm   (groups, 37) int64 of principal by contractual months, discounted; index 0 is zero
    undiscounted_ppm the same at a rate of nothing
    estimate         hash of the estimate it belongs to
    """

    as_of: int
    groups: tuple[tuple[str, str, str], ...]
    rate_annual: int
    net_payout_ppm: Ints
    undiscounted_ppm: Ints
    estimate: str

    @property
    def hash(self) -> str:
        """SHA-256 of all of it."""
        words = {"as_of": self.as_of, "groups": self.groups, "rate_annual": self.rate_annual, "estimate": self.estimate}
        return _hash(words, {"net_payout_ppm": self.net_payout_ppm, "undiscounted_ppm": self.undiscounted_ppm})

    def to_table(self) -> pa.Table:
        """Rows by group and contractual months: product, model, segment, tenor_months, net_payout_ppm, undiscounted_ppm."""
        count = len(self.groups)
        named = {
            name: pa.array(np.repeat([group[place] for group in self.groups] or [""], REMAINING_MOST + 1)[: count * 37])
            for place, name in enumerate(("product", "model", "segment"))
        }
        table = pa.table(
            {
                **named,
                "tenor_months": pa.array(np.tile(np.arange(REMAINING_MOST + 1), count), pa.int16()),
                "net_payout_ppm": pa.array(self.net_payout_ppm.ravel(), pa.int64()),
                "undiscounted_ppm": pa.array(self.undiscounted_ppm.ravel(), pa.int64()),
            }
        )
        words = {"as_of": self.as_of, "groups": self.groups, "rate_annual": self.rate_annual, "estimate": self.estimate}
        return table.replace_schema_metadata({_METADATA: json.dumps({**words, "hash": self.hash}).encode()})

    @classmethod
    def from_table(cls, table: pa.Table) -> "Inception":
        """The table read back. Raises RequestError where it was changed."""
        words = _metadata(table)
        groups = tuple((str(group[0]), str(group[1]), str(group[2])) for group in words["groups"])
        shape = (len(groups), REMAINING_MOST + 1)
        try:
            net, undiscounted = (table[name].to_numpy().reshape(shape) for name in ("net_payout_ppm", "undiscounted_ppm"))
        except (KeyError, ValueError) as error:
            raise RequestError(f"the table of net payouts is not whole: {error}.") from error
        found = cls(
            as_of=int(words["as_of"]),
            groups=groups,
            rate_annual=int(words["rate_annual"]),
            net_payout_ppm=net,
            undiscounted_ppm=undiscounted,
            estimate=str(words["estimate"]),
        )
        return _proven(found, str(words["hash"]))


def to_table(estimates: Estimates) -> pa.Table:
    """One row a figure: figure, product, model, segment, remaining_months, bucket, month_ahead, value; the rest is metadata.

    Rows of all groups together have no product; what a figure has no dimension for is null.
    """
    groups = len(estimates.groups)
    parts: list[pa.Table] = []
    for figure, axes in _axes(groups).items():
        values: Ints = getattr(estimates, figure)
        codes = np.indices(values.shape).reshape(values.ndim, -1)
        named: dict[str, Any] = {
            name: pa.nulls(values.size, field.type) for name, field in zip(_SCHEMA.names, _SCHEMA, strict=True)
        }
        named["figure"] = pa.array([figure]).dictionary_encode().take(pa.array(np.zeros(values.size, np.int32)))
        place = np.where(codes[0] < groups, codes[0], groups)
        for part, name in enumerate(("product", "model", "segment")):
            names = [group[part] for group in estimates.groups]
            named[name] = pa.DictionaryArray.from_arrays(
                pa.array(place, pa.int32(), mask=place == groups), pa.array(names, pa.string())
            )
        for axis, code in zip(axes, codes[1:], strict=True):
            if axis == "bucket":
                named[axis] = pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), pa.array(PAST_DUE_BUCKETS))
            else:
                named[axis] = pa.array(code + (1 if axis == "month_ahead" else 0), pa.int16())
        named["value"] = pa.array(values.ravel(), pa.int64())
        parts.append(pa.table(named, schema=_SCHEMA))
    words = {**estimates.words, "hash": estimates.hash}
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    return table.replace_schema_metadata({_METADATA: json.dumps(words).encode()})


def from_table(table: pa.Table) -> Estimates:
    """The estimate of a table of `to_table`. Raises RequestError where rows or metadata are missing or were changed."""
    words = _metadata(table)
    groups = tuple((str(group[0]), str(group[1]), str(group[2])) for group in words["groups"])
    shapes = {figure: _shape(figure, len(groups)) for figure in _axes(len(groups))}
    if table.num_rows != sum(int(np.prod(shape)) for shape in shapes.values()):
        raise RequestError(f"the table of an estimate has {table.num_rows:,} rows, not those of its {len(groups)} groups.")
    values, arrays, start = table["value"].to_numpy(), {}, 0
    for figure, shape in shapes.items():
        stop = start + int(np.prod(shape))
        arrays[figure] = values[start:stop].reshape(shape)
        start = stop
    known = {field.name for field in fields(Estimates)}
    if missing := known - set(words) - set(arrays):
        raise RequestError(f"the table of an estimate lacks {', '.join(sorted(missing))}.")
    found = Estimates(
        method=str(words["method"]),
        as_of=int(words["as_of"]),
        known_on=int(words["known_on"]),
        groups=groups,
        look_back_from=int(words["look_back_from"]),
        look_back_to=int(words["look_back_to"]),
        scenarios=tuple((str(name), int(weight)) for name, weight in words["scenarios"]),
        outlook=str(words["outlook"]),
        policy=str(words["policy"]),
        interval=str(words["interval"]),
        **arrays,
    )
    return _proven(found, str(words["hash"]))


def _axes(groups: int) -> dict[str, tuple[str, ...]]:
    by_loan = ("remaining_months", "bucket")
    return {
        "lifetime_loss_ppm": by_loan,
        "twelve_month_loss_ppm": by_loan,
        "default_ppm": by_loan,
        "collectable_ppm": by_loan,
        "prepaid_ppm": (),
        "severity_ppm": (),
        "emergence_ppm": ("month_ahead",),
        "spread_ppm": (),
        "loan_fen": (),
    }


def _shape(figure: str, groups: int) -> tuple[int, ...]:
    sizes = {"remaining_months": REMAINING_MOST + 1, "bucket": len(PAST_DUE_BUCKETS), "month_ahead": EMERGENCE_MONTHS}
    first = groups + 1 if figure == "spread_ppm" else groups
    return (first, *(sizes[axis] for axis in _axes(groups)[figure]))


def _hash(words: Mapping[str, Any], arrays: Mapping[str, Ints]) -> str:
    found = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name, values in arrays.items():
        found.update(f"{name}{values.shape}".encode())
        found.update(np.ascontiguousarray(values, "<i8").tobytes())
    return found.hexdigest()


def _metadata(table: pa.Table) -> dict[str, Any]:
    content = (table.schema.metadata or {}).get(_METADATA)
    if content is None:
        raise RequestError("the table is no estimate of credit losses: it has no metadata of one.")
    return json.loads(content)  # type: ignore[no-any-return]


_Frozen = TypeVar("_Frozen", Estimates, Inception)


def _proven(found: _Frozen, told: str) -> _Frozen:
    if found.hash != told:
        raise RequestError(f"the estimate of {units.date(found.as_of)} was changed after it was made: its hash does not fit.")
    return found


def _on(exposure: Ints, rates_ppm: Ints) -> Ints:
    """Exposure x ppm, half up by cell, summed by group; exact by splitting the exposure in millions and the rest."""
    whole, rest = np.divmod(exposure, _PPM)
    return np.asarray((whole * rates_ppm + (rest * rates_ppm + _PPM // 2) // _PPM).sum(axis=(1, 2)))


_PPM = 1_000_000
