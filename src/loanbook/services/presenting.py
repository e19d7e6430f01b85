"""The statements of a closed quarter as tables: those of US GAAP with their notes, or what IFRS moves and comes to."""

import html
from collections.abc import Collection, Sequence
from dataclasses import replace

from loanbook.errors import RequestError
from loanbook.services.books_report import CASH_FLOW_LINES, cash_flow_table
from loanbook.services.entity_bridge import is_inside
from loanbook.services.group_statements import GroupStatements
from loanbook.statements.books_page import FULL, NOTES, PRIMARY, longest
from loanbook.statements.periods import Period
from loanbook.statements.presentation_table import Head, Table, blocks, dimension_heads, table, to_csv, to_html, to_text
from loanbook.terms.posting_rule import BASES
from loanbook.terms.statement import Line, Statement
from loanbook.units import date, day

IFRS = "ifrs"
RECONCILIATION = "ifrs_"
"""What the names of reconciling statements begin with."""
OPERATING = ("highlights",)
"""Statements of figures that are given, not posted: no amount is not nil but unknown."""
_OF_BALANCES, _OF_FLOWS = "total_assets", "net_income"
"""Lines that every period has that the ledger holds."""
FORMS = ("text", "csv", "html")
_STYLE = (
    "body{font:14px/1.5 sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}h1{font-size:1.3rem}"
    "table{border-collapse:collapse;margin:0 0 2.5rem}"
    "caption{text-align:left;font-weight:bold;padding:.5rem 0}th,td{padding:.1rem .6rem}th[scope=row]{text-align:left;"
    "font-weight:normal}th[scope=col]{text-align:right;vertical-align:bottom;max-width:9rem}td{text-align:right;"
    "font-variant-numeric:tabular-nums}tr.total th,tr.total td,tr.heading th{font-weight:bold}"
)


def names_of(made: GroupStatements, basis: str) -> tuple[str, ...]:
    """The statements that a basis has: the primary ones, what is given and not posted, then the notes; any other comes last."""
    names = [name for name, each in made.statements.by_name.items() if name not in OPERATING or _known_lines(made, each)]
    reconciling = [name for name in names if name.startswith(RECONCILIATION)]
    if basis == IFRS:
        return (*reconciling, *FULL)
    order = {name: place for place, name in enumerate((*PRIMARY, *OPERATING, CASH_FLOW_LINES, *NOTES))}
    return tuple(sorted({*names, CASH_FLOW_LINES} - set(reconciling), key=lambda name: (order.get(name, len(order)), name)))


def tables_of(made: GroupStatements, *, basis: str, dollars: bool, company: str, only: Collection[str] = ()) -> tuple[Table, ...]:
    """The tables of a quarter's document.

    dollars   with the convenience column of current periods; notes, tables with dimensions and reconciliations have none
    only      statements by name; empty: all
    raises    RequestError for a basis or a statement that there is not
    """
    if basis not in BASES:
        raise RequestError(f"{basis!r} is no basis of accounting. Write one of {', '.join(BASES)}.")
    names = names_of(made, basis)
    for name in only:
        if name not in names:
            raise RequestError(f"there is no statement {name!r} on {basis}. They are {', '.join(names)}.")
    found: list[Table] = []
    for name in names:
        if only and name not in only:
            continue
        if name == CASH_FLOW_LINES:
            span = longest(made.figures, made.quarter)
            found.append(cash_flow_table(made, [each for each in made.periods if is_inside(each, span)], span))
        else:
            statement = made.statements.by_name[name]
            if statement.columns:
                found += _by_columns(made, statement, company)
            else:
                found += _by_periods(made, statement, company, basis=basis, dollars=dollars and name not in NOTES)
    return tuple(found)


def _by_periods(made: GroupStatements, statement: Statement, company: str, *, basis: str, dollars: bool) -> list[Table]:
    found = []
    if statement.name in OPERATING:
        statement = replace(statement, lines=_known_lines(made, statement))
    for block in blocks(statement, made.quarter, dollars=dollars):
        heads = tuple(head for head in block if _is_known(made, head.period))
        if not heads:
            continue
        if basis == IFRS:
            heads = tuple(replace(head, column=IFRS) for head in heads)
        made_table = table(statement, heads, made.figures, company=company)
        found.append(replace(made_table, title=f"{made_table.title} (IFRS)") if basis == IFRS else made_table)
    return found


def _by_columns(made: GroupStatements, statement: Statement, company: str) -> list[Table]:
    found = []
    for period, words in _spans(made, statement):
        # A flow among balances is of the year to date; a balance of a flow's period is the one at its end.
        over = longest(made.figures, made.quarter) if period.is_instant else period
        heads = dimension_heads(statement, over, made.figures)
        made_table = table(statement, heads, made.figures, company=company)
        found.append(replace(made_table, title=f"{made_table.title}: {words}"))
    return found


def _spans(made: GroupStatements, statement: Statement) -> Sequence[tuple[Period, str]]:
    """The current periods of a statement with their words: its end, or the quarter and the year to date."""
    year_start = day(date(made.quarter.ends_on).replace(month=1, day=1))
    current: list[Head] = [head for block in blocks(statement, made.quarter, dollars=False) for head in block]
    wanted = (
        [made.quarter.end]
        if statement.accumulation == "instant"
        else [made.quarter, Period(starts_on=year_start, ends_on=made.quarter.ends_on)]
    )
    words = {head.period: head.words for head in current}
    return [(period, words[period]) for period in dict.fromkeys(wanted) if _is_known(made, period)]


def _known_lines(made: GroupStatements, statement: Statement) -> tuple[Line, ...]:
    """The lines of given figures that the books know all of; none where they know no figure of the statement's own."""
    lines, given = made.statements.lines, {code for code, _, _ in made.figures.amounts}
    own = {line.code for line in statement.lines if line.kind == "leaf"}

    def known(code: str) -> bool:
        line = lines[code]
        return (code in given if code in own else True) and all(known(each) for each in line.needs)

    if not own & given:
        return ()
    return tuple(line for line in statement.lines if line.kind == "heading" or known(line.code))


def _is_known(made: GroupStatements, period: Period) -> bool:
    """Whether the ledger reaches back over a period: where it does not, an amount would be no nil but unknown."""
    return made.figures.value(_OF_BALANCES if period.is_instant else _OF_FLOWS, period) is not None


def written(tables: Sequence[Table], form: str, *, title: str) -> str:
    """Tables as one text: plain, CSV (a title and a table after the other), or a page of HTML under its title."""
    if form == "text":
        return "\n".join(to_text(each) for each in tables)
    if form == "csv":
        return "\n".join(f'"{each.title}"\n{to_csv(each)}' for each in tables)
    if form == "html":
        body = f"<h1>{html.escape(title)}</h1>\n" + "\n".join(to_html(each) for each in tables)
        head = f'<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>'
        return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}</body>\n</html>\n'
    raise RequestError(f"{form!r} is no form. Write one of {', '.join(FORMS)}.")
