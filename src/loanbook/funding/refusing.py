"""Why mandates did not take a request: the bars in words, with figures and source, made only when somebody asks."""

from dataclasses import dataclass

from loanbook.funding.eligibility import Bar
from loanbook.funding.mandate_table import FundingRequest, MandateTable
from loanbook.terms.mandate import Mandate
from loanbook.units import RATE_SCALE, Ints, format_money


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """One reason why one mandate does not take a request.

    setting   of the mandate file, e.g. eligibility.amount
    words     what is asked, what the mandate says, which file, who decided
    """

    mandate: str
    bar: Bar
    setting: str
    words: str


def barred(table: MandateTable, request: FundingRequest, bars: Ints) -> tuple[Barred, ...]:
    """Every reason behind the bits of one request, (mandates,): a row of `eligibility.bars` or of `Match.bars`; by mandate."""
    found = []
    for mandate, bits in zip(table.mandates, bars, strict=True):
        for bar in Bar:
            if int(bits) >> bar & 1:
                setting, asked, says = _words(mandate, request, bar)
                words = f"{mandate.code}: {asked}; {says} ({setting}, {mandate.place}; {mandate.source})."
                found.append(Barred(mandate=mandate.code, bar=bar, setting=setting, words=words))
    return tuple(found)


def _words(mandate: Mandate, request: FundingRequest, bar: Bar) -> tuple[str, str, str]:
    terms, limits = mandate.eligibility, mandate.concentration

    def money(amount: int | None) -> str:
        return f"{mandate.currency} {format_money(amount or 0, mandate.decimals)}"

    principal = f"principal {money(request.principal_fen)}"
    left = "what is left of it is less"
    band = "" if request.age_most in (None, request.age) else f" to {request.age_most}"
    age = "not known" if request.age is None else f"{request.age}{band}"
    youngest, oldest = terms.ages or (0, 0)
    return {
        Bar.PRODUCT: ("eligibility.products", f"product {request.product}", f"it takes {', '.join(terms.products)}"),
        Bar.COUNT: (
            "eligibility.installments",
            f"{request.installment_count} instalments",
            f"it takes {', '.join(str(count) for count in terms.counts)}",
        ),
        Bar.AMOUNT: (
            "eligibility.amount",
            principal,
            f"it lends {money(terms.amount_least_fen)} to {money(terms.amount_most_fen)}",
        ),
        Bar.RATE: (
            "eligibility.rate_annual",
            f"annual rate {_percent(request.rate_annual)}",
            f"it takes {_percent(terms.rate_least)} to {_percent(terms.rate_most)}",
        ),
        Bar.BORROWER_KIND: (
            "eligibility.borrower_kinds",
            f"borrower is {request.borrower_kind}",
            f"it takes {', '.join(terms.borrower_kinds)}",
        ),
        Bar.GRADE: ("eligibility.grades", f"grade {request.grade}", f"it takes {', '.join(terms.grades)}"),
        Bar.PROVINCE: ("eligibility.provinces", f"province {request.province or 'not known'}", "its territory is another"),
        Bar.AGE: ("eligibility.age", f"age {age}", f"it takes {youngest} to {oldest}"),
        Bar.REFUSED: ("partner", f"{mandate.partner} refused this loan", "a partner is asked once"),
        Bar.DAY_QUOTA: ("quota.day", principal, f"it lends {money(mandate.quota_day_fen)} a day, and {left}"),
        Bar.TOTAL_QUOTA: ("quota.total", principal, f"it lends {money(mandate.quota_total_fen)} in all, and {left}"),
        Bar.PROVINCE_LIMIT: (
            "concentration.province",
            f"{principal} in {request.province}",
            f"it lends {money(limits.province_fen)} in one province, and {left}",
        ),
        Bar.GRADE_LIMIT: (
            "concentration.grade",
            f"{principal} at grade {request.grade}",
            f"it lends {money(limits.grade_fen)} at one grade, and {left}",
        ),
        Bar.BORROWER_LIMIT: (
            "concentration.borrower",
            principal,
            f"it lends {money(limits.borrower_fen)} to one borrower, and {left}",
        ),
        Bar.GUARANTEE: (
            "guarantee.guarantor",
            principal,
            f"{mandate.guarantee.guarantor if mandate.guarantee else 'nobody'} may guarantee less than that now",
        ),
    }[bar]


def _percent(rate: int) -> str:
    return f"{rate * 100 / RATE_SCALE:.4f} %"
