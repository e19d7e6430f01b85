"""The page stands beside its close, links to loans that sum to the figure, and is the same page each time."""

import csv
import datetime as dt

import pytest
from lxml import html

from loanbook.errors import RequestError, StateError
from loanbook.services.closing import close, find_close
from loanbook.services.explaining import OTHER_LOANS, explain_loans
from loanbook.services.reporting import report
from loanbook.statements.close_folder import read_close
from loanbook.stores.book import book_folder, create_book, open_book
from loanbook.stores.intake import append
from loanbook.stores.projection import project
from loanbook.terms.catalogue import SHIPPED
from tests.stores.rows import TERMS, loan, table

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
            names, *rows = csv.reader(file)
        found = figures[link.removeprefix("drilldown/").removesuffix(".csv")]
        assert names[1] in ("numerator", "numerator_fen")
        assert sum(int(row[1]) for row in rows) == found.numerator
        if found.denominator is not None:
            assert sum(int(row[2]) for row in rows) == found.denominator


def test_every_figure_that_is_told_links_to_its_loans(page):
    tree = html.fromstring(page.read_text(encoding="utf-8"))
    told = [found.measure for found in read_close(page.parent).figures() if found.current is not None]
    assert len(told) > 20
    for name in told:
        (row,) = tree.xpath(f"//section[@id='measures']//tr[th/a/@href='#definition-{name}']")
        assert [link for link in row.xpath(".//a/@href") if link.startswith("drilldown/")], name


def test_a_list_too_long_names_the_largest_loans_and_the_rest_in_one_row(page):
    book = open_book("made_up")
    made = find_close(book)
    path = explain_loans(book, made, "outstanding_balance", most=1)
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert [row[0] for row in rows] == ["made-up-0", OTHER_LOANS]
    assert sum(int(row[1]) for row in rows) == 3_600_000
    explain_loans(book, made, "outstanding_balance")
    assert path.read_text(encoding="utf-8").count("made-up") == 3


def test_the_same_close_gives_the_same_page(page):
    before = page.read_bytes()
    assert report("made_up", as_of=AS_OF) == page
    assert page.read_bytes() == before


def _file_links(page):
    return [link for link in html.fromstring(page.read_text(encoding="utf-8")).xpath("//a/@href") if not link.startswith("#")]


def test_a_page_elsewhere_has_its_files_beside_it_and_can_be_moved_with_them(page, tmp_path):
    out = report("made_up", out=tmp_path / "new" / "page.html")
    assert "move both together" in out.read_text(encoding="utf-8")
    (tmp_path / "new").rename(tmp_path / "moved")
    links = _file_links(tmp_path / "moved" / "page.html")
    assert {"page_files/measures.csv", "page_files/drilldown/loans.csv"} <= set(links)
    assert all((tmp_path / "moved" / link).is_file() for link in links)


def test_a_page_without_loans_stands_alone(page, tmp_path):
    out = report("made_up", out=tmp_path / "page.html", drilldown=False)
    assert _file_links(out) == []
    assert list(tmp_path.iterdir()) == [out]
    assert "loanbook explain MEASURE --book made_up --as-of 2024-06-30 --loans" in out.read_text(encoding="utf-8")


def test_a_day_that_was_not_closed_says_what_to_run(page):
    with pytest.raises(
        StateError,
        match=r"no close as of 2024-03-31\. It is closed as of 2024-06-30\. Run `loanbook close made_up --as-of 2024-03-31`",
    ):
        report("made_up", as_of=dt.date(2024, 3, 31))


def test_a_book_that_was_never_closed_says_so_with_a_day_that_it_knows(page):
    book = create_book(book_folder("fresh"))
    with pytest.raises(StateError, match=r"fresh is not closed yet\. Run `loanbook close fresh --as-of YYYY-MM-DD` with the day"):
        find_close(book)
    append(book, {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10")])}, terms={"sample_level": TERMS})
    project(open_book("fresh"))
    with pytest.raises(StateError, match=r"fresh is not closed yet\. Run `loanbook close fresh --as-of 2024-01-10`"):
        report("fresh")


@pytest.mark.parametrize(("decimals", "balance"), [(0, "JPY\u00a01.20\u00a0million"), (8, "JPY\u00a00.01")])
def test_a_book_with_other_decimals_has_a_report(page, decimals, balance):
    name = f"decimals_{decimals}"
    terms = TERMS.replace("currency: CNY", f"currency: JPY\ndecimals: {decimals}").replace("most: 200000.00", "most: 2000000")
    terms = terms.replace("least: 1.00", "least: 0.00001" if decimals else "least: 24")
    rows = table("loan_disbursed", [loan("A", "2024-01-10", currency="JPY")])
    book = create_book(book_folder(name), currency="JPY", decimals=decimals)
    close(append(book, {"loan_disbursed": rows}, terms={"sample_level": terms}).book, dt.date(2024, 1, 31))
    tree = html.fromstring(report(name).read_text(encoding="utf-8"))
    assert balance in tree.xpath("//div[@id='figure-outstanding_balance']")[0].text_content()


def test_an_unknown_book_is_named(page):
    with pytest.raises(RequestError, match="there is no book here"):
        report("nothing")
