"""Mandates and requests that tests draw: the shipped mandates with other quotas and limits, and requests around their edges."""

from dataclasses import replace

from hypothesis import strategies as st

from loanbook.funding.mandate_table import FundingRequest
from loanbook.terms.mandate import Mandate
from loanbook.terms.mandate_file import mandates_in
from loanbook.units import day, rate

ON = day("2026-11-22")
SHIPPED = {mandate.code: mandate for mandate in mandates_in()}


def request(**changes: object) -> FundingRequest:
    usual = FundingRequest(
        borrower_id="b1",
        principal_fen=500_000,
        rate_annual=rate("0.2"),
        installment_count=12,
        months=12,
        product="cash_loan",
        borrower_kind="consumer",
        grade="B",
        province="shanghai",
        age=30,
    )
    return replace(usual, **changes)


@st.composite
def mandates(draw: st.DrawFn) -> tuple[Mandate, ...]:
    """Some of the shipped mandates, some twice under one partner, each with limits that a few loans reach."""
    found = []
    for code in draw(st.lists(st.sampled_from(sorted(SHIPPED)), min_size=1, max_size=6)):
        mandate = SHIPPED[code]
        total = draw(st.sampled_from([400_000, 1_000_000, 1_500_000, 2_499_999, 20_000_000]))
        limit = st.sampled_from([None, total, total // 2, total])
        concentration = replace(mandate.concentration, province_fen=draw(limit), grade_fen=draw(limit), borrower_fen=draw(limit))
        found.append(
            replace(
                mandate,
                code=f"{code}_{len(found)}",
                quota_total_fen=total,
                quota_day_fen=total // draw(st.integers(1, 3)),
                concentration=concentration,
                coupon_annual=draw(st.sampled_from([mandate.coupon_annual, rate("0.05"), rate("0.2")])),
            )
        )
    return tuple(found)


EDGES = {
    "borrower_id": ["b1", "b2", "b3"],
    "principal_fen": [100, 99_999, 100_000, 199_999, 200_000, 500_000, 1_000_000, 10_000_001],
    "rate_annual": [0, rate("0.08"), rate("0.1"), rate("0.12"), rate("0.18"), rate("0.24"), rate("0.240000000001")],
    "installment_count": [1, 3, 6, 12, 24, 36, 62, 600],
    "months": [1, 3, 6, 12, 24],
    "product": ["cash_loan", "pay_later", "small_business_loan", "unknown"],
    "borrower_kind": ["consumer", "small_business"],
    "grade": ["A", "B", "C", "D", "E", "Z"],
    "province": ["anhui", "shanghai", "tibet", "zhejiang", "atlantis"],
    "age": [None, 19, 20, 22, 55, 56, 60, 61],
}


@st.composite
def requests(draw: st.DrawFn) -> FundingRequest:
    """The usual request with some of its figures at an edge; most mandates take most of them."""
    changed = draw(st.sets(st.sampled_from(sorted(EDGES)), max_size=4))
    return request(**{name: draw(st.sampled_from(EDGES[name])) for name in sorted(changed)})
