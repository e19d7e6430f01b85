"""What a hostile or a very long document costs, from the file to the judgement: bounded time, bounded memory, clear words."""

import random
import resource
import time
import zipfile
from pathlib import Path

import pytest

from loanbook.errors import RequestError
from loanbook.tieout.checking import tie_out
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relation import Status
from tests.tieout.paper import pdf
from tests.tieout.releases import TEMPLATES

SECONDS = 60.0  # of the processor; about four times what the slowest takes on a machine of 2026
MEMORY = 2_000_000  # KiB above what the process had


@pytest.fixture
def bounded():
    """Processor seconds and memory that the test may take."""
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


def tied(tmp_path: Path, name: str, content: bytes) -> Judgement:
    (tmp_path / name).write_bytes(content)
    return tie_out([tmp_path / name])


def outcome(tmp_path: Path, name: str, content: bytes) -> Judgement | None:
    """What is judged of the file; None where it is refused in words that name it."""
    try:
        return tied(tmp_path, name, content)
    except RequestError as refused:
        words = str(refused)
    assert name in words
    return None


def numbers(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return [f"{chance.randrange(1, 10_000_000):,}" for _ in range(count)]


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("columns", [2, 40, 5_000])
def test_a_huge_table_of_unrelated_figures_ends(tmp_path, columns):
    cells = iter(numbers(30_000))
    rows = "".join(f"line {row}\t" + "\t".join(next(cells) for _ in range(columns)) + "\n" for row in range(30_000 // columns))
    found = tied(tmp_path, "huge.txt", rows.encode())
    assert len(found.figures) > 25_000
    assert sum(found.counts().values()) == len(found.figures)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "label",
    ["Staff", "Net loss", "Decrease in inventories", "of which past due", "Basic", "Balance at end of period", "Total {}"],
)
def test_a_huge_table_of_one_label_ends(tmp_path, label):
    head = "(in thousands of euros)\n\n\tThree months ended June 30,\n\t2024\t2023\t2022\n"
    cells = iter(numbers(30_000))
    rows = "".join(f"{label.format(row)}\t{next(cells)}\t({next(cells)})\t{next(cells)}\n" for row in range(10_000))
    found = tied(tmp_path, "labels.txt", (head + rows).encode())
    assert sum(found.counts().values()) == len(found.figures)


@pytest.mark.usefixtures("bounded")
def test_hundreds_of_lines_of_one_name_in_many_documents_end(tmp_path):
    head = "(in thousands of euros)\n\n\tJune 30, 2024\tMarch 31, 2024\n"
    files = []
    for number in range(40):
        cells = iter(numbers(120, seed=number))
        files.append(tmp_path / f"part_{number}.txt")
        tables = "".join(f"{head}Deposits held\t{next(cells)}\t{next(cells)}\nOther\t1,000\t2,000\n\nNext\n\n" for _ in range(60))
        files[-1].write_text(tables, encoding="utf-8")
    found = tie_out(files)
    assert sum(found.counts().values()) == len(found.figures)


@pytest.mark.usefixtures("bounded")
def test_a_million_cells_are_refused_in_words(tmp_path):
    with pytest.raises(RequestError, match="600,000 table cells"):
        tied(tmp_path, "cells.html", b"<table>" + b"<tr>" + b"<td>1" * 1_000_000)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    ("name", "piece", "times"),
    [
        ("line.txt", b"Revenue was $1,234.5 million, ", 350_000),
        ("line.txt", b"1,234 ", 1_700_000),
        ("line.txt", b"(", 10_000_000),
        ("line.md", b"| 1 ", 2_500_000),
        ("line.html", b"<p>12 million<b>", 120_000),
        ("line.html", b"12 million ", 900_000),
        ("line.csv", b'"', 10_000_000),
    ],
    ids=["prose", "numbers", "brackets", "pipes", "tags", "paragraph", "quotes"],
)
def test_one_line_without_end_is_refused_or_read(tmp_path, name, piece, times):
    found = outcome(tmp_path, name, piece * times)
    assert found is None or set(found.statuses) == {figure.id for figure in found.figures}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("content", [b"<div>" * 100_000 + b"5", b"<table><tr><td>" * 33_000 + b"5", b"<b><i>" * 50_000])
def test_a_hundred_thousand_tags_inside_each_other_are_refused(tmp_path, content):
    with pytest.raises(RequestError, match=r"deep\.html"):
        tied(tmp_path, "deep.html", content)


@pytest.mark.usefixtures("bounded")
def test_entities_that_multiply_are_not_expanded(tmp_path):
    lines = ["<!ENTITY a0 '7,777 '>", *(f"<!ENTITY a{at + 1} '{f'&a{at};' * 10}'>" for at in range(9))]
    content = f"<?xml version='1.0'?><!DOCTYPE html [{''.join(lines)}]><html><body><p>Sales: &a9;</p></body></html>"
    found = outcome(tmp_path, "bomb.html", content.encode())
    assert found is None or len(found.figures) < 100


@pytest.mark.usefixtures("bounded")
def test_an_archive_that_unfolds_to_gigabytes_is_not_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    with pytest.raises(RequestError, match="zip archive"):
        tie_out([tmp_path / "bomb.docx"])


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("seed", range(12))
def test_spoiled_bytes_of_a_pdf_are_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    content = bytearray(pdf([[(50, 700 - 12 * row, 9, f"Revenue {row} {value}") for row, value in enumerate(numbers(40))]] * 3))
    for _ in range(200):
        content[chance.randrange(9, len(content))] = chance.randrange(256)
    found = outcome(tmp_path, "spoiled.pdf", bytes(content))
    assert found is None or set(found.statuses) == {figure.id for figure in found.figures}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["noise.txt", "noise.html", "noise.csv", "noise.pdf", "noise"])
def test_binary_noise_is_read_or_refused(tmp_path, name):
    found = outcome(tmp_path, name, random.Random(7).randbytes(300_000))
    assert found is None or set(found.statuses) == {figure.id for figure in found.figures}


def long_document(pages: int) -> str:
    """Releases one after the other, 50 lines to the page."""
    parts: list[str] = []
    lines = 0
    for seed in range(1, 10_000):
        for template in TEMPLATES:
            release = template(seed)
            if release.name.endswith(".txt"):
                parts.append(release.text)
                lines += release.text.count("\n") + 1
                if lines >= 50 * pages:
                    return "\n".join(parts)
    raise AssertionError("too few releases")


@pytest.mark.usefixtures("bounded")
def test_five_hundred_pages_are_judged_within_half_a_minute(tmp_path):
    found = tied(tmp_path, "long.txt", long_document(500).encode())
    assert len(found.figures) > 20_000
    assert found.counts()[Status.TICKED] > 0.8 * len(found.figures)
