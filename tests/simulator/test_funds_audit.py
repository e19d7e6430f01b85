"""The auditor of claims, parts and vehicles by itself: what it expects of a loan, and what it finds in other answers."""

import ast
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from loanbook import units
from loanbook.services.day_close import StepDone
from loanbook.simulator import play
from loanbook.simulator.play.auditor import Auditor
from loanbook.simulator.play.naive_account import Payment
from loanbook.simulator.play.naive_shares import divided, half_up, shared
from loanbook.simulator.play.naive_waterfall import Books, pay_date
from loanbook.simulator.play.talk import Heard
from loanbook.terms.mandate import Component
from loanbook.terms.mandate_file import mandates_in
from loanbook.terms.vehicle_file import vehicles_in
from tests.simulator.test_played_auditor import DAY, Nobody, conversation

DUE = dt.date(2025, 4, 3)
MANDATES, VEHICLES = mandates_in(), vehicles_in()
CALCULATING = ("loanbook.funding", "loanbook.servicing", "loanbook.loans", "loanbook.measures")
"""Where the house calculates what the auditor calculates anew."""


def auditor(partner="heron_bank"):
    """One who heard of a loan of 1,000.00 at 24 %, lent by a partner, of which nothing was paid."""
    found = Auditor(talk=Nobody(), mandates=(), terms=MANDATES, vehicles=VEHICLES)
    for verb, asked, answer in conversation()[:-1]:
        heard = {"provider_reference": "out-1"} | dict(asked) if verb == "disburse" else asked
        told = dict(answer) | ({"partner": partner} if "partner" in answer else {})
        found.heard(Heard(what=verb, asked=heard, status=200, answer=told, day=DAY))
    for step in ("vehicle_receipts",):
        closed(found, step, dt.date(2025, 3, 3), opened=0, received_fen=0, paid_out_fen=0)
    found.findings.clear()
    late(found, DUE)
    return found


def late(found, day):
    told = {"running_loans": 1, "outstanding_fen": 100_000, "loans": 1, "due_fen": 51_000}
    found.closed(StepDone(day=day, step="fall_due", result=told, findings=(), left_out=0))


def closed(found, step, day, **result):
    found.closed(StepDone(day=day, step=step, result=result, findings=(), left_out=0))
    return [f"{each.message}: {each.value}, not {each.expected}" for each in found.findings]


def on_day(dpd):
    return DUE + dt.timedelta(days=dpd)


# Coupon 6.5 % of 24 %: of 30.00 interest due 812.5 fen are the lender's, rounded half up; the cap is a tenth of what was lent.
INTEREST_60 = half_up(3_000 * 65, 240)
CAPPED = 10_000
OWED = 100_000 + INTEREST_60


def test_a_guarantor_owes_on_the_contractual_day_up_to_its_cap_and_not_before():
    found = auditor()
    assert closed(found, "compensation", on_day(59), loans=0, paid_fen=0, uncovered_fen=0) == []
    assert closed(found, "compensation", on_day(60), loans=1, paid_fen=CAPPED, uncovered_fen=OWED - CAPPED) == []
    assert closed(found, "compensation", on_day(61), loans=0, paid_fen=0, uncovered_fen=0) == []
    assert found.funds.passed.claims["lo-1"].before(on_day(61))[-1][1:] == (CAPPED, OWED)


@pytest.mark.parametrize(
    ("tampered", "message"),
    [
        ({"paid_fen": CAPPED + 1}, f"compensated differs: {CAPPED + 1}, not {CAPPED}"),
        ({"loans": 0}, "loans compensated differs: 0, not 1"),
        ({"uncovered_fen": 0}, f"owed to lenders and not covered differs: 0, not {OWED - CAPPED}"),
    ],
)
def test_a_compensation_by_another_rule_is_found(tampered, message):
    told = {"loans": 1, "paid_fen": CAPPED, "uncovered_fen": OWED - CAPPED}
    assert message in closed(auditor(), "compensation", on_day(60), **(told | tampered))


def test_a_compensation_a_day_late_is_found_on_the_day_it_was_due():
    assert "compensated differs: 0, not 10000" in closed(
        auditor(), "compensation", on_day(60), loans=0, paid_fen=0, uncovered_fen=0
    )


def test_a_deposit_pays_first_and_the_vehicle_shows_what_is_left():
    found = auditor("juniper_consumer_finance")
    paid_fen = 100_000 + half_up(3_000 * 70, 240)
    assert closed(found, "compensation", on_day(45), loans=1, paid_fen=paid_fen, uncovered_fen=0) == []
    assert closed(found, "vehicle_receipts", on_day(45), opened=0, received_fen=0, paid_out_fen=paid_fen) == []
    assert found.funds.vehicles.books["cairn_guarantee"].deposit == 500_000_000 - paid_fen


