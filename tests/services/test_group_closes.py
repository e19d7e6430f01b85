"""US GAAP + adjustments = IFRS on every account, over random journals of small groups; openings are closings."""

from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loanbook.services.group_closes import adjusting_entries, adjustments_in_order, close_in_order
from loanbook.services.group_statements import check_reconciled
from loanbook.stores.ledger import Period
from tests.accounting.groups import CHART, entries, terms_of

HOME = {"p": {"kind": "parent"}, "own": {"holders": [{"holder": "p", "share": 1}]}}
SHARED = {**HOME, "part": {"holders": [{"holder": "p", "share": "0.7"}, {"outside": "others", "share": "0.3"}]}}
TOPICS = ("expected_credit_losses", "effective_interest_rate", "share_based_compensation", "financial_guarantee")
QUARTERS = (("2024Q1", "2024-01-01", "2024-03-31"), ("2024Q2", "2024-04-01", "2024-06-30"))
_ACCOUNTS = ("1001", "1310", "1319", "2150", "3020", "4020", "5010", "5110", "6120")


def journals(entities, quarter):
    on = st.sampled_from([f"2024-{month:02d}-15" for month in ((1, 2, 3) if quarter == 0 else (4, 5, 6))])
    line = st.fixed_dictionaries(
        {
            "entity": st.sampled_from(entities),
            "on": on,
            "debit": st.sampled_from(_ACCOUNTS),
            "credit": st.sampled_from(_ACCOUNTS),
            "amount": st.integers(1, 10**7).map(lambda fen: f"{fen // 100}.{fen % 100:02d}"),
            "book": st.sampled_from(["CORE", "USGAAP", "IFRS"]),
            "topic": st.sampled_from(TOPICS),
            "cash_flow": st.just("other_operating"),
        }
    )
    return st.lists(line.filter(lambda each: each["debit"] != each["credit"]), max_size=12)


def closed(name, start, end):
    said = {"first_day": start, "starts_on": start, "ends_on": end, "opening": False}
    return Period(folder=Path(), name=name, version=1, manifest=said, digest="")


def table_of(lines):
    return entries(lines)


def by_account(periods):
    """Balances of each account at the end of each period."""
    found = []
    for each in periods:
        sums = defaultdict(int)
        for row in each.consolidated.trial_balance().to_pylist():
            sums[row["account"]] += row["amount_fen"]
        found.append({account: amount for account, amount in sums.items() if amount})
    return found


@settings(max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_both_bases_differ_by_the_adjustments_alone(data):
    terms = terms_of(SHARED)
    tables = [table_of(data.draw(journals(tuple(SHARED), place))) for place in range(2)]
    periods = [closed(*quarter) for quarter in QUARTERS]
    us_gaap, ifrs = (close_in_order(periods, tables, terms, basis) for basis in ("us_gaap", "ifrs"))
    adjusted = adjustments_in_order(periods, tables, terms)
    check_reconciled(us_gaap, adjusted, ifrs, CHART)
    for place in range(2):
        added = defaultdict(int)
        for part in (us_gaap, *adjusted.values()):
            for account, amount in by_account(part)[place].items():
                added[account] += amount
        # What outsiders own of a result is rounded once for each adjustment.
        differing = {account: by_account(ifrs)[place].get(account, 0) - added[account] for account in added}
        assert max((abs(amount) for account, amount in differing.items() if account not in ("3050", "3090")), default=0) == 0
        for part in adjusted.values():
            assert sum(by_account(part)[place].values()) == 0


def test_an_adjustment_is_ifrs_less_us_gaap():
    lines = [
        {
            "entity": "p",
            "on": "2024-02-01",
            "debit": "5110",
            "credit": "1319",
            "amount": 100,
            "book": "USGAAP",
            "topic": TOPICS[0],
        },
        {"entity": "p", "on": "2024-02-01", "debit": "5110", "credit": "1319", "amount": 70, "book": "IFRS", "topic": TOPICS[0]},
        {"entity": "p", "on": "2024-02-01", "debit": "5110", "credit": "1319", "amount": 5, "book": "CORE", "topic": TOPICS[0]},
    ]
    found = adjustments_in_order([closed(*QUARTERS[0])], [table_of(lines)], terms_of(HOME))
    assert by_account(found[TOPICS[0]]) == [{"1319": 30_00, "5110": -30_00}]
    assert adjusting_entries(table_of(lines)).num_rows == 2
