"""The cash-flow statement of a group, direct from the class of each cash entry and indirect from its trial balance; both tie
to cash.

Cash is cash and restricted cash (ASC 230-10-50-8). Flows between companies of the group, and between cash accounts, are none
of the group's. What only the exchange rate did to cash is a line of its own (ASC 830-230-45-1).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loanbook.accounting.group_rows import OPENING, Rows, exact_total, is_in, summed
from loanbook.accounting.perimeter import ACQUIRED, DISPOSED, Setting
from loanbook.accounting.translation import TRANSLATION
from loanbook.errors import Finding, TieError
from loanbook.terms.cash_flow import EXCHANGE, FINANCING, INVESTING, OPERATING, CashFlowClass, IndirectLine
from loanbook.units import Ints, date, format_money

CASH = ("1001", "1002")
"""Cash and restricted cash of the example chart."""

_IN_TRANSIT = "in_transit"
_UNCLASSIFIED = "unclassified"
_BROUGHT = {ACQUIRED: "Cash of companies acquired", DISPOSED: "Cash of companies disposed of"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlowLine:
    """One line: inflow positive."""

    section: str
    code: str
    title: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlowStatement:
    """A period's cash flows; opening + all lines = closing.

    direct     lines of all sections, exchange among them;  indirect  lines of the operating section, net income first
    findings   cash entries without a class, cash on its way between companies
    """

    opening_fen: int
    closing_fen: int
    direct: tuple[CashFlowLine, ...]
    indirect: tuple[CashFlowLine, ...]
    findings: tuple[Finding, ...]

    def section(self, name: str) -> int:
        """The total of a section."""
        return sum(line.amount_fen for line in self.direct if line.section == name)

    def table(self) -> pa.Table:
        """Both presentations: presentation, section, code, title, amount_fen."""
        rows = [("direct", line) for line in self.direct] + [("indirect", line) for line in self.indirect]
        return pa.table(
            {
                "presentation": [name for name, _ in rows],
                "section": [line.section for _, line in rows],
                "code": [line.code for _, line in rows],
                "title": [line.title for _, line in rows],
                "amount_fen": pa.array([line.amount_fen for _, line in rows], pa.int64()),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parted:
    """Cash movements by what they are: masks over the group's rows, no two of which overlap."""

    opening: Ints
    exchange: Ints
    brought: Ints
    within: Ints
    flows: Ints


def cash_flow_statement(
    rows: Rows,
    setting: Setting,
    classes: Mapping[str, CashFlowClass],
    indirect: Sequence[IndirectLine],
    *,
    cash_accounts: Sequence[str] = CASH,
) -> CashFlowStatement:
    """The statement of the rows of a consolidated period (`Consolidated.rows`).

    rows     made by `rows_of_entries` with the same `cash_accounts`
    raises   TieError with both figures when opening + flows is not closing cash, or direct and indirect operating cash flows
             differ: only if the rows do not sum to zero
    """
    cash = is_in(rows["account"], cash_accounts)
    parted = _part(rows, cash, cash_accounts, setting, [code for code, each in classes.items() if each.outsiders])
    opening = exact_total(rows["amount_fen"][parted.opening])
    closing = exact_total(rows["amount_fen"][cash])
    lines, findings = _direct(rows, parted, classes)
    found = CashFlowStatement(
        opening_fen=opening,
        closing_fen=closing,
        direct=tuple(lines),
        indirect=tuple(_indirect(rows, cash, parted, setting, classes, indirect)),
        findings=tuple(findings),
    )
    moved = sum(line.amount_fen for line in lines)
    if opening + moved != closing:
        raise TieError(
            f"cash opens with {format_money(opening)}, moves by {format_money(moved)}, and closes with {format_money(closing)}."
        )
    operating = sum(line.amount_fen for line in found.indirect)
    if operating != found.section(OPERATING):
        raise TieError(
            f"operating cash flows to {date(setting.ends_on)} are {format_money(found.section(OPERATING))} directly and "
            f"{format_money(operating)} indirectly."
        )
    return found


def _part(rows: Rows, cash: Ints, cash_accounts: Sequence[str], setting: Setting, outside: Sequence[str]) -> _Parted:
    column = rows["column"]
    rest = cash & (column != OPENING) & ~is_in(column, (*_BROUGHT, TRANSLATION))
    # Entries between two cash accounts sum to zero; of foreign entities a fen may be left by rounding, which is the rate's doing.
    between = rest & is_in(rows["contra"], cash_accounts)
    within = rest & ~between & setting.inside(rows["counterparty"], rows["posted_on"]) & ~is_in(rows["cash_flow"], outside)
    return _Parted(
        opening=cash & (column == OPENING),
        exchange=(cash & (column == TRANSLATION)) | between,
        brought=cash & is_in(column, _BROUGHT),
        within=within,
        flows=rest & ~between & ~within,
    )