def recovered(found, amount_fen, day):
    """Two persons write the loan off, and its borrower pays something after that."""
    loan = found.loans["lo-1"]
    loan.state, loan.closed_on = "charged_off", day
    loan.payments["in-9"] = Payment(
        reference="in-9", paid_on=day, amount_fen=amount_fen, settles=False, recovers=True, booked_on=day
    )
    loan.book()
    found.funds.touched(loan)
    return loan


HOLDER = {"principal_fen": 0, "interest_fen": 0, "fee_fen": 0, "lent_fen": 0}


def test_a_recovery_goes_to_who_bore_the_loss_in_the_part_that_was_paid_for():
    found = auditor()
    closed(found, "compensation", on_day(60), loans=1, paid_fen=CAPPED, uncovered_fen=OWED - CAPPED)
    closed(found, "vehicle_receipts", on_day(60), opened=0, received_fen=0, paid_out_fen=CAPPED)
    assert found.findings == []
    recovered(found, 50_000, on_day(70))
    passed = half_up(50_000 * CAPPED, OWED)
    assert closed(found, "vehicle_receipts", on_day(70), opened=0, received_fen=passed, paid_out_fen=0) == []
    assert closed(found, "settlement_files", on_day(70), recovered_fen={"heron_bank_guaranteed": passed}) == []
    holders = [
        HOLDER | {"vehicle": "heron_bank", "lent_fen": 100_000, "recovered_fen": 50_000 - passed},
        HOLDER | {"vehicle": "lantern_guarantee", "recovered_fen": passed},
        HOLDER | {"vehicle": "platform", "recovered_fen": 0},
    ]
    view = {"compensated_fen": CAPPED, "claim_fen": OWED, "holders": holders}
    heard = {"what": "look funding", "asked": {"id": "lo-1"}, "status": 200, "day": units.day(on_day(71))}
    found.heard(Heard(answer=view, **heard))
    assert found.findings == []
    holders[0]["recovered_fen"], holders[1]["recovered_fen"] = 0, 50_000
    found.heard(Heard(answer=view, **heard))
    assert [each.message for each in found.findings] == [
        "recovered_fen of heron_bank differs",
        "recovered_fen of lantern_guarantee differs",
    ]


def test_a_recovery_split_by_other_shares_is_found_in_the_totals_of_the_close():
    found = auditor()
    closed(found, "compensation", on_day(60), loans=1, paid_fen=CAPPED, uncovered_fen=OWED - CAPPED)
    closed(found, "vehicle_receipts", on_day(60), opened=0, received_fen=0, paid_out_fen=CAPPED)
    recovered(found, 50_000, on_day(70))
    messages = closed(found, "vehicle_receipts", on_day(70), opened=0, received_fen=50_000, paid_out_fen=0)
    assert messages == [f"what vehicles received differs: 50000, not {half_up(50_000 * CAPPED, OWED)}"]


def test_what_bounces_after_a_claim_passed_is_owed_again():
    found = auditor()
    loan = found.loans["lo-1"]
    loan.payments["in-1"] = Payment(reference="in-1", paid_on=DUE, amount_fen=2_000, settles=False, booked_on=DUE)
    loan.book()
    owed = 100_000 + half_up(3_000 * 65, 240) - half_up(2_000 * 65, 240)
    closed(found, "compensation", on_day(60), loans=1, paid_fen=CAPPED, uncovered_fen=owed - CAPPED)
    assert found.findings == []
    loan.payments["in-1"].stands, loan.payments["in-1"].gone_on = False, on_day(65)
    loan.book()
    found.funds.touched(loan)
    lost = half_up(2_000 * 65, 240)
    assert closed(found, "compensation", on_day(65), loans=0, paid_fen=0, uncovered_fen=lost) == []
    assert found.funds.passed.claims["lo-1"].before(dt.date.max)[-1][1:] == (CAPPED, owed + lost)


def vehicle(code):
    return next(each for each in VEHICLES if each.code == code)


def trust(cash):
    return Books(
        opened_on=dt.date(2025, 1, 10),
        paid_to=dt.date(2025, 1, 10),
        accounts={"cash": cash},
        tranches={"preferred": 9_000_000_000, "ordinary": 1_000_000_000},
    )


