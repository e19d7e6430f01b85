"""What holds for every group: eliminations sum to zero, two steps give what one gives, parent and outsiders share everything,
cash ties."""

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.accounting.consolidation import Consolidated, consolidate
from loanbook.accounting.group_close import GroupClose, GroupTerms, close_group
from loanbook.accounting.group_rows import OPENING, Rows, is_in, rows_of_entries, summed, together
from loanbook.terms.entity import PPM
from loanbook.units import day
from tests.accounting.groups import CHART, RULES, balance, entries, terms_of

Q1 = (day("2024-01-01"), day("2024-03-31"))
Q2 = (day("2024-04-01"), day("2024-06-30"))
SHARES = ("1", "0.51", "0.7", "0.8", "0.999999", "0.333334")
RATES = [
    ("USD", "spot", "2023-12-31", "2023-12-31", "7.0827"),
    ("USD", "average", "2024-01-01", "2024-03-31", "7.1012"),
    ("USD", "spot", "2024-03-31", "2024-03-31", "7.0950"),
    ("USD", "average", "2024-04-01", "2024-06-30", "7.1088"),
    ("USD", "spot", "2024-06-30", "2024-06-30", "7.1268"),
]
OUTSIDE = [
    ("1001", "4110", "fees_received"),
    ("5030", "1001", "operating_costs_paid"),
    ("1310", "1001", "loans_originated"),
    ("1001", "1310", "loans_collected"),
    ("5110", "1319", ""),
    ("1001", "2130", "short_term_loans_drawn"),
    ("1002", "1001", ""),
    ("1120", "4010", ""),
    ("1001", "1120", "fees_received"),
    ("5040", "3020", ""),
    ("1610", "1001", "property_bought"),
    ("5040", "1610", ""),
    ("1001", "6040", "company_disposed"),
]
WITHIN = [
    (("1900", "1001", "related_party_loans"), ("1001", "2900", "related_party_loans")),
    (("1900", "4130", ""), ("5010", "2900", "")),
    (("1900", "6010", ""), ("5020", "2900", "")),
    (("1001", "1900", "fees_received"), ("2900", "1001", "operating_costs_paid")),
]


@st.composite
def groups(draw: Any, *, foreign: bool = False) -> tuple[GroupTerms, tuple[str, ...]]:
    count = draw(st.integers(2, 6))
    codes = [f"e{number}" for number in range(count)]
    made: dict[str, Any] = {"e0": {"kind": "parent"}}
    for number in range(1, count):
        holder = codes[draw(st.integers(0, number - 1))]
        share = draw(st.sampled_from(SHARES))
        if share == "0.333334" or draw(st.booleans()):
            made[codes[number]] = {"control": [{"basis": "contract", "method": "full", "by": holder, "share": share}]}
        else:
            made[codes[number]] = {
                "holders": [{"holder": holder, "share": share}, {"outside": "Reed", "share": 1 - Fraction(share)}]
            }
            made[codes[number]]["holders"][1]["share"] = f"{float(1 - Fraction(share)):.6f}"
        if foreign and draw(st.booleans()):
            made[codes[number]]["currency"] = "USD"
    return terms_of(made, RATES), tuple(codes)


def journals(codes: tuple[str, ...], quarter: str, *, matched: bool = True) -> Any:
    months = {"Q1": ("01", "02", "03"), "Q2": ("04", "05", "06")}[quarter]
    on = st.builds(lambda month, number: f"2024-{month}-{number:02d}", st.sampled_from(months), st.integers(1, 28))
    cents = st.integers(1, 9_999_999).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")

    def outside(entity: str, pair: Any, when: str, amount: str) -> list[dict[str, str]]:
        return [{"entity": entity, "on": when, "debit": pair[0], "credit": pair[1], "cash_flow": pair[2], "amount": amount}]

    def within(one: str, other: str, pair: Any, when: str, amount: str, another: str) -> list[dict[str, str]]:
        sides = ((one, other, pair[0], amount), (other, one, pair[1], amount if matched else another))
        return (
            []
            if one == other
            else [
                {"entity": entity, "counterparty": party, "on": when, "debit": a, "credit": b, "cash_flow": c, "amount": value}
                for entity, party, (a, b, c), value in sides
            ]
        )

    single = st.builds(outside, st.sampled_from(codes), st.sampled_from(OUTSIDE), on, cents)
    double = st.builds(within, st.sampled_from(codes), st.sampled_from(codes), st.sampled_from(WITHIN), on, cents, cents)
    return st.lists(st.one_of(single, double), min_size=1, max_size=14).map(
        lambda found: [line for lines in found for line in lines]
    )


def two_quarters(terms: GroupTerms, first: Any, second: Any) -> tuple[GroupClose, GroupClose]:
    one = close_group(entries(first), terms, starts_on=Q1[0], ends_on=Q1[1])
    return one, close_group(entries(second), terms, starts_on=Q2[0], ends_on=Q2[1], before=one.state())


def closing(found: Consolidated) -> dict[str, int]:
    rows = summed(found.rows, ("account",))
    return dict(zip(rows["account"].tolist(), rows["amount_fen"].tolist(), strict=True))


@settings(max_examples=25)
@given(st.data())
def test_eliminations_sum_to_zero_and_the_next_period_opens_where_this_one_closed(data: st.DataObject) -> None:
    terms, codes = data.draw(groups(foreign=True))
    first = data.draw(journals(codes, "Q1", matched=False))
    second = data.draw(journals(codes, "Q2", matched=False))
    one, two = two_quarters(terms, first, second)
    for close in (one, two):
        assert close.consolidated.rows.total == 0
        eliminations = close.consolidated.eliminations
        for step in set(eliminations["step"]):
            assert step in ("intercompany", "unmatched") or eliminations.where(eliminations["step"] == step).total == 0
        assert eliminations.total == 0
    opened = two.consolidated.rows
    assert closing(one.consolidated) == {
        code: amount for code, amount in ((code, balance(opened, code, OPENING)) for code in set(opened["account"])) if amount
    }


