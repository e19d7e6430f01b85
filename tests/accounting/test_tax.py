"""Deferred tax, its netting, and the proof of tax that must leave nothing unexplained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loanbook.accounting.tax import (
    Difference,
    PlannedDistribution,
    TaxRate,
    Through,
    deferred_movements,
    deferred_tax,
    presented,
    rate_at,
    withholding,
)
from loanbook.accounting.tax_proof import EntityYear, entity_tax, proof_of_tax
from loanbook.errors import RequestError
from loanbook.units import day

OPENS, CLOSES = day("2023-12-31"), day("2024-12-31")
RATES = (
    TaxRate(entity="harbour", jurisdiction="CN", kind="standard", rate_ppm=250_000, effective_on=day("2020-01-01")),
    TaxRate(entity="lantern", jurisdiction="CN", kind="preferential", rate_ppm=150_000, effective_on=day("2020-01-01")),
    TaxRate(
        entity="lantern",
        jurisdiction="CN",
        kind="standard",
        rate_ppm=250_000,
        effective_on=day("2025-01-01"),
        enacted_on=day("2024-06-01"),
    ),
)


def item(entity: str, name: str, carrying: int, base: int = 0, **more: object) -> Difference:
    return Difference(entity=entity, item=name, carrying_fen=carrying, tax_base_fen=base, **more)  # type: ignore[arg-type]


def test_an_allowance_is_an_asset_and_uncollected_revenue_a_liability() -> None:
    found = deferred_tax(
        [item("harbour", "allowance_loans_receivable", 90_00, 100_00), item("harbour", "uncollected_revenue", 30_00),
         item("harbour", "guarantee_liabilities", -50_00)], RATES, CLOSES)  # fmt: skip
    assert [each.tax_fen for each in found] == [2_50, -7_50, 12_50]


def test_assets_and_liabilities_are_netted_inside_an_entity_and_never_across() -> None:
    items = deferred_tax(
        [
            item("harbour", "allowance", -100_00),
            item("harbour", "uncollected_revenue", 60_00),
            item("lantern", "uncollected_revenue", 40_00),
        ],
        RATES,
        CLOSES,
    )
    found = presented(items)
    assert [(p.entity, p.asset_fen, p.liability_fen) for p in found] == [("harbour", 10_00, 0), ("lantern", 0, 6_00)]


def test_a_rate_counts_for_deferred_tax_once_it_is_enacted() -> None:
    later = day("2026-01-01")
    assert rate_at(RATES, "lantern", later, day("2024-05-31")).rate_ppm == 150_000
    assert rate_at(RATES, "lantern", later, day("2024-06-30")).rate_ppm == 250_000
    early, late = item("lantern", "allowance", -100_00), item("lantern", "allowance", -100_00, reverses_on=later)
    assert [each.tax_fen for each in deferred_tax([early], RATES, CLOSES)] == [15_00]
    assert [each.tax_fen for each in deferred_tax([late], RATES, CLOSES)] == [25_00]
    with pytest.raises(RequestError, match="entity stranger has no tax rate"):
        deferred_tax([item("stranger", "allowance", 1)], RATES, CLOSES)


def test_the_change_of_a_rate_is_told_apart_from_what_originated() -> None:
    opening = deferred_tax([item("lantern", "allowance", -100_00, reverses_on=day("2026-01-01"))], RATES, day("2023-12-31"))
    closing = deferred_tax(
        [item("lantern", "allowance", -140_00, reverses_on=day("2026-01-01"), unlikely_ppm=100_000)], RATES, CLOSES
    )
    (moved,) = deferred_movements(opening, closing)
    assert (moved.opening_fen, moved.rate_change_fen, moved.originated_fen, moved.allowance_fen, moved.closing_fen) == (
        15_00, 10_00, 10_00, -3_50, 31_50)  # fmt: skip


def test_the_same_item_twice_is_refused() -> None:
    twice = deferred_tax([item("harbour", "allowance", 1), item("harbour", "allowance", 2)], RATES, CLOSES)
    with pytest.raises(RequestError, match="allowance stands twice"):
        deferred_movements(twice, ())


HARBOUR_PLANS = PlannedDistribution(entity="harbour", jurisdiction="CN", currency="CNY", planned_fen=500_00, rate_ppm=100_000)


def test_a_year_of_two_entities_is_proven_by_hand() -> None:
    """Harbour (25 %) earns 1,000 of which 40 is never deducted, and its allowance grows by 200. Lantern (15 %) earns 400."""
    harbour = EntityYear(
        entity="harbour",
        pretax_fen=1_000_00,
        rate_ppm=250_000,
        permanent={"share_based_compensation": 40_00},
        movements=deferred_movements(
            deferred_tax([item("harbour", "allowance", -300_00)], RATES, OPENS),
            deferred_tax([item("harbour", "allowance", -500_00)], RATES, CLOSES)
            + withholding(
                [PlannedDistribution(entity="harbour", jurisdiction="CN", currency="CNY", planned_fen=500_00, rate_ppm=100_000)]
            ),
        ),
    )
    lantern = EntityYear(entity="lantern", pretax_fen=400_00, rate_ppm=150_000, other={"prior_year": -5_00})
    first, second = entity_tax(harbour), entity_tax(lantern)
    assert (first.taxable_fen, first.current_fen, first.deferred_fen) == (
        1_240_00,
        310_00,
        0,
    )  # -50 of the allowance, +50 withholding
    assert (second.taxable_fen, second.current_fen, second.expense_fen) == (400_00, 60_00, 55_00)
    proof = proof_of_tax([harbour, lantern], 250_000)
    assert proof.lines == {
        "statutory": 350_00,
        "rates_of_entities": -40_00,
        "permanent_share_based_compensation": 10_00,
        "withholding_on_distributions": 50_00,
        "prior_year": -5_00,
    }
    assert (proof.expense_fen, proof.effective_ppm) == (365_00, 260_714)


def taxable_before_losses(year: EntityYear) -> int:
    """Below zero: this year's tax loss."""
    moved = sum(m.taxable_change_fen for m in year.movements if m.through is Through.PROFIT and m.item != "loss_carried_forward")
    return year.pretax_fen + sum(year.permanent.values()) - moved


