"""Fiscal calendars learned from a document: years that end in another month, years of weeks, and what both are called."""

import pytest

from loanbook.tieout.read import document_of, read_figures

WEEKS = """<h3>Statements of Operations</h3><p>(in thousands)</p><table>
<tr><th></th><th colspan=2>13 Weeks Ended</th><th colspan=2>39 Weeks Ended</th></tr>
<tr><th></th><th>{now}</th><th>{then}</th><th>{now}</th><th>{then}</th></tr>
<tr><td>Net sales</td><td>1,204</td><td>1,177</td><td>3,511</td><td>3,466</td></tr>
<tr><td>Gross profit</td><td>420</td><td>402</td><td>1,223</td><td>1,186</td></tr></table><h3>Discussion</h3><p>{text}</p>"""
NOVEMBER = {"now": "November 2, 2024", "then": "October 28, 2023"}
THIRD, THIRD_BEFORE = "2024-08-04..2024-11-02", "2023-07-30..2023-10-28"


def spoken(html: str) -> list[tuple[str, str]]:
    figures = read_figures(document_of(html.encode(), "release.html")).figures
    return [(each.text, str(each.period)) for each in figures if each.place.row is None]


@pytest.mark.parametrize(
    "calendar",
    [
        "Fiscal 2024 is a 52-week year ending February 1, 2025; fiscal 2023 was a 53-week year ended February 3, 2024.",
        "",  # the heads and what the quarters are called say enough
    ],
)
def test_a_quarter_of_a_year_of_weeks_meets_the_period_of_the_table(calendar):
    text = (
        f"{calendar} Sales were $1,204 thousand in the third quarter of fiscal 2024, and $1,177 thousand in the third quarter of \
fiscal 2023. Gross profit was $420 thousand, compared with $402 thousand in the same period of 2023."
    )
    assert spoken(WEEKS.format(text=text, **NOVEMBER)) == [
        ("$1,204 thousand", THIRD),
        ("$1,177 thousand", THIRD_BEFORE),
        ("$420 thousand", THIRD),
        ("$402 thousand", THIRD_BEFORE),
    ]


def test_fiscal_years_called_after_the_year_in_which_they_end():
    """Quarters of fiscal 2025 that ended in 2024: the year ends in January 2025 and is called after it."""
    heads = {"now": "October 27, 2024", "then": "October 29, 2023"}
    text = "Sales were $1,204 thousand in the third quarter of fiscal 2025, \
and $1,177 thousand in the third quarter of fiscal 2024."
    assert spoken(WEEKS.format(text=text, **heads)) == [
        ("$1,204 thousand", "2024-07-29..2024-10-27"),
        ("$1,177 thousand", "2023-07-31..2023-10-29"),
    ]


def test_months_keep_their_calendar_where_no_weeks_are_counted():
    html = """<p>Results for the third quarter of fiscal 2024, which ended December 31, 2023. The fiscal year ends March 31.</p>
<p>Sales were $12.4 million in the third quarter of fiscal 2024 and $11.8 million in the third quarter of fiscal 2023.</p>"""
    assert spoken(html) == [("$12.4 million", "2023-10-01..2023-12-31"), ("$11.8 million", "2022-10-01..2022-12-31")]
