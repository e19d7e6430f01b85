"""Why mandates did not take a request: the bars in words, with figures and source, made only when somebody asks."""

from dataclasses import dataclass

from loanbook.funding.eligibility import Bar
from loanbook.funding.mandate_table import FundingRequest, MandateTable, Term
from loanbook.funding.room import Room
from loanbook.terms.mandate import PROVINCES, Mandate
from loanbook.units import RATE_SCALE, Ints, format_money


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """One reason why one mandate does not take a request.

    setting   of the mandate file, e.g. eligibility.amount
    left_fen  minor units left of the quota or limit that it names; None: not known, or it names none
    words     what is asked, what the mandate says, which file, who decided
    """

    mandate: str
    bar: Bar
    setting: str
    words: str
    left_fen: int | None = None


def barred(table: MandateTable, request: FundingRequest, bars: Ints, room: Room | None = None) -> tuple[Barred, ...]:
    """Every reason behind the bits of one request, (mandates,): a row of `eligibility.bars` or of `Match.bars`; by mandate.

    room   what is left of quotas and limits, where the words shall name it
    """
    found = []
    for number, (mandate, bits) in enumerate(zip(table.mandates, bars, strict=True)):
        for bar in Bar:
            if int(bits) >> bar & 1:
                left = None if room is None else _left(table, room, number, request, bar)
                setting, asked, says = _words(mandate, request, bar, left)
                words = f"{mandate.code}: {asked}; {says} ({setting}, {mandate.place}; {mandate.source})."
                found.append(Barred(mandate=mandate.code, bar=bar, setting=setting, words=words, left_fen=left))
    return tuple(found)


def _left(table: MandateTable, room: Room, number: int, request: FundingRequest, bar: Bar) -> int | None:
    """What is left of the limit that a bar names, not below 0; None for a bar that names none or that a room does not know."""
    if bar is Bar.DAY_QUOTA:
        left = room.day_fen[number]
    elif bar is Bar.TOTAL_QUOTA:
        left = room.total_fen[number]
    elif bar is Bar.PROVINCE_LIMIT and request.province in PROVINCES:
        left = room.province_fen[number, PROVINCES.index(request.province)]
    elif bar is Bar.GRADE_LIMIT and request.grade in table.grades:
        left = room.grade_fen[number, table.grades.index(request.grade)]
    elif bar is Bar.GUARANTEE and table.terms[number, Term.GUARANTOR] >= 0:
        left = room.guarantor_fen[table.terms[number, Term.GUARANTOR]]
    else:
        return None
    return max(int(left), 0)


def _words(mandate: Mandate, request: FundingRequest, bar: Bar, left_fen: int | None) -> tuple[str, str, str]:
    terms, limits = mandate.eligibility, mandate.concentration

    def money(amount: int | None) -> str:
        return f"{mandate.currency} {format_money(amount or 0, mandate.decimals)}"

    principal = f"principal {money(request.principal_fen)}"
    left = "what is left of it is less" if left_fen is None else f"{money(left_fen)} of it is left"
    may = "less than that" if left_fen is None else money(left_fen)
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
            f"{mandate.guarantee.guarantor if mandate.guarantee else 'nobody'} may guarantee {may} now",
        ),
    }[bar]


def _percent(rate: int) -> str:
    return f"{rate * 100 / RATE_SCALE:.4f} %"