def _direct(rows: Rows, parted: _Parted, classes: Mapping[str, CashFlowClass]) -> tuple[list[CashFlowLine], list[Finding]]:
    lines: list[CashFlowLine] = []
    findings: list[Finding] = []
    exchange = exact_total(rows["amount_fen"][parted.exchange])
    flows = summed(rows.where(parted.flows), ("cash_flow",))
    amounts = dict(zip(flows["cash_flow"].tolist(), flows["amount_fen"].tolist(), strict=True))
    for code, found in classes.items():
        amount = amounts.pop(code, 0)
        if found.section == EXCHANGE:
            exchange += amount
        elif amount:
            lines.append(CashFlowLine(section=found.section, code=code, title=found.title, amount_fen=amount))
    for code, amount in sorted(amounts.items()):
        lines.append(
            CashFlowLine(section=OPERATING, code=_UNCLASSIFIED, title=f"Without a class: {code or 'none'}", amount_fen=amount)
        )
        findings.append(
            Finding(
                place="cash flows",
                message=f"{format_money(amount)} of cash entries have "
                f"{f'the unknown class {code!r}' if code else 'no cash-flow class'}; it stands under operating. "
                "Name a class of terms/charts/cash_flow_classes.csv in the posting rule.",
                value=code,
            )
        )
    transit = exact_total(rows["amount_fen"][parted.within])
    if transit:
        title = "Cash on its way between companies of the group"
        lines.append(CashFlowLine(section=OPERATING, code=_IN_TRANSIT, title=title, amount_fen=transit))
        findings.append(
            Finding(
                place="cash flows",
                message="cash between companies of the group does not cancel out; one side has not booked it.",
                value=format_money(transit),
                expected="0.00",
            )
        )
    for column, title in _BROUGHT.items():
        amount = exact_total(rows["amount_fen"][parted.brought & (rows["column"] == column)])
        if amount:
            lines.append(CashFlowLine(section=INVESTING, code=column, title=title, amount_fen=amount))
    order = (OPERATING, INVESTING, FINANCING)
    lines.sort(key=lambda line: order.index(line.section))
    lines.append(
        CashFlowLine(section=EXCHANGE, code="exchange", title="Effect of foreign exchange rate changes", amount_fen=exchange)
    )
    return lines, findings


def _indirect(
    rows: Rows,
    cash: Ints,
    parted: _Parted,
    setting: Setting,
    classes: Mapping[str, CashFlowClass],
    indirect: Sequence[IndirectLine],
) -> list[CashFlowLine]:
    """Net income, then every account outside cash: less its change, less what investing and financing cash did to it."""
    amounts, column = rows["amount_fen"], rows["column"]
    result = is_in(rows["account"], setting.results)
    moved = ~cash & (column != OPENING)
    lines = [_line("net_income", "Net income", -exact_total(amounts[moved & result]))]
    others = [code for code, found in classes.items() if found.section != OPERATING]
    elsewhere = rows.where(parted.flows & is_in(rows["cash_flow"], others))
    on_results = is_in(elsewhere["contra"], setting.results)
    lines.append(
        _line("result_elsewhere", "Results of investing and financing", -exact_total(elsewhere["amount_fen"][on_results]))
    )
    for name, title, columns in (
        ("control", "Gains and losses on companies acquired and disposed of", tuple(_BROUGHT)),
        ("exchange", "Exchange differences", (TRANSLATION,)),
    ):
        part = moved & ~result & is_in(column, columns)
        gone = parted.brought if name == "control" else parted.exchange
        lines.append(_line(name, title, -exact_total(amounts[part]) - exact_total(amounts[gone])))
    rest = summed(rows.where(moved & ~result & ~is_in(column, (*_BROUGHT, TRANSLATION))), ("account", "column"))
    apart = {name for line in indirect for name in line.accounts if ":" in name}
    names = np.array([_apart(each, apart) for each in zip(rest["account"], rest["column"], strict=True)], dtype=object)
    explained = np.array([classes[code].account for code in elsewhere["cash_flow"]], dtype=object)
    elsewhere = elsewhere.but(contra=np.where(explained == "", elsewhere["contra"], explained).astype(object))
    flows = summed(elsewhere.where(~on_results), ("contra",))
    change: dict[str, int] = {}
    for account, amount in (*_pairs(names, rest), *_pairs(flows["contra"], flows)):
        change[account] = change.get(account, 0) - amount
    for line in indirect:
        lines.append(_line(line.code, line.title, sum(change.pop(account, 0) for account in line.accounts)))
    by_line: dict[str, int] = {}
    titles: dict[str, str] = {}
    for account, amount in sorted(change.items()):
        of = setting.chart.account(account)
        by_line[of.line] = by_line.get(of.line, 0) + amount
        titles.setdefault(of.line, f"Change in {of.title[0].lower()}{of.title[1:]}")
    lines.extend(_line(name, titles[name], amount) for name, amount in by_line.items())
    return [line for line in lines if line.amount_fen or line.code == "net_income"]


def _apart(place: tuple[str, str], apart: Collection[str]) -> str:
    """The name under which a movement is explained: its account, or account and column where a line asks for that column."""
    account, column = place
    name = f"{account}:{column}"
    return name if name in apart else account


def _line(code: str, title: str, amount_fen: int) -> CashFlowLine:
    return CashFlowLine(section=OPERATING, code=code, title=title, amount_fen=amount_fen)


def _pairs(names: Ints, rows: Rows) -> list[tuple[str, int]]:
    return list(zip(names.astype(str).tolist(), rows["amount_fen"].tolist(), strict=True))