@settings(max_examples=25)
@given(st.data())
def test_two_sides_that_differ_stay_apart_by_the_difference_and_are_reported(data: st.DataObject) -> None:
    terms, codes = data.draw(groups())
    found = close_group(
        entries(data.draw(journals(codes, "Q1", matched=False))), terms, starts_on=Q1[0], ends_on=Q1[1]
    ).consolidated
    rows = found.rows
    between = rows.where(
        (rows["counterparty"] != "") & (rows["step"] != "noncontrolling") & ~is_in(rows["account"], ["1001", "1002"])
    )
    reported = {finding.place: finding for finding in found.findings}
    for rule in RULES:
        kept = between.where(is_in(between["account"], rule.accounts))
        for one in codes:
            for other in codes:
                if one < other:
                    pair = [
                        kept.where((kept["entity"] == a) & (kept["counterparty"] == b)).total
                        for a, b in ((one, other), (other, one))
                    ]
                    assert (sum(pair) != 0) == (f"{rule.title}: {one} and {other}" in reported)
                    assert min(pair) >= 0 or max(pair) <= 0, "what matches is gone on both sides"


@settings(max_examples=25)
@given(st.data())
def test_consolidating_in_two_steps_is_consolidating_in_one(data: st.DataObject) -> None:
    terms, codes = data.draw(groups())
    own = rows_of_entries(entries(data.draw(journals(codes, "Q1"))), CHART, cash_accounts=("1001", "1002"))
    top = data.draw(st.sampled_from(codes))
    group = terms.group
    below = group.below(top, Q1[1])
    period = {"starts_on": Q1[0], "ends_on": Q1[1]}
    whole = consolidate(own, group, CHART, RULES, **period)
    part = consolidate(own.where(is_in(own["entity"], below)), group.part(top, Q1[1]), CHART, RULES, **period)
    others = own.where(~is_in(own["entity"], below))
    # The counterparties of the others that are inside the part are the part.
    others = others.but(counterparty=[top if party in below else party for party in others["counterparty"]])
    upper = consolidate(together([as_entity(part), others]), group.without(top, Q1[1]), CHART, RULES, **period)
    assert closing(upper) == closing(whole)


def as_entity(part: Consolidated) -> Rows:
    """A group as one entity of a larger one: rows of its parent, counterparties inside it removed."""
    inside = part.setting.group.codes
    others = ["" if party in inside else party for party in part.rows["counterparty"]]
    return part.rows.but(entity=part.setting.group.top, counterparty=np.array(others, dtype=object), step="", rule="")


@settings(max_examples=25)
@given(st.data())
def test_parent_and_outsiders_share_what_the_group_earns(data: st.DataObject) -> None:
    terms, codes = data.draw(groups())
    found = close_group(entries(data.draw(journals(codes, "Q1"))), terms, starts_on=Q1[0], ends_on=Q1[1]).consolidated
    outsiders = -balance(found.rows, "3090", "income")
    assert balance(found.rows, "3050", "noncontrolling") == outsiders
    exact = Fraction(0)
    for code in codes:
        own = found.own.of(code)
        result = -own.where(is_in(own["account"], found.setting.results)).total
        exact += result * (1 - _effective(terms, code))
    assert abs(outsiders - exact) <= len(codes) * len(codes)


def _effective(terms: GroupTerms, code: str) -> Fraction:
    """The parent's share of an entity through every chain of holders: a product, in fractions."""
    if code == terms.group.top:
        return Fraction(1)
    return sum(
        (Fraction(share, PPM) * _effective(terms, holder) for holder, share in terms.group.entity(code).shares(Q1[1])),
        Fraction(0),
    )


@settings(max_examples=25)
@given(st.data())
def test_cash_flows_tie_directly_and_indirectly(data: st.DataObject) -> None:
    terms, codes = data.draw(groups(foreign=True))
    one, two = two_quarters(terms, data.draw(journals(codes, "Q1")), data.draw(journals(codes, "Q2")))
    for close in (one, two):
        statement = close.cash_flow
        cash = balance(close.consolidated.rows, "1001") + balance(close.consolidated.rows, "1002")
        assert statement.closing_fen == cash
        assert statement.opening_fen + sum(line.amount_fen for line in statement.direct) == cash
        assert sum(line.amount_fen for line in statement.indirect) == statement.section("operating")
        assert (
            sum(statement.section(name) for name in ("operating", "investing", "financing", "exchange"))
            == cash - statement.opening_fen
        )
    assert two.cash_flow.opening_fen == one.cash_flow.closing_fen


@settings(max_examples=25)
@given(st.data())
def test_one_close_over_two_quarters_is_two_closes(data: st.DataObject) -> None:
    terms, codes = data.draw(groups())
    first, second = data.draw(journals(codes, "Q1")), data.draw(journals(codes, "Q2"))
    _, two = two_quarters(terms, first, second)
    both = close_group(entries([*first, *second]), terms, starts_on=Q1[0], ends_on=Q2[1])
    apart, whole = closing(two.consolidated), closing(both.consolidated)
    # Each close rounds what belongs to outsiders once an entity.
    for account in {*apart, *whole}:
        assert abs(apart.get(account, 0) - whole.get(account, 0)) <= (2 * len(codes) if account in ("3050", "3090") else 0)
