"""Sentences of a release: a figure in the periods that prose compares, in the formats of prose.

The replay of published releases (docs/replay.md) reads its sentences by them.
"""

from loanbook.errors import RequestError
from loanbook.statements import presentation_format as form
from loanbook.statements.periods import Period
from loanbook.statements.presentation import CNY, MINOR_PER_THOUSAND, USD, Figures
from loanbook.units import date, day

_QUARTER_MONTHS = 3


def quarter_before(quarter: Period) -> Period:
    """The three months before a quarter."""
    if quarter.starts_on is None or quarter.months != _QUARTER_MONTHS:
        raise RequestError(f"prose of results is of a quarter, not of {quarter}.")
    first = date(quarter.starts_on)
    start = first.replace(year=first.year - (first.month == 1), month=(first.month - _QUARTER_MONTHS - 1) % 12 + 1)
    return Period(starts_on=day(start), ends_on=quarter.starts_on - 1)


def amount_words(engine: Figures, code: str, period: Period, currency: str = CNY) -> str:
    """An amount as prose has it: "RMB4,153.2 million", "US$575.2 million", "RMB7.30" a share.

    raises   RequestError when the figure is not known
    """
    value = engine.value(code, period, currency=currency)
    if value is None:
        raise RequestError(f"{code} of {period} is not known; a release cannot speak of it.")
    if engine.scale_fen != MINOR_PER_THOUSAND:
        raise RequestError("prose is made from figures in thousands; round the document to thousands.")
    mark = form.dollars if currency == USD else form.yuan
    return mark(form.hundredths(value) if engine.statements.line(code).unit == "per_share" else form.million(value))


def highlight(engine: Figures, code: str, quarter: Period, *, subject: str, verb: str = "was") -> str:
    """The sentence of the highlights: the quarter in both currencies, compared to a year before. No growth is said of income."""
    before = quarter.a_year_before()
    return (
        f"{subject} {verb} {amount_words(engine, code, quarter)} ({amount_words(engine, code, quarter, USD)}), "
        f"compared to {amount_words(engine, code, before)} in the same period of {date(before.ends_on).year}."
    )


def result(engine: Figures, code: str, quarter: Period, *, subject: str, verb: str = "was") -> str:
    """The sentence of the results: as in the highlights, and the quarter before."""
    prior = amount_words(engine, code, quarter_before(quarter))
    return highlight(engine, code, quarter, subject=subject, verb=verb).removesuffix(".") + f" and {prior} in the prior quarter."