def paid(cash):
    date = dt.date(2025, 4, 10)
    return pay_date(vehicle("harbour_trust_1"), trust(cash), date, breached=(), swept=0, offered=0, defaulted=0)


def test_a_payment_date_pays_in_order_and_conserves_cash():
    fee = round(Decimal(10_000_000_000) * Decimal("0.003") * 90 / 360)
    interest = round(Decimal(9_000_000_000) * Decimal("0.055") * 90 / 360)
    payday, after = paid(200_000_000)
    rest = 200_000_000 - fee - interest
    assert [(what, of, amount) for what, of, _, _, amount in payday.drawn] == [
        ("fee", "trustee", fee),
        ("interest", "preferred", interest),
        ("principal", "preferred", rest),
    ]
    assert after.accounts == {"cash": 0}
    assert after.tranches == {"preferred": 9_000_000_000 - rest, "ordinary": 1_000_000_000}
    short, after = paid(fee + 1)
    assert short.short == {"interest of preferred": interest - 1}
    assert after.unpaid == short.short
    assert after.tranches == trust(0).tranches


def waterfall(found, on, **told):
    return closed(found, "vehicle_waterfalls", on, **({"dates": 0, "paid_fen": 0, "short_fen": 0, "loans_bought": 0} | told))


def test_a_junior_that_is_paid_before_its_senior_is_found():
    found = auditor()
    found.funds.vehicles.books["harbour_trust_1"] = trust(200_000_000)
    on = dt.date(2025, 4, 10)
    assert waterfall(found, on, dates=1, paid_fen=200_000_000) == []
    own = found.funds.vehicles.books["harbour_trust_1"]
    drawn = found.funds.vehicles._paydays["harbour_trust_1"].drawn
    shown = [dict(zip(("pay", "of", "account", "to", "amount_fen"), each, strict=True)) for each in drawn]
    view = {
        "accounts_fen": {"cash": 0},
        "tranches_fen": dict(own.tranches),
        "unpaid_fen": {},
        "lending_fen": own.lending,
        "deposit_fen": 0,
        "distributions": [{"payments": shown, "short_fen": {}}],
    }
    heard = {"what": "look vehicle", "asked": {"id": "harbour_trust_1"}, "status": 200, "day": units.day(on) + 1}
    found.heard(Heard(answer=view, **heard))
    assert found.findings == []

    found = auditor()
    found.funds.vehicles.books["harbour_trust_1"] = trust(200_000_000)
    waterfall(found, on, dates=1, paid_fen=200_000_000)
    shown[2] |= {"of": "ordinary", "to": "lantern_micro_lending"}
    amount = shown[2]["amount_fen"]
    view["tranches_fen"] = {"preferred": 9_000_000_000, "ordinary": 1_000_000_000 - amount}
    found.heard(Heard(answer=view, **heard))
    assert [each.message for each in found.findings] == ["tranches differs", "payments in their order differs"]


@pytest.mark.parametrize("told", [{"paid_fen": 199_999_999}, {"dates": 0}, {"short_fen": 5}])
def test_a_payment_date_that_does_not_conserve_cash_is_found(told):
    found = auditor()
    found.funds.vehicles.books["harbour_trust_1"] = trust(200_000_000)
    assert waterfall(found, dt.date(2025, 4, 10), **({"dates": 1, "paid_fen": 200_000_000} | told)) != []


def test_parts_add_up_and_follow_the_shares():
    assert shared(100, (700_000, 300_000)) == [70, 30]
    assert shared(1, (500_000, 500_000)) == [1, 0]
    mandate = next(each for each in MANDATES if each.code == "meadow_bank_joint")
    parts, on_claims = divided(mandate, Decimal("0.24"), (1_000, 240, 10, 101), [], [])
    assert on_claims == 0
    assert sum(parts.values()) == 1_351
    assert parts["meadow_bank", Component.LOSS] == 71
    assert parts["lantern_micro_lending", Component.LOSS] == 30
    assert parts["platform", Component.FEE] == 110


def test_the_auditor_imports_nothing_that_calculates():
    folder = Path(play.__file__).parent
    for name in ("auditor", "known", "quota_audit", "story", *(path.stem for path in folder.glob("naive_*.py"))):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(CALCULATING), (name, node.module)
    for name in ("cash_audit", "funds_audit", "vehicle_audit"):
        modules = [
            n.module or "" for n in ast.walk(ast.parse((folder / f"{name}.py").read_text())) if isinstance(n, ast.ImportFrom)
        ]
        assert not [each for each in modules if each.startswith(CALCULATING)]
