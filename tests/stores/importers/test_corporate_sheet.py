"""Sheets of corporate events: read in columns they are what a reader that goes row by row makes of them, line numbers too."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loanbook.errors import RequestError
from loanbook.stores.importers import corporate_sheet
from loanbook.stores.importers.corporate_sheet import read_sheet
from loanbook.stores.importers.csv_records import records_of

CELLS = st.text(alphabet='ab ,"\n\r\t;é', max_size=4)
PIECES = st.lists(
    st.one_of(CELLS, st.sampled_from([",", '"', "\n", "\r\n", '""', '"a,b"', '"a\nb"', "x,y,z\n", "\n\n"])), max_size=12
)


def told(sheet):
    return {name: column.to_pylist() for name, column in sheet.cells.items()}, sheet.lines.tolist(), list(sheet.misfits)


def both(text):
    """What either reader makes of a text; an error is its words."""
    found = []
    for read in (
        lambda: corporate_sheet._in_columns("f.csv", text.encode()),
        lambda: corporate_sheet._row_by_row("f.csv", text),
    ):
        try:
            made = read()
            found.append(None if made is None else told(made))
        except RequestError as error:
            found.append(str(error))
    return found


@settings(max_examples=400)
@given(PIECES)
@example(["x,y,z\n", '"a\nb",,c\n', "\n", "1,2\n", '"say ""no""",b,c'])
@example(['a"b,y,z\n', "x,y,z\n"])
@example(['"open,y\n'])
@example(["x,y,z\r\n", "\r\n", "1,2,3\r\n"])
@example(["   \n", "x,y,z\n"])
def test_columns_are_what_rows_are_or_are_left_to_them(pieces):
    text = "a,b,c\n" + "".join(pieces)
    columns, rows = both(text)
    assert columns is None or columns == rows


def test_plain_and_quoted_files_are_read_in_columns():
    for text in ("a,b\n1,2\n", 'a,b\n"1,5","x\ny"\n3,"say ""so"""\n', "a,b\r\n1,2\r\n", "a,b\n\n1,2\n1,2,3\n4,5"):
        columns, rows = both(text)
        assert columns is not None
        assert columns == rows


@pytest.mark.parametrize("raw", [b'a,b\n5" pipe,2\n', b'a,b\n"x"y,2\n', b'a,b\n"x,2\n', b"a,b\r1,2\r", b'a,b\n"x" ,2\n'])
def test_what_can_be_read_in_two_ways_is_left_to_the_reader_of_rows(raw):
    assert records_of(raw) is None


def test_lines_are_counted_through_quoted_line_ends(tmp_path: Path):
    path = tmp_path / "costs.csv"
    path.write_bytes(b'\xef\xbb\xbfid,text\nA,"two\nlines"\nB,one\nC\nD,\n')
    sheet = read_sheet(path)
    assert told(sheet) == (
        {"event_id": ["A", "B", "D"], "text": ["two\nlines", "one", None]},
        [2, 4, 6],
        [(5, "C", "the row has 1 columns, the header has 2")],
    )
