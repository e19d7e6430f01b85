"""Files that were made to break a reader: each is read or refused in words, soon, and nothing in it is run or fetched."""

import os
import time
import zipfile
from pathlib import Path

import pytest

from loanbook.errors import RequestError
from loanbook.tieout.read import Limits, document_of, read_document, read_figures

SECONDS = 10
"""Far above what any of these takes; a quadratic scan takes minutes."""


def read(content: bytes | str, name: str, limits: Limits | None = None) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    began = time.process_time()
    document = document_of(raw, name, limits) if limits else document_of(raw, name)
    texts = [figure.text for figure in read_figures(document).figures]
    assert time.process_time() - began < SECONDS
    return texts


@pytest.mark.parametrize("name", ["cells.csv", "cells.txt", "cells.html"])
def test_a_million_cells_are_refused(name):
    row = {"csv": "1," * 999 + "1\n", "txt": "1\t" * 999 + "1\n", "html": "<tr>" + "<td>1</td>" * 1000 + "</tr>"}[name[6:]]
    with pytest.raises(RequestError, match=r"more than 600,000 table cells.*Split the file"):
        read(("<table>" if name.endswith("html") else "") + row * 1000, name)


@pytest.mark.parametrize("content", ["<div>" * 100_000 + "5", "<table><tr><td>" * 3_000 + "5"])
def test_nested_elements_are_refused(content):
    with pytest.raises(RequestError, match="nested 201 deep; the limit is 200"):
        read(content, "nested.html")


def test_entities_are_not_expanded_and_files_not_fetched():
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{lines}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    document = document_of(f"{bomb}<html><body><p>&l11; &x; was $5 million</p></body></html>".encode(), "bomb.html")
    whole = " ".join(block.span.text for block in document.blocks)  # type: ignore[union-attr]
    assert "lollol" not in whole
    assert "root:" not in whole


def test_scripts_and_hidden_parts_are_left_out():
    text = (
        "<html><head><script>var revenue = 1234567;</script></head><body onload='run()'><p>Revenue was $5 million.</p>"
        "<p style='display:none'>$7 million</p><ix:header><p>$8 million</p></ix:header></body></html>"
    )
    assert read(text, "script.html") == ["$5 million"]


@pytest.mark.parametrize("tag", ["span", "sup"])
def test_what_a_parser_leaves_out_is_not_passed_in_silence(tag):
    inside = f"<{tag}>" * 400 + "12" + f"</{tag}>" * 400
    page = f"<table><tr><td>Sales</td><td>{inside}</td></tr></table><p>Net income was $9 million.</p>"
    with pytest.raises(RequestError, match=r"a\.html:1: (?:read no further|elements nested)"):
        read(page, "a.html")


def test_cells_that_cover_millions_are_refused():
    with pytest.raises(RequestError, match="600,000 table cells"):
        read("<table>" + ("<tr>" + "<td colspan=200 rowspan=200>6</td>" * 200 + "</tr>") * 300 + "</table>", "a.html")


@pytest.mark.parametrize("mark", ["", ","])
def test_a_number_without_end_is_no_figure(mark):
    long = mark.join(["999"] * 20_000)
    text = f"Revenue was RMB{long} million, compared to RMB8 million in the same period of 2023.\n\n"
    assert read(f"{text}Sales\t{long}\t6\nCosts\t5\t7\n", "a.txt") == ["RMB8 million", "6", "5", "7"]


def test_spans_of_a_billion_cells_are_cut():
    assert read("<table><tr><td colspan=999999999 rowspan=999999999>Sales</td><td>6</td><td>7</td></tr></table>", "a.html") == [
        "6",
        "7",
    ]


def test_archives_are_not_opened(tmp_path: Path):
    path = tmp_path / "release.html"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("release.html", b"0" * 10_000_000)
    with pytest.raises(RequestError, match=r"zip archive.*Give the document inside it"):
        read_document(path)


def test_pipes_and_devices_are_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(RequestError, match="is a pipe or a device"):
            read_document(path)


def test_other_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(RequestError, match="cannot be read"):
        read_document(tmp_path / "missing.txt")
    with pytest.raises(RequestError, match="null bytes"):
        read(b"\x00" * 100, "a.txt")
    with pytest.raises(RequestError, match="does not begin as one"):
        read(b"hello", "a.pdf")
    with pytest.raises(RequestError, match="not readable as PDF"):
        read(b"%PDF-1.7\n" + b"garbage" * 100, "a.pdf")
    with pytest.raises(RequestError, match=r"12 bytes; a results document has at most 10"):
        read(b"x" * 12, "a.txt", Limits(file_bytes=10))
    with pytest.raises(RequestError, match=r"a.txt:1: a line of 2,000,001 characters"):
        read(b"x" * 2_000_001, "a.txt")
    with pytest.raises(RequestError, match="not read within 0 seconds"):
        read(b"x\n\n" * 10, "a.txt", Limits(seconds=0))


@pytest.mark.parametrize("content", ["", "\n", "<html></html>", "\ufeff", " "])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.csv"])
def test_an_empty_document_has_no_figures(content, name):
    assert read(content, name) == []


@pytest.mark.parametrize(
    "content",
    [
        "1" * 400_000, "1,234 " * 20_000, "1," * 100_000, " " * 300_000 + "1", ". " * 100_000 + "1", "abcdefgh" * 40_000 + " 12",
        "(" * 100_000 + "1" + ")" * 100_000, "*a" * 80_000, "<b " * 60_000, "[" * 200_000, "^{*" * 60_000, "May " * 60_000 + "1",
        "$ 5 " * 10_000, "was $5 to " * 6_000, "$5 million compared to $4 million and " * 3_000, "Revenue  5\n" * 10_000,
        "   A    B\n" * 20_000, "x\t-\t-\n" * 10_000, "2023\t2024\n" * 10_000, "a@" * 50_000, "label\t\n" * 20_000,
    ],
)  # fmt: skip
def test_long_repetitions_take_time_in_proportion(content):
    read(content, "a.txt")


def test_other_encodings():
    assert read("Revenue was €5 million.".encode("utf-16"), "a.txt") == ["€5 million"]
    assert read("Revenue was €5 million.".encode("cp1252"), "a.txt") == ["€5 million"]
    assert read("Revenue was €5 million.".encode("utf-8-sig"), "a.txt") == ["€5 million"]
