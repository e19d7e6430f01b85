"""The page in a browser: what stands behind a figure, filters, links, and the width of a phone."""

from pathlib import Path

import pytest

from loanbook.tieout.checking import tie_out
from loanbook.tieout.show.page import write_page
from tests.tieout.browser import CHROMIUM, Browser
from tests.tieout.pictures import ANNEX, guide_release

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
LONG = "\nRegistration: https://register.example.com/" + "0123456789abcdef" * 8 + "\n"


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "heron_q2.txt").write_text(guide_release() + LONG, encoding="utf-8")
    (folder / "heron_ifrs.txt").write_text(ANNEX, encoding="utf-8")
    write_page(tie_out([folder / "heron_q2.txt", folder / "heron_ifrs.txt"]), folder / "page.html")
    return folder / "page.html"


def behind(browser: Browser) -> str:
    return str(browser.run("document.getElementById('behind').hidden ? '' : document.getElementById('behind').innerText"))


def test_the_mouse_over_a_figure_shows_its_relations_and_their_arithmetic(browser, page):
    browser.open(page, 1100, 700)
    assert behind(browser) == ""
    browser.hover(".figure[aria-label^='412,556']")
    shown = behind(browser)
    assert shown.startswith("412,556, ticked")
    assert "footing: 262,415 + 113,204 + 36,937 = 412,556; printed 412,556" in shown
    assert "412,556 / 7.2672 = 56,769.595; printed 56,770" in shown


def test_the_keyboard_reaches_figures_and_closes_what_stands_behind(browser, page):
    browser.open(page, 1100, 700)
    browser.run("document.querySelector('.figure.failed').focus()")
    assert "error: General and administrative: 60,737 does not come out, expected 60,377" in behind(browser)
    browser.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    assert behind(browser) == ""


def test_a_link_of_a_finding_and_the_address_of_a_figure_lead_to_it(browser, page):
    browser.open(page, 1100, 700)
    browser.run("document.querySelector('.findings a').click()")
    assert behind(browser).startswith("60,737, failed")
    browser.run("document.querySelector('h1').click()")
    assert behind(browser) == ""
    name = browser.run("document.querySelector('.figure.failed').id")
    browser.open(page, 1100, 700, fragment=f"#{name}")
    assert behind(browser).startswith("60,737, failed")
    _, top, _, height = browser.box(".figure.failed")
    assert 0 < top < 700 - height


def test_severities_and_statuses_are_filtered(browser, page):
    browser.open(page, 1100, 700)
    shown = "[...document.querySelectorAll('.findings li')].filter(row => row.offsetHeight).map(row => row.className)"
    assert browser.run(shown) == ["error", "damage"]
    browser.run("document.querySelector('input[data-severity=error]').click()")
    assert browser.run(shown) == ["damage"]
    mark = "getComputedStyle(document.querySelector('.figure.ticked sup')).visibility"
    assert browser.run(mark) == "visible"
    browser.run("document.querySelector('input[data-status=ticked]').click()")
    assert browser.run(mark) == "hidden"


def test_the_rows_of_a_damaged_table_stand_below_it(browser, page):
    browser.open(page, 1100, 700)
    rows = browser.run(
        "[...document.querySelectorAll('.repaired tr')].map(row => [...row.cells].map(cell => cell.innerText).join('|'))"
    )
    assert len(rows) == 10
    assert rows[2] == "Right-of-use assets|91,230|(88,415)|= 2,815"
    assert rows[1] == "Development costs|64,120||= 64,120"


def test_nothing_is_wider_than_a_phone_and_the_panel_lies_above_the_table(browser, page):
    browser.open(page, 390, 760)
    assert browser.run("document.documentElement.scrollWidth") == 390
    browser.hover(".figure.failed")
    x, y, width, height = browser.box("#behind")
    assert x >= 0
    assert x + width <= 390
    inside = browser.run(f"document.getElementById('behind').contains(document.elementFromPoint({x + 20}, {y + height / 2}))")
    assert inside is True
