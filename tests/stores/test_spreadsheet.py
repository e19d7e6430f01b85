"""No cell of a spreadsheet that Loanbook writes can act as a formula."""

import csv
import zipfile

import pytest

from loanbook.errors import RequestError
from loanbook.stores.spreadsheet import escape_cell, write_csv, write_sheet, write_xlsx


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", "＝1", "-", "+1e"]
)
def test_text_that_may_be_a_formula_gets_an_apostrophe(text):
    assert escape_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["-12.50", "+7", "plain", "a=b", "", 5, -5, 2.5, None, True])
def test_numbers_and_plain_text_stay(value):
    assert escape_cell(value) == value


def test_csv_escapes_headings_and_cells(tmp_path):
    path = tmp_path / "made_up.csv"
    assert write_csv(path, ["=id", "amount"], [("=HYPERLINK(1)", -5), ('a "b"\nc', None)]) == 2
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["'=id", "amount"], ["'=HYPERLINK(1)", "-5"], ['a "b"\nc', ""]]


def test_a_workbook_holds_no_formula_and_no_link(tmp_path):
    path = tmp_path / "made_up.xlsx"
    write_xlsx(path, {"loans": (["=id", "amount"], [("=1+1", 12.5), ("https://example.org", None), ("{=1}", True)])})
    with zipfile.ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "&apos;=1+1" in sheet or "'=1+1" in sheet


def test_more_rows_than_a_worksheet_holds_are_refused_with_words(tmp_path):
    with pytest.raises(RequestError, match=r"1,048,576 rows do not fit a worksheet \(1,048,575\). Write a .csv"):
        write_sheet(tmp_path / "made_up.xlsx", "loans", ["id"], [("a",)] * 1_048_576)
    assert not (tmp_path / "made_up.xlsx").exists()
