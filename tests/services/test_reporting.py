"""The page stands beside its close, links to loans that sum to the figure, and is the same page each time."""

import csv
import datetime as dt

import pytest
from lxml import html

from loanbook.errors import RequestError, StateError
from loanbook.services.closing import close
from loanbook.services.reporting import report
from loanbook.statements.close_folder import read_close
from loanbook.stores.book import book_folder, create_book
from loanbook.stores.intake import append
from loanbook.terms.catalogue import SHIPPED
from tests.stores.rows import loan, table

AS_OF = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Three made-up loans of which nothing was paid, closed and reported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOANBOOK_HOME", str(tmp_path_factory.mktemp("home")))
        rows = [
            loan(f"made-up-{number}", day, product="cash_loan")
            for number, day in enumerate(("2024-01-15", "2024-05-06", "2024-05-07"))
        ]
        terms = {"cash_loan": (SHIPPED / "cash_loan.yaml").read_text(encoding="utf-8")}
        book = append(create_book(book_folder("made_up")), {"loan_disbursed": table("loan_disbursed", rows)}, terms=terms).book
        close(book, AS_OF)
        yield report("made_up")


def test_the_page_stands_beside_its_close(page):
    assert page.name == "report.html"
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    assert tree.xpath("//h1")[0].text == "made_up"
    assert "2024-06-30" in tree.xpath("//header")[0].text_content()


def test_every_link_to_loans_leads_to_a_file_that_sums_to_the_figure(page):
    figures = {found.measure: found for found in read_close(page.parent).figures()}
    links = {link for link in html.fromstring(page.read_text(encoding="utf-8")).xpath("//a/@href") if "drilldown" in link}
    assert {"drilldown/loans.csv", "drilldown/delinquency_90.csv", "drilldown/vintage_30.csv"} <= links
    for link in links:
        with (page.parent / link).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found = figures[link.removeprefix("drilldown/").removesuffix(".csv")]
        numerator = "numerator" if "numerator" in rows[0] else "numerator_fen"
        assert sum(int(row[numerator]) for row in rows) == found.numerator
        if found.denominator is not None:
            assert sum(int(row["denominator_fen"]) for row in rows) == found.denominator


def test_the_same_close_gives_the_same_page(page):
    before = page.read_bytes()
    assert report("made_up", as_of=AS_OF) == page
    assert page.read_bytes() == before


def test_a_page_elsewhere_links_back_to_the_close(page, tmp_path):
    out = report("made_up", out=tmp_path / "new" / "page.html")
    links = [link for link in html.fromstring(out.read_text(encoding="utf-8")).xpath("//a/@href") if not link.startswith("#")]
    assert links
    assert all((out.parent / link).resolve().is_file() for link in links)


def test_a_day_that_was_not_closed_says_what_to_run(page):
    with pytest.raises(StateError, match=r"no close as of 2024-03-31\. Run `loanbook close made_up --as-of 2024-03-31`"):
        report("made_up", as_of=dt.date(2024, 3, 31))


def test_an_unknown_book_is_named(page):
    with pytest.raises(RequestError, match="there is no book here"):
        report("nothing")