def test_a_loss_is_carried_forward() -> None:
    year = EntityYear(entity="harbour", pretax_fen=-80_00, rate_ppm=250_000)
    with pytest.raises(RequestError, match="a tax loss of 8,000 fen that no item carries forward"):
        entity_tax(year)
    carried = deferred_tax([item("harbour", "loss_carried_forward", 0, -taxable_before_losses(year))], RATES, CLOSES)
    found = entity_tax(
        EntityYear(entity="harbour", pretax_fen=-80_00, rate_ppm=250_000, movements=deferred_movements((), carried))
    )
    assert (found.taxable_fen, found.current_fen, found.expense_fen) == (0, 0, -20_00)


money = st.integers(-(10**14), 10**14)


@st.composite
def years(draw: st.DrawFn) -> EntityYear:
    entity = draw(st.sampled_from(["harbour", "lantern"]))
    reverses = draw(st.sampled_from([day("2024-06-30"), day("2026-01-01")]))
    names = draw(st.lists(st.sampled_from(["allowance", "guarantee", "revenue"]), unique=True))
    opening = [
        item(entity, n, draw(money), draw(money), reverses_on=reverses, unlikely_ppm=draw(st.integers(0, 10**6))) for n in names
    ]
    closing = [
        item(entity, n, draw(money), draw(money), reverses_on=reverses, unlikely_ppm=draw(st.integers(0, 10**6))) for n in names
    ]
    pretax, permanent, rate = draw(money), draw(money), rate_at(RATES, entity, CLOSES, CLOSES).rate_ppm
    plain = EntityYear(
        entity=entity,
        pretax_fen=pretax,
        rate_ppm=rate,
        permanent={"costs": permanent},
        movements=deferred_movements(deferred_tax(opening, RATES, OPENS), deferred_tax(closing, RATES, CLOSES)),
    )
    loss = min(taxable_before_losses(plain), 0)
    carried = deferred_tax([item(entity, "loss_carried_forward", 0, -loss, reverses_on=reverses)], RATES, CLOSES)
    return EntityYear(
        entity=entity,
        pretax_fen=pretax,
        rate_ppm=rate,
        permanent={"costs": permanent},
        movements=(*plain.movements, *deferred_movements((), carried)),
        other={"prior_year": draw(money)},
    )


@given(st.lists(years(), min_size=1, max_size=4))
def test_the_proof_always_foots_and_leaves_only_roundings(each: list[EntityYear]) -> None:
    proof = proof_of_tax(each, 250_000)
    assert sum(proof.lines.values()) == proof.expense_fen == sum(entity_tax(y).expense_fen for y in each)
    assert abs(proof.lines.get("rounding", 0)) <= 8 * len(each)


@given(st.lists(st.tuples(st.sampled_from(["harbour", "lantern"]), money, money), max_size=8))
def test_presentation_keeps_the_sum(rows: list[tuple[str, int, int]]) -> None:
    items = deferred_tax([item(entity, f"item {n}", a, b) for n, (entity, a, b) in enumerate(rows)], RATES, CLOSES)
    shown = presented(items)
    assert sum(p.asset_fen - p.liability_fen for p in shown) == sum(i.net_fen for i in items)
    assert all(p.asset_fen == 0 or p.liability_fen == 0 for p in shown)


def test_tax_of_equity_items_is_no_expense() -> None:
    closing = deferred_tax([item("harbour", "translation", 100_00, through=Through.EQUITY)], RATES, CLOSES)
    found = entity_tax(
        EntityYear(entity="harbour", pretax_fen=10_00, rate_ppm=250_000, movements=deferred_movements((), closing))
    )
    assert (found.current_fen, found.deferred_fen) == (2_50, 0)
