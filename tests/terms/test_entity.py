"""Terms of entities: the example group reads, dates decide, and what contradicts itself is refused with its line."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.entity import Basis, EntityKind, Method, Role
from loanbook.terms.entity_file import SHIPPED, bookings_in, group_in, group_of, parse_entity
from loanbook.terms.vehicle_file import vehicles_in
from loanbook.units import day, rate

CAMPUS = (SHIPPED / "lantern_campus.yaml").read_text(encoding="utf-8")
TRUST = (SHIPPED / "harbour_trust_1.yaml").read_text(encoding="utf-8")


def test_the_example_group_has_one_of_every_kind_but_a_plain_subsidiary():
    group = group_in()
    assert {entity.kind for entity in group.entities} == set(EntityKind) - {EntityKind.SUBSIDIARY}
    assert group.top == "lantern_holdings"
    assert {group.entity(code).currency(day("2024-01-01")) for code in group.perimeter(day("2024-01-01"))} == {
        "CNY",
        "USD",
        "HKD",
    }


def test_consolidated_vehicles_are_entities_and_enter_the_group_when_their_terms_begin():
    group = group_in()
    entities = {entity.vehicle: entity for entity in group.entities if entity.vehicle}
    for vehicle in vehicles_in():
        assert vehicle.consolidated == (vehicle.code in entities)
        if vehicle.consolidated:
            entity = entities[vehicle.code]
            assert entity.method(vehicle.effective_from) is Method.FULL
            assert vehicle.title in entity.name(vehicle.effective_from)


def test_every_role_of_the_example_is_booked_by_an_entity_of_the_group():
    group, bookings = group_in(), bookings_in()
    for line in bookings.lines:
        assert group.entity(line.entity).method(line.starts_on) is Method.FULL


def test_the_joint_venture_is_at_equity_until_the_day_before_it_is_controlled():
    venture = group_in().entity("lantern_campus")
    before, after = day("2021-12-14"), day("2021-12-15")
    assert (venture.method(before), venture.basis(before), venture.shares(before)) == (
        Method.EQUITY,
        Basis.NONE,
        (("lantern_wfoe", 400_000),),
    )
    assert (venture.method(after), venture.basis(after), venture.shares(after)) == (
        Method.FULL,
        Basis.OWNERSHIP,
        (("lantern_wfoe", 700_000),),
    )
    assert venture.method(day("2020-10-14")) is Method.NONE
    assert after in venture.changes()


def test_contracts_give_the_results_to_who_controls_and_nothing_to_the_nominal_holder():
    technology = group_in().entity("lantern_technology")
    assert technology.shares(day("2024-01-01")) == (("lantern_wfoe", 1_000_000),)
    assert technology.is_major(day("2024-01-01"))
    assert not technology.is_major(day("2018-04-19"))


def test_tax_rates_are_dated():
    wfoe = group_in().entity("lantern_wfoe")
    assert (wfoe.tax_rate(day("2020-12-31")), wfoe.tax_rate(day("2021-01-01"))) == (rate("0.25"), rate("0.15"))
    with pytest.raises(RequestError, match="lantern_wfoe has no tax rate on 2018-04-19"):
        wfoe.tax_rate(day("2018-04-19"))


def test_each_entity_comes_before_those_that_hold_it():
    group, on = group_in(), day("2026-03-01")
    order = group.upward(on)
    for entity in group.entities:
        for holder, _ in entity.shares(on):
            assert order.index(entity.code) < order.index(holder)
    assert group.below("lantern_micro_lending", on) == {"lantern_micro_lending", "harbour_trust_1", "bluewater_abs_1"}


def test_the_line_that_names_the_vehicle_comes_first_then_the_model():
    bookings, on = bookings_in(), day("2025-06-01")
    assert bookings.entity(Role.LENDER, model="on_balance_sheet", vehicle="harbour_trust_1", on=on) == "harbour_trust_1"
    assert bookings.entity(Role.TECHNOLOGY_PROVIDER, model="technology", vehicle="", on=on) == "lantern_wfoe"
    assert bookings.entity(Role.TECHNOLOGY_PROVIDER, model="capital_light", vehicle="", on=on) == "lantern_technology"
    with pytest.raises(RequestError, match="no entity is named as guarantor of capital_light loans"):
        bookings.entity(Role.GUARANTOR, model="capital_light", vehicle="", on=on)
    before = day("2022-12-31")
    assert bookings.entity(Role.LENDER, model="on_balance_sheet", vehicle="harbour_trust_1", on=before) == "lantern_micro_lending"


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        (CAMPUS, "share: 0.7", "share: 0.8", "the shares add up to 1.1000, more than one"),
        (CAMPUS, "share: 0.7", "share: 70", "share must be a fraction from 0 to 1; got 70. Write, e.g., 0.4."),
        (
            CAMPUS,
            "share: 0.4, from: 2020-10-15, until: 2021-12-14",
            "share: 0.4, from: 2020-10-15, until: 2021-12-15",
            "two lines hold on 2021-12-15",
        ),
        (
            CAMPUS,
            "method: equity, from: 2020-10-15, until: 2021-12-14",
            "method: equity, from: 2020-10-15",
            "control: two lines hold on 2021-12-15",
        ),
        (CAMPUS, "basis: none, method: equity", "basis: none, method: full", "method full does not go with basis none"),
        (CAMPUS, "until: 2021-12-14}", "until: 2019-12-14}", "until lies before from"),
        (CAMPUS, "outside: Pebble Estates (example), share", "share", "a holder needs either holder"),
        (CAMPUS, "kind: joint_venture", "kind: jointventure", "Did you mean joint_venture?"),
        (TRUST, "by: lantern_micro_lending, share: 1, ", "", "control by contract needs by and share"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_line(text, old, new, words):
    assert old in text
    with pytest.raises(TermsError, match=r"^e\.yaml:\d+: ") as raised:
        parse_entity(text.replace(old, new, 1), "e.yaml")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("code", "old", "new", "words"),
    [
        ("lantern_campus", "{holder: lantern_wfoe, share: 0.7", "{holder: lantern_wfoe, share: 0.5", "more than 0.5 is needed"),
        (
            "lantern_campus",
            "{holder: lantern_wfoe, share: 0.4",
            "{outside: Reed (example), share: 0.4",
            "the equity method needs a share above 0",
        ),
        (
            "lantern_campus",
            "{holder: lantern_wfoe, share: 0.7",
            "{holder: lantern_wofe, share: 0.7",
            "lantern_wofe, which is no entity",
        ),
        ("lantern_hong_kong", "kind: holding", "kind: parent", "a group has one parent"),
        ("lantern_hong_kong", "{holder: lantern_holdings", "{holder: lantern_wfoe", "hold each other in a circle"),
    ],
)
def test_entities_that_contradict_each_other_are_refused(code, old, new, words):
    entities = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        assert path.stem != code or old in text
        entities.append(parse_entity(text.replace(old, new) if path.stem == code else text, path.name))
    with pytest.raises(TermsError) as raised:
        group_of(entities)
    assert words in str(raised.value)


def test_a_role_said_twice_for_the_same_days_is_refused(tmp_path):
    line = "  - {role: servicer, entity: lantern_technology, from: 2020-01-01}\n"
    (tmp_path / "roles.yaml").write_text(f"entity_roles:\n{line}{line}", encoding="utf-8")
    with pytest.raises(TermsError, match=r"roles.yaml:3: servicer is also said in .*roles.yaml:2"):
        bookings_in(tmp_path)
