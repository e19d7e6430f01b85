"""docs/replay.md: how many printed figures come out, by filing and part, and what does not, with its evidence."""

from collections import Counter
from collections.abc import Mapping, Sequence

from loanbook.terms.statement import BASE
from loanbook.terms.statement_file import load_statements
from tests.replay.proof import exceptions, implied_compensation
from tests.replay.replay import Outcome, Printed, leaves
from tests.replay.seeds import FILES

_TITLES = {
    "S0": "S0, first quarter 2024",
    "S1": "S1, second quarter 2024 and IFRS at June 2024",
    "S2": "S2, third quarter 2024",
    "S3": "S3, IFRS for 2022 and 2023",
    "S4": "S4, answer to a report",
}
_KINDS = {
    "rounded": "computed from figures that are printed rounded; unrounded figures behind them give what is printed",
    "issuer": "the issuer's own",
    "missing": "what it is made from stands in none of the five filings",
}


_HEAD = """\
# Replay of the filings

Five filings of a listed credit-tech platform (2024) are the measure of the presentation layer. Their reported *leaf* line items,
{leaves:,} of them, were taken down with their places (`tests/replay/facts/leaves.csv`). Each other printed figure (`printed.csv`)
is computed from these by the engine that presents a ledger, and compared as printed: subtotals, quarters from year-to-date
figures, US$ columns, per share and per ADS, margins, growth, non-GAAP, IFRS columns, highlights, prose, and what another filing
repeats. `python -m tests.replay` runs it and writes this page.

**{agreed:,} of {figures:,} printed figures come out as printed.** The other {others} stand below.

| filing | part | come out | of | leaves taken |
|---|---|---:|---:|---:|"""

_FOOT = """\
Share-based compensation of the last quarter of 2023: the three non-GAAP figures that S0 prints of it, each less its GAAP figure,
agree on {low:,.0f} to {high:,.0f} thousand.

## How leaves are taken

* {leaf:,} are leaves as printed: cumulative flows (a quarter is computed), balances, weighted shares, adjustments.
* {given:,} are totals that are *given* because the lines inside them are not printed: S3 prints of 2022 and 2023 only what moves
  under IFRS; S0 and comparatives do not part volume and balance into ongoing and discontinued.
* {derived:,} is the difference of two given totals (platform services of 2023).
* {coarse:,} are known in millions or tenths of a million alone (prose about the quarter before, S4's table); they are used only
  where nothing finer reaches.
* {alone:,} stand alone: nothing in the filings is computed from them (figures under PRC GAAP, ownership, cash returned). The
  loan balances of S4:124, 19.5 and 32.1 billion, are not the carrying amounts (18.5 and 29.6 billion, net).
* Of S2's comparatives, ongoing and discontinued volume and balance of June 2024 are leaves; S1's totals of the same day are
  computed from them.

Every number in the five texts is a leaf, a printed figure, or named as no figure (dates, footnotes, names; `not_figures.csv`):
`tests/replay/test_extraction.py` counts them. Three places of the copies are damaged and were read with care: the equity row of
S1:340 is empty (its figures stand at S1:604 and S1:649), S3:47 is a whole balance sheet in one line with its columns out of order
(three commas became points), and S3:113-136 lost its labels.
"""


def how(figure: Printed) -> str:
    """The kind of computation behind a printed figure."""
    line = load_statements().line(figure.line)
    leaf = any((fact.line, fact.period, fact.column) == (figure.line, figure.period, figure.column) for fact in leaves())
    if figure.base_period:
        return "growth"
    if line.kind in ("per_share", "ads"):
        return "per share, per ADS, weighted ADS"
    if line.kind == "ratio":
        return "margin, share or other ratio"
    if figure.currency == "USD":
        return "US$: leaf translated, total of translated leaves, or what is absorbed"
    if figure.column != BASE:
        return "IFRS: adjustment total, or amount under IFRS"
    if leaf:
        return "a leaf again: in another table or filing" if figure.form == "cell" else "a leaf in prose"
    return "subtotal, or quarter from year to date" + ("" if figure.form == "cell" else ", in prose")


def page(found: Sequence[Outcome], evidence: Mapping[str, str]) -> str:
    """The page, in Markdown."""
    agreed = sum(each.agrees for each in found)
    facts = leaves()
    lines = [_HEAD.format(leaves=len(facts), agreed=agreed, figures=len(found), others=len(found) - agreed)]
    total, good = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    taken = Counter((fact.filing, fact.statement) for fact in facts)
    for each in found:
        key = (each.figure.filing, each.figure.section)
        total[key] += 1
        good[key] += each.agrees
    for filing in FILES:
        for key in dict.fromkeys([*(k for k in total if k[0] == filing), *(k for k in taken if k[0] == filing)]):
            lines.append(f"| {_TITLES[filing]} | {key[1].replace('_', ' ')} | {good[key]:,} | {total[key]:,} | {taken[key]:,} |")
    lines += [f"| **all** | | **{agreed:,}** | **{len(found):,}** | **{len(facts):,}** |", ""]
    lines += ["| how it is computed | come out | of |", "|---|---:|---:|"]
    ways, agreeing = Counter[str](), Counter[str]()
    for each in found:
        ways[how(each.figure)] += 1
        agreeing[how(each.figure)] += each.agrees
    lines += [f"| {words} | {agreeing[words]:,} | {ways[words]:,} |" for words in sorted(ways, key=lambda words: -ways[words])]
    lines += ["", "## What does not come out, and why", ""]
    by_where = {each.figure.where: each for each in found}
    names = {name: filing for filing, name in FILES.items()}
    for kind, words in _KINDS.items():
        chosen = [each for each in exceptions() if each.kind == kind]
        lines += [
            f"### {len(chosen)}: {words}",
            "",
            "| place | figure | printed | computed | evidence | reason |",
            "|---|---|---|---|---|---|",
        ]
        for each in chosen:
            outcome = by_where[each.where]
            name, line = each.place.split(":")
            figure = outcome.figure
            lines.append(
                f"| {names[name]}:{line} | {figure.line}, {figure.period} | {figure.printed} | {outcome.computed or 'none'} "
                f"| {evidence[each.where]} | {each.reason} |"
            )
        lines.append("")
    low, high = implied_compensation()
    lines.append(_FOOT.format(low=float(low), high=float(high), **Counter(fact.role for fact in facts)))
    return "\n".join(lines)
