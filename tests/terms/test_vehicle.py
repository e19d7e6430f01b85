"""Terms of vehicles: every example reads, and what contradicts itself is refused with its line."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.mandate_file import mandates_in
from loanbook.terms.vehicle import Phase, Seniority, VehicleKind, vehicle_in_force
from loanbook.terms.vehicle_file import SHIPPED, parse_vehicle, vehicles_in
from loanbook.units import day, rate

ABS = (SHIPPED / "bluewater_abs_1.yaml").read_text(encoding="utf-8")
CAIRN = (SHIPPED / "cairn_guarantee.yaml").read_text(encoding="utf-8")


def test_the_package_ships_an_example_of_every_kind():
    vehicles = vehicles_in()
    assert {vehicle.kind for vehicle in vehicles} == set(VehicleKind)
    codes = {vehicle.code for vehicle in vehicles}
    assert all(vehicle.buy_back is None or vehicle.buy_back.buyer in codes for vehicle in vehicles)


def test_every_holder_of_a_shipped_mandate_is_a_vehicle_that_is_ours_or_not_as_the_mandate_says():
    ours = {vehicle.code: vehicle.consolidated for vehicle in vehicles_in()}
    for mandate in mandates_in():
        assert {holder.vehicle: ours[holder.vehicle] for holder in mandate.holders} == {
            holder.vehicle: holder.consolidated for holder in mandate.holders
        }
        assert mandate.partner in ours


def test_the_plan_reads_as_it_is_written():
    plan = parse_vehicle(ABS, "abs.yaml")
    assert [(each.name, each.seniority, each.amount_fen) for each in plan.tranches] == [
        ("senior", Seniority.SENIOR, 8_000_000_000),
        ("mezzanine", Seniority.MEZZANINE, 1_200_000_000),
        ("subordinated", Seniority.SUBORDINATED, 800_000_000),
    ]
    assert plan.tranches[0].rate_annual == rate("0.042")
    assert plan.phases() == (Phase.REVOLVING, Phase.AMORTISING, Phase.ACCELERATED)
    assert plan.buy_back is not None
    assert (plan.buy_back.dpd_least, plan.buy_back.dpd_most) == (30, 90)
    assert plan.reserve is not None
    assert plan.reserve.share_ppm == 20_000
    line = ABS[: ABS.index("{pay: release")].count("\n") + 1
    assert plan.steps(Phase.REVOLVING)[0].place == f"abs.yaml:{line}"


def test_the_hash_is_of_the_text():
    assert parse_vehicle(ABS, "abs.yaml").hash != parse_vehicle(ABS + "# more\n", "abs.yaml").hash


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: abs_plan", "kind: abs", "kind must be one of"),
        ("rate_annual: 0.042", "rate_annual: 4.2", "rate_annual must be a fraction from 0 to 1; got 4.2. Write, e.g., 0.042."),
        ("above: 0.06", "above: 6", "above must be a fraction from 0 to 1; got 6"),
        ("  deposit: reserve\n", "", "receives names no account for deposit"),
        ("  deposit: reserve\n", "  deposit: resrve\n", "Did you mean reserve?"),
        ("accounts: [income, principal, reserve]", "accounts: [income, principal, income]", "accounts names one twice"),
        ("name: mezzanine, seniority", "name: senior, seniority", "tranches has one name twice"),
        ("name: senior, seniority: senior", "name: senior, seniority: subordinated", "tranches must stand in the order senior"),
        ("revolving_until: 2026-06-30", "revolving_until: 2025-06-30", "revolving_until lies before the vehicle begins"),
        ("first: 2026-02-20", "first: 2026-01-20", "the first payment date must lie after the day the vehicle begins"),
        ("dpd_least: 30, dpd_most: 90", "dpd_least: 91, dpd_most: 90", "dpd_most must lie between 91 and"),
        ("buyer: lantern_micro_lending, price: principal}", "buyer: '', price: principal}", "buyer is empty"),
        ("shift: following}", "shift: folowing}", "Did you mean following?"),
        ("amount: 5000.00}", "amount: 5000.00, rate_annual: 0.1}", "a fee needs either amount"),
        ("{pay: release, to: income}", "{pay: release, to: income, from: [income]}", "has no 'from'. Remove it."),
        ("{pay: release, to: income}", "{pay: release}", "needs 'to'"),
        ("{pay: release, to: income}", "{pay: release, to: reserve}", "moves cash from reserve into reserve"),
        ("  - {pay: fee, of: servicing, from: [income]}\n", "", "no step for fee of servicing while revolving"),
        ("of: [trustee, audit]", "of: [trustee, audit, servicing]", "2 steps for fee of servicing while revolving"),
        ("of: servicing, from: [income]", "of: servicin, from: [income]", "Did you mean servicing?"),
        ("from: [income, principal], to: lantern", "from: [income, reserve], to: lantern", "residual may not empty the reserve"),
        (
            "of: subordinated, from: [principal], during",
            "of: subordinated, from: [principal, income], during",
            "which principal of senior cannot",
        ),
        (
            "to: lantern_micro_lending, during: [revolving]",
            "to: lantern_micro_lending",
            "reinvestment holds while revolving only",
        ),
        ("of: senior, from: [principal], during: [amortising]", "of: senior, from: [principal]", "never due while revolving"),
        (
            "of: senior, from: [income, reserve, principal]}",
            "of: senior, from: [income]}",
            "draws on principal, reserve while revolving, which interest of senior",
        ),
        ("effective_from", "efective_from", "Did you mean effective_from?"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_line(old, new, words):
    assert old in ABS
    with pytest.raises(TermsError, match=r"abs\.yaml:\d+: ") as caught:
        parse_vehicle(ABS.replace(old, new, 1), "abs.yaml")
    assert words in str(caught.value)


def test_a_juniors_interest_may_not_come_before_its_seniors():
    senior = "  - {pay: interest, of: senior, from: [income, reserve, principal]}\n"
    wrong = ABS.replace(senior, "").replace("  - {pay: residual", senior + "  - {pay: residual")
    with pytest.raises(TermsError, match="interest of senior comes after interest of mezzanine while revolving"):
        parse_vehicle(wrong, "abs.yaml")


def test_cash_may_not_be_moved_past_a_senior_to_a_junior():
    # Income is empty once the senior is short of it; a release from the reserve between the two would feed the junior alone.
    wrong = ABS.replace("reserve, principal]", "principal]").replace("  - {pay: release, to: income}", "  # ", 1)
    wrong = wrong.replace("[income, principal, reserve], during", "[income, principal], during")
    wrong = wrong.replace("[principal, income, reserve], during", "[principal, income], during")
    parse_vehicle(wrong, "abs.yaml")
    moved = wrong.replace("  - {pay: fee, of: servicing", "  - {pay: release, to: income}\n  - {pay: fee, of: servicing")
    with pytest.raises(TermsError, match="release moves cash of reserve on to interest of mezzanine while revolving"):
        parse_vehicle(moved, "abs.yaml")


def test_a_juniors_principal_waits_for_its_seniors_interest():
    wrong = ABS.replace("of: mezzanine, from: [income, reserve, principal]", "of: mezzanine, from: [income, reserve]")
    with pytest.raises(TermsError, match="principal of subordinated draws on principal while amortising, which interest of mezz"):
        parse_vehicle(wrong, "abs.yaml")


def test_a_deposit_belongs_to_a_third_party_guarantor():
    with pytest.raises(TermsError, match="deposit belongs to kind third_party_guarantor"):
        parse_vehicle(CAIRN.replace("kind: third_party_guarantor", "kind: guarantor"), "cairn.yaml")
    with pytest.raises(TermsError, match=r"cairn\.yaml:\d+: deposit\.floor exceeds"):
        parse_vehicle(CAIRN.replace("floor: 3000000.00", "floor: 6000000.00"), "cairn.yaml")


def test_the_version_in_force_is_the_last_one_begun():
    later = parse_vehicle(CAIRN.replace("2023-01-01", "2025-01-01").replace("3000000.00", "0.00"), "later.yaml")
    both = (parse_vehicle(CAIRN, "cairn.yaml"), later)
    assert vehicle_in_force(both, "cairn_guarantee", day("2024-12-31")).place == "cairn.yaml"
    assert vehicle_in_force(both, "cairn_guarantee", day("2025-01-01")).place == "later.yaml"
    with pytest.raises(RequestError, match="no terms in force on 2022-12-31; the first version starts on 2023-01-01"):
        vehicle_in_force(both, "cairn_guarantee", day("2022-12-31"))
    with pytest.raises(RequestError, match="there is no vehicle 'nobody'"):
        vehicle_in_force(both, "nobody", day("2025-01-01"))


def test_two_versions_of_one_day_are_refused(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(CAIRN, encoding="utf-8")
    with pytest.raises(TermsError, match=r"b\.yaml:1: cairn_guarantee already has terms from that day"):
        vehicles_in(tmp_path)
