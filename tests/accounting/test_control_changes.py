"""Control gained, shares changed, control lost: the amounts by hand, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.consolidation import consolidate
from loanbook.accounting.control_changes import Acquisition, Disposal, ShareChange
from loanbook.accounting.group_rows import UNDATED
from loanbook.errors import RequestError
from loanbook.units import day
from tests.accounting.groups import CHART, RULES, balance, group, rows

START, END, ON = day("2024-01-01"), day("2024-03-31"), day("2024-02-01")
BEFORE = "2024-01-31"
PARENT = {"kind": "parent"}
BOUGHT = group(
    {
        "p": PARENT,
        "s": {
            "holders": [{"holder": "p", "share": 0.6, "from": "2024-02-01"}, {"outside": "Reed", "share": 0.4}],
            "control": [{"basis": "ownership", "method": "full", "from": "2024-02-01"}],
        },
    }
)
PERIOD: dict[str, Any] = {"starts_on": START, "ends_on": END}


def bought(net_assets: int, paid: int, after: int = 0) -> Any:
    return rows(
        [
            ("p", "1001", "", "", START, 10_000_00 - paid),
            ("p", "3010", "", "", START, -10_000_00),
            ("p", "1660", "", "s", ON, paid),
            ("s", "1001", "", "", START, net_assets),
            ("s", "3010", "", "Reed", START, -net_assets),
            ("s", "1001", "", "", ON, after),
            ("s", "4110", "", "", ON, -after),
        ]
    )


@given(
    net_assets=st.integers(0, 10**12),
    paid=st.integers(0, 10**9),
    outside=st.integers(0, 10**12),
    more=st.integers(-(10**9), 10**9),
)
def test_goodwill_or_a_bargain_is_what_was_paid_beyond_fair_values(net_assets: int, paid: int, outside: int, more: int) -> None:
    event = Acquisition(
        entity="s",
        holder="p",
        on=ON,
        consideration_fen=paid,
        held_before_fen=0,
        noncontrolling_fen=outside,
        fair_value_fen={"1620": more},
    )
    found = consolidate(bought(net_assets, paid), BOUGHT, CHART, RULES, **PERIOD, changes=[event]).rows
    excess = paid + outside - net_assets - more
    assert balance(found, "1640") == max(excess, 0)
    assert balance(found, "6040") == min(excess, 0)
    assert balance(found, "3090") == -outside
    assert (balance(found, "3010"), balance(found, "1660"), balance(found, "1620")) == (-10_000_00, 0, more)


def test_a_group_of_assets_has_no_goodwill_and_the_excess_goes_to_what_was_bought():
    words = {
        "entity": "s",
        "holder": "p",
        "on": ON,
        "consideration_fen": 700_00,
        "held_before_fen": 0,
        "noncontrolling_fen": 400_00,
    }
    event = Acquisition(**words, business=False, excess_to="1620")
    found = consolidate(bought(1_000_00, 700_00, 50_00), BOUGHT, CHART, RULES, **PERIOD, changes=[event]).rows
    assert (balance(found, "1640"), balance(found, "1620"), balance(found, "3090")) == (0, 100_00, -420_00)
    with pytest.raises(RequestError, match=r"costs 100\.00 more than it is worth; name the account in excess_to"):
        consolidate(bought(1_000_00, 700_00), BOUGHT, CHART, RULES, **PERIOD, changes=[Acquisition(**words, business=False)])


def test_a_purchase_that_is_not_in_the_holders_books_is_refused():
    event = Acquisition(entity="s", holder="p", on=ON, consideration_fen=701_00, held_before_fen=0, noncontrolling_fen=400_00)
    with pytest.raises(RequestError, match=r"p carries 700\.00 for s on 2024-02-01, less than the 701\.00 paid"):
        consolidate(bought(1_000_00, 700_00), BOUGHT, CHART, RULES, **PERIOD, changes=[event])


def test_a_company_that_joins_with_balances_needs_its_acquisition_on_the_day_of_its_terms():
    with pytest.raises(
        RequestError, match="s has balances from before 2024-02-01, when it joins the group; give the acquisition"
    ):
        consolidate(bought(1_000_00, 700_00), BOUGHT, CHART, RULES, **PERIOD)
    late = Acquisition(entity="s", holder="p", on=ON + 1, consideration_fen=700_00, held_before_fen=0, noncontrolling_fen=0)
    with pytest.raises(RequestError, match="its terms do not begin full consolidation that day"):
        consolidate(bought(1_000_00, 700_00), BOUGHT, CHART, RULES, **PERIOD, changes=[late])


MORE = group(
    {
        "p": PARENT,
        "s": {
            "holders": [
                {"holder": "p", "share": 0.6, "until": BEFORE},
                {"holder": "p", "share": 0.9, "from": "2024-02-01"},
                {"outside": "Reed", "share": 0.1},
            ]
        },
    }
)


def test_a_share_bought_under_control_moves_outsiders_at_carrying_amount_and_makes_no_gain():
    own = rows(
        [
            ("p", "1001", "", "", START, 10_000_00 - 600_00 - 450_00),
            ("p", "3010", "", "", START, -10_000_00),
            ("p", "1800", "", "s", START, 600_00),
            ("p", "1800", "", "s", ON, 450_00),
            ("s", "1001", "", "", START, 1_200_00),
            ("s", "3010", "", "p", START, -600_00),
            ("s", "3010", "", "Reed", START, -400_00),
            ("s", "4110", "", "", START + 9, -200_00),
            ("s", "1001", "", "", ON + 9, 100_00),
            ("s", "4110", "", "", ON + 9, -100_00),
        ]
    )
    event = ShareChange(entity="s", holder="p", on=ON, share_before_ppm=600_000, share_after_ppm=900_000, cost_fen=450_00)
    found = consolidate(own, MORE, CHART, RULES, **PERIOD, changes=[event])
    # Outsiders: 400 + 40 % of 200 = 480; three quarters of it, 360, bought for 450: 90 out of paid-in capital; then 10 % of 100.
    assert balance(found.rows, "3090", "contributed", "income") == -490_00
    assert balance(found.rows, "3090", "share_change") == 360_00
    assert balance(found.rows, "3020") == 90_00
    assert (balance(found.rows, "1800"), balance(found.rows, "6040"), balance(found.rows, "1640")) == (0, 0, 0)
    assert not found.findings


LOST = group(
    {
        "p": PARENT,
        "s": {
            "holders": [
                {"holder": "p", "share": 1, "until": BEFORE},
                {"holder": "p", "share": 0.3, "from": "2024-02-01"},
            ],
            "control": [
                {"basis": "ownership", "method": "full", "until": BEFORE},
                {"basis": "none", "method": "equity", "from": "2024-02-01"},
            ],
        },
    }
)


def lost(kept_at_cost: int) -> Any:
    """1,000 of capital, 200 earned, an adjustment of 40; 70 % sold for 1,400 on 1 February, cost 700; 100 earned after it."""
    return rows(
        [
            ("p", "1001", "", "", START, 9_000_00),
            ("p", "3010", "", "", START, -10_000_00),
            ("p", "1800", "", "s", START, 1_000_00),
            ("p", "1800", "", "s", ON, -700_00 - (300_00 - kept_at_cost)),
            ("p", "1001", "", "", ON, 1_400_00),
            ("p", "6040", "", "", ON, -700_00 + (300_00 - kept_at_cost)),
            ("s", "1001", "", "", START, 1_240_00),
            ("s", "3010", "", "p", START, -1_000_00),
            ("s", "4110", "", "", START + 9, -200_00),
            ("s", "3060", "translation", "", START + 9, -40_00),
            ("s", "1001", "", "", ON + 9, 100_00),
            ("s", "4110", "", "", ON + 9, -100_00),
        ]
    )


def test_a_kept_share_is_at_fair_value_the_adjustment_is_earned_and_the_equity_method_goes_on():
    found = consolidate(
        lost(300_00), LOST, CHART, RULES, **PERIOD, changes=[Disposal(entity="s", holder="p", on=ON, retained_fen=600_00)]
    )
    # 1,400 + 600 - net assets 1,240 + adjustment 40 = 800; then 30 % of 100.
    assert balance(found.rows, "6040") == -800_00 - 30_00
    assert balance(found.rows, "1660") + balance(found.rows, "1800") == 600_00 + 30_00
    assert (balance(found.rows, "3060"), balance(found.rows, "4110")) == (0, -200_00)
    assert balance(found.rows, "1001") == 10_400_00
    assert not found.findings


def test_a_sale_that_is_not_in_the_holders_books_is_refused():
    with pytest.raises(RequestError, match=r"p still carries 300\.00 for s after 2024-02-01. Book the sale in its books"):
        consolidate(lost(300_00), LOST, CHART, RULES, **PERIOD, changes=[Disposal(entity="s", holder="p", on=ON)])
    with pytest.raises(RequestError, match="s leaves the group on 2024-02-01; give the disposal"):
        consolidate(lost(300_00), LOST, CHART, RULES, **PERIOD)


VENTURE = group(
    {
        "p": PARENT,
        "v": {
            "kind": "joint_venture",
            "holders": [{"holder": "p", "share": 0.4}],
            "control": [{"basis": "none", "method": "equity"}],
        },
    }
)


def test_dividends_of_a_joint_venture_reduce_the_investment_and_losses_beyond_it_are_reported():
    def venture(result: int) -> Any:
        return rows(
            [
                ("p", "1001", "", "", START, 600_00),
                ("p", "1660", "", "v", START, 400_00),
                ("p", "3010", "", "", START, -1_000_00),
                ("p", "1001", "", "v", ON, 20_00),
                ("p", "6040", "", "v", ON, -20_00),
                ("v", "1001", "", "", ON, result),
                ("v", "4110", "", "", ON, -result),
            ]
        )

    found = consolidate(venture(100_00), VENTURE, CHART, RULES, **PERIOD)
    assert (balance(found.rows, "1660"), balance(found.rows, "6040"), balance(found.rows, "4110")) == (420_00, -40_00, 0)
    (finding,) = consolidate(venture(-1_000_00), VENTURE, CHART, RULES, **PERIOD).findings
    assert (finding.place, finding.value) == ("p: investment in v", "-20.00")


def test_income_with_a_company_of_the_group_that_no_rule_names_is_reported():
    whole = group({"p": PARENT, "s": {"holders": [{"holder": "p", "share": 1}]}})
    own = rows([("p", "5110", "", "s", ON, 5_00), ("p", "1319", "", "s", ON, -5_00), ("s", "1001", "", "", UNDATED + 0, 0)][:2])
    (finding,) = consolidate(own, whole, CHART, RULES, **PERIOD).findings
    assert "5110" in finding.place
    assert finding.value == "5.00"


def test_a_company_that_comes_and_leaves_in_one_period_is_refused():
    brief = group(
        {
            "p": PARENT,
            "s": {
                "holders": [{"holder": "p", "share": 1}],
                "control": [{"basis": "ownership", "method": "full", "from": "2024-02-01", "until": "2024-02-20"}],
            },
        }
    )
    with pytest.raises(RequestError, match="s comes and leaves on 2024-02-01, 2024-02-21; close between them"):
        consolidate(rows([]), brief, CHART, RULES, **PERIOD)


def test_a_first_close_with_openings_that_others_own_in_part_is_refused():
    own = rows(
        [("p", "1001", "opening", "", None, 0), ("s", "1001", "opening", "", None, 1), ("s", "3010", "opening", "", None, -1)]
    )
    with pytest.raises(RequestError, match="s has openings and belongs to others in part on 2023-12-31; begin with"):
        consolidate(own, MORE, CHART, RULES, **PERIOD)


def test_what_one_side_does_not_know_stays_on_the_account_that_holds_it():
    whole = group({"p": PARENT, "s": {"holders": [{"holder": "p", "share": 1}]}})
    own = rows(
        [
            ("p", "1900", "", "s", ON, 100_00),
            ("p", "2900", "", "s", ON, -30_00),
            ("p", "4130", "", "", ON, -70_00),
            ("s", "2900", "", "p", ON, -160_00),
            ("s", "1900", "", "p", ON, 30_00),
            ("s", "5010", "", "", ON, 130_00),
        ]
    )
    found = consolidate(own, whole, CHART, RULES, **PERIOD)
    assert (balance(found.rows, "1900"), balance(found.rows, "2900")) == (0, -60_00)
    assert [(each.value, each.expected) for each in found.findings] == [("p: 70.00", "s: -130.00")]
