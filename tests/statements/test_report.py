"""The page is whole by itself, its links lead somewhere, and what cannot be measured says so."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import html

from loanbook.errors import StateError
from loanbook.statements.report import render
from loanbook.statements.sections import HEADLINE, PORTFOLIO_REPORT
from loanbook.terms.measure import load_measures
from tests.statements.made_close import make_close

DEFINITIONS = load_measures()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return make_close(tmp_path_factory.mktemp("close"))


@pytest.fixture(scope="module")
def page(folder) -> str:
    return render(folder, DEFINITIONS)


def test_the_page_asks_for_nothing_from_outside(page):
    tree = html.fromstring(page)
    addresses = [*tree.xpath("//@src"), *tree.xpath("//@href"), *re.findall(r"url\(([^)]*)\)", page)]
    assert addresses
    assert not [address for address in addresses if ":" in address or address.startswith("//")]
    assert "@import" not in page
    assert not tree.xpath("//link")


def test_every_link_leads_somewhere(page, folder):
    tree = html.fromstring(page)
    ids = set(tree.xpath("//@id"))
    for target in tree.xpath("//a/@href"):
        assert target[1:] in ids if target.startswith("#") else (folder / target).is_file(), target


def test_no_id_stands_twice_and_every_clip_has_its_path(page):
    ids = html.fromstring(page).xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_every_section_has_a_picture_or_a_table_a_sentence_and_a_table(page):
    tree = html.fromstring(page)
    for section in PORTFOLIO_REPORT:
        (found,) = tree.xpath(f"//section[@id='{section.key}']")
        assert len(found.xpath(".//figure")) == len(section.pictures)
        assert found.xpath(".//table//td")
        assert found.xpath(".//p[@class='says']")[0].text.endswith(".")


def test_headline_figures_are_those_of_the_table(page):
    tree = html.fromstring(page)
    card = tree.xpath("//div[@id='figure-delinquency_90']")[0].text_content()
    assert "2.72%" in card
    assert "+0.90\u00a0pp" in card
    assert "−0.68\u00a0pp" in card
    assert "RMB\u00a0117.4\u00a0million" in tree.xpath("//div[@id='figure-loan_volume']")[0].text_content()


def test_a_figure_links_to_its_loans_where_the_file_exists(page):
    tree = html.fromstring(page)
    assert tree.xpath("//div[@id='figure-delinquency_90']//a/@href") == [
        "#definition-delinquency_90",
        "drilldown/delinquency_90.csv",
    ]
    assert tree.xpath("//div[@id='figure-loans']//a/@href") == ["#definition-loans"]


def test_a_page_elsewhere_links_to_the_folder_beside_it_or_to_nothing(folder):
    def links(files):
        found = html.fromstring(render(folder, DEFINITIONS, files=files)).xpath("//a/@href")
        return {link for link in found if not link.startswith("#")}

    assert {f"my%20page_files/{link}" for link in links("")} == links("my page_files/") != set()
    assert links(None) == set()


def test_a_product_of_measures_links_to_the_loans_of_its_factors(page):
    (section,) = html.fromstring(page).xpath("//section[@id='roll-rates']")
    lists = [link for link in section.xpath(".//ul/li[contains(., 'C-M2')]/a/@href") if link.startswith("drilldown")]
    assert lists == ["drilldown/day1_delinquency.csv", "drilldown/collection_30.csv"]


def test_every_headline_figure_is_there_and_one_without_a_value_says_why(tmp_path):
    folder = make_close(tmp_path / "close", without={"repeat_share": "the source names no borrower"})
    cards = html.fromstring(render(folder, DEFINITIONS)).xpath("//div[@class='card']")
    assert {card.get("id") for card in cards} == {f"figure-{name}" for name in HEADLINE}
    words = {card.get("id"): card.text_content() for card in cards}
    assert "Not measured the source names no borrower" in words["figure-repeat_share"]
    for name in ("c_m2", "platform_share", "prepayment_speed", "cumulative_loss"):  # no rows in this close
        assert "Not measured the book holds no facts" in words[f"figure-{name}"]


def test_a_small_book_is_drawn_in_plain_units(tmp_path):
    page = render(make_close(tmp_path / "close", decimals=6), DEFINITIONS)
    assert "RMB a month" in page
    assert "million" not in page


def test_no_line_breaks_inside_a_figure(page):
    tree = html.fromstring(page)
    text = " ".join(tree.xpath("//body//text()[not(ancestor::svg) and not(ancestor::script)]"))
    assert not re.search(r"(RMB|US\$) \d|\d million", text)
    assert "RMB\u00a0" in text


def test_what_the_book_cannot_tell_is_said_with_the_reason(tmp_path):
    reason = "the tape reports balances, not the days of payments"
    folder = make_close(tmp_path / "close", without={"collection": reason, "collection_30": reason})
    tree = html.fromstring(render(folder, DEFINITIONS))
    section = tree.xpath("//section[@id='collection']")[0]
    assert f"Not measured: {reason}." in section.text_content()
    assert not section.xpath(".//svg")
    assert reason in tree.xpath("//div[@id='figure-collection_30']")[0].text_content()


def test_names_from_the_book_cannot_write_markup(tmp_path):
    folder = make_close(tmp_path / "close", book="<script>alert(1)</script>")
    tree = html.fromstring(render(folder, DEFINITIONS))
    assert tree.xpath("//h1")[0].text == "<script>alert(1)</script>"
    assert len(tree.xpath("//script")) == 1


def test_a_book_in_dollars_is_written_in_dollars(tmp_path):
    page = render(make_close(tmp_path / "close", currency="USD"), DEFINITIONS)
    assert "RMB" not in page
    assert "US$ million a month" in page


def test_the_same_close_renders_to_the_same_bytes(folder, page):
    assert render(folder, DEFINITIONS) == page


def test_a_folder_without_a_close_says_what_to_run(tmp_path):
    with pytest.raises(StateError, match=r"has no close\.json\. Run `loanbook close BOOK --as-of DATE` first"):
        render(tmp_path, DEFINITIONS)


def test_a_half_written_close_names_what_it_lacks(tmp_path):
    folder = make_close(tmp_path / "close")
    (folder / "loss.parquet").unlink()
    with pytest.raises(StateError, match=r"lacks loss\."):
        render(folder, DEFINITIONS)


def test_findings_of_the_close_stand_on_the_page(tmp_path, page):
    text = "2 loans of 900.00 in all: pay_later allows <20 instalments; made outside it all the same. First loan: made-up-1"
    found = render(make_close(tmp_path, findings=({"kind": "limit", "message": "short", "text": text},)), DEFINITIONS)
    (shown,) = html.fromstring(found).xpath("//div[@id='findings']//li")
    assert shown.text_content() == f"{text}."
    assert not html.fromstring(page).xpath("//div[@id='findings']")


def test_delinquency_is_drawn_over_months_that_follow_on_one_another(tmp_path):
    folder = make_close(tmp_path)
    rows = pq.read_table(folder / "delinquency.parquet").to_pylist()
    kept = [row for row in rows if row["month_end"].isoformat() in ("2024-06-30", "2024-09-30")]
    pq.write_table(pa.Table.from_pylist(kept), folder / "delinquency.parquet")
    tree = html.fromstring(render(folder, DEFINITIONS))
    assert not tree.xpath("//section[@id='delinquency']//figure")
    assert tree.xpath("//section[@id='delinquency']//table//td")
    assert tree.xpath("//section[@id='balance']//figure")


def test_a_measure_without_loans_says_which_kinds_it_leaves_out(tmp_path):
    folder = make_close(tmp_path)
    for name in ("volume", "measures", "vintage_30"):
        rows = pq.read_table(folder / f"{name}.parquet").to_pylist()
        if name == "volume":
            rows = [row | {"model": "referral"} for row in rows]
        elif name == "measures":
            rows = [row | {"denominator": 0, "value": None} if row["measure"] == "delinquency_90" else row for row in rows]
        schema = pq.read_schema(folder / f"{name}.parquet")
        pq.write_table(pa.Table.from_pylist([] if name == "vintage_30" else rows, schema=schema), folder / f"{name}.parquet")
    tree = html.fromstring(render(folder, DEFINITIONS))
    left_out = "loans under referral are left out by definition"
    assert left_out in tree.xpath("//div[@id='figure-delinquency_90']")[0].text_content()
    assert left_out in tree.xpath("//section[@id='vintage-30']//p[@class='absent']")[0].text_content()
