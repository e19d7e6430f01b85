"""Ids last while a document says the same; digits are digits in whatever script."""

from decimal import Decimal
from pathlib import Path

import pytest

from loanbook.tieout.checking import tie_out
from loanbook.tieout.read.figures import read_figures
from loanbook.tieout.read.files import document_of
from loanbook.tieout.read.glyphs import plain_glyphs

FIRST = """Heron Ferry Limited
First Quarter 2024 Results

\tThree months ended March 31,\t
\t2023\t2024
\tRMB\tRMB
Fares\t241,870\t262,415
Freight\t101,332\t113,204
Total revenue\t343,202\t375,619
"""
SECOND = FIRST.replace("First Quarter 2024", "First Quarter 2025").replace("2024\n", "2025\n").replace("2023\t2025", "2024\t2025")
SECOND = SECOND.replace("241,870\t262,415", "262,415\t300,000").replace("101,332\t113,204", "113,204\t120,000")
SECOND = SECOND.replace("343,202\t375,619", "375,619\t420,000")


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_ids_do_not_hang_on_the_order_of_the_documents_nor_on_their_folder(tmp_path: Path) -> None:
    files = [_written(tmp_path / "a", "one.txt", FIRST), _written(tmp_path / "a", "two.txt", SECOND)]
    moved = [_written(tmp_path / "b", "one.txt", FIRST), _written(tmp_path / "b", "two.txt", SECOND)]
    given = tie_out(files)
    assert any(relation.rule == "comparative" for relation in given.relations)
    for other in (tie_out(files[::-1]), tie_out(moved)):
        assert {one.id for one in other.relations} == {one.id for one in given.relations}
        assert {one.id: one.text for one in other.figures} == {one.id: one.text for one in given.figures}


def test_lines_above_change_no_id_and_another_text_does() -> None:
    whole = read_figures(document_of(FIRST.encode(), "one.txt")).figures
    lower = read_figures(document_of(("A line that says nothing much.\n\n" * 3 + FIRST).encode(), "one.txt")).figures
    other = read_figures(document_of(FIRST.replace("262,415", "262,416").encode(), "one.txt")).figures
    assert [one.id for one in whole] == [one.id for one in lower]
    assert sum(one.id != two.id for one, two in zip(whole, other, strict=True)) == 1


def test_what_is_printed_twice_has_two_ids() -> None:
    twice = read_figures(document_of((FIRST + "\n" + FIRST).encode(), "one.txt")).figures
    assert len({one.id for one in twice}) == len(twice) == 12


def test_two_documents_of_one_name_have_ids_of_their_own(tmp_path: Path) -> None:
    judgement = tie_out([_written(tmp_path / "q1", "r.txt", FIRST), _written(tmp_path / "q2", "r.txt", SECOND)])
    assert len({one.id for one in judgement.figures}) == len(judgement.figures) == 12


@pytest.mark.parametrize(
    ("printed", "plain"),
    [
        ("１，２３４百万円", "1,234百万円"),
        ("１２．５％", "12.5%"),
        ("١٬٢٣٤٫٥", "1,234.5"),
        ("\u200f1,234", " 1,234"),
        ("１２，３４", "12，34"),
        ("one, two", "one, two"),
    ],
)
def test_digits_are_plain_one_for_one(printed: str, plain: str) -> None:
    assert plain_glyphs(printed) == plain
    assert len(plain) == len(printed)


@pytest.mark.parametrize("cell", ["\u200f262,415", "262,415\u200e", "２６２，４１５", "٢٦٢٬٤١٥", "\u2066262,415\u2069"])
@pytest.mark.parametrize("kind", ["txt", "csv", "html"])
def test_a_cell_is_read_whatever_its_digits(cell: str, kind: str) -> None:
    rows = [line.replace("262,415", cell).split("\t") for line in FIRST.split("\n")[3:-1]]
    if kind == "html":
        body = "".join("<tr>" + "".join(f"<td>{each}</td>" for each in row) + "</tr>" for row in rows)
        text = f"<html><body><p>Heron Ferry</p><table>{body}</table></body></html>"
    elif kind == "csv":
        text = "\n".join(",".join(f'"{each}"' for each in row) for row in rows)
    else:
        text = "\n".join("\t".join(row) for row in rows)
    figures = read_figures(document_of(text.encode(), f"one.{kind}")).figures
    assert Decimal(262_415) in {one.value for one in figures}
    assert len(figures) == 6
    if kind == "txt":
        (found,) = [one for one in figures if one.value == 262_415]
        line = text.split("\n")[found.place.line - 1]
        assert plain_glyphs(line[found.place.start : found.place.end]) == found.text == "262,415"


def test_a_sentence_in_full_width_digits_is_not_read_from_its_last_group() -> None:
    text = "第1四半期の売上高は１，２３４百万円でした。\n"
    figures = read_figures(document_of(text.encode(), "tanshin.txt")).figures
    assert [one.value * one.scale for one in figures] == [Decimal(1_234_000_000)]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16", "utf-8-sig"])
def test_encodings_with_a_mark_are_read(encoding: str) -> None:
    figures = read_figures(document_of(FIRST.encode(encoding), "one.txt")).figures
    assert len(figures) == 6
