"""CSV tapes: good rows come in, bad rows are set aside with their place, and a file that cannot be trusted is refused whole."""

import gzip
import itertools
import re

import pytest

from loanbook.errors import RequestError
from loanbook.stores.importers import csv_reader, stream
from loanbook.stores.importers.mapping_file import read_mapping
from loanbook.stores.importers.reading import read_tape
from tests.stores.importers.tapes import GOOD, HEADER, MAPPING, lines, read_files, read_text, write_mapping

SECOND = GOOD.replace("made-up-1", "made-up-2")


def refused(folder, text, mapping=MAPPING, name="tape.csv"):
    with pytest.raises(RequestError) as error:
        read_text(folder, text, mapping, name)
    return str(error.value)


def faults(read):
    return [(f["row"], f["column"], f["value"], f["reason"]) for f in read.faults]


def test_a_good_row_becomes_an_event(tmp_path):
    read = read_text(tmp_path, lines(GOOD))
    (event,) = read.events["position_opened"]
    assert event["event_id"] == "made-up-1:opened"
    assert event["happened_on"].isoformat() == "2017-05-31"
    assert event["recorded_at"].isoformat() == "2017-05-31T12:00:00+00:00"
    assert event["originated_on"].isoformat() == "2016-01-01"
    assert (event["original_principal_fen"], event["balance_fen"], event["rate_annual"]) == (1364918, 1128152, 70_400_000_000)
    assert (event["installment_count"], event["dpd"], event["currency"]) == (73, None, "USD")
    assert event["source"] == "tape.csv:2"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path, end, start):
    read = read_text(tmp_path, start + lines(GOOD, SECOND, end=end))
    assert [e["loan_id"] for e in read.events["position_opened"]] == ["made-up-1", "made-up-2"]
    assert read.faults == []


def test_an_expected_moment_is_shown_by_example(tmp_path):
    moments = MAPPING.replace("format: MM-DD-YYYY", "format: [MM-DD-YYYY, moment]")
    (fault,) = read_text(tmp_path, lines(GOOD.replace("05-31-2017", "soon")), moments).faults
    assert fault["expected"] == "MM-DD-YYYY or a day and time, e.g. 2006-06-03T07:00:00Z"


@pytest.mark.parametrize("rows", [1, 2, 40_000])
def test_carriage_returns_alone_are_named(tmp_path, rows):
    assert "lines end with a carriage return alone" in refused(tmp_path, lines(*[GOOD] * rows, end="\r"))


def test_a_header_that_no_csv_has_is_refused_with_words(tmp_path):
    assert "tape.csv: line 1: the header cannot be read: field larger" in refused(tmp_path, "x" * 140_000 + "\n" + lines(GOOD))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("05-31-2017", "the last of May", ("happened_on", "the last of May", "cutoff is not a date")),
        ("05-31-2017", "02-30-2017", ("happened_on", "02-30-2017", "cutoff is a day that does not exist")),
        ("05-31-2017", "", ("happened_on", None, "cutoff is missing")),
        ("11281.52", "-11281.52", ("balance_fen", "-11281.52", "balance is negative")),
        ("11281.52", "11281.525", ("balance_fen", "11281.525", "balance has more than 2 decimals")),
        ("11281.52", "eleven", ("balance_fen", "eleven", "balance is not a number")),
        ("11281.52", "NA", ("balance_fen", None, "balance is missing")),
        ("0.0704", "7.04", ("rate_annual", "7.04", "rate is above 100 % a year")),
        ("0.0704", "-0.07", ("rate_annual", "-0.07", "rate is negative")),
        (",73", ",73.5", ("installment_count", "73.5", "term is not a whole number")),
        ("made-up-1", "made\x07up", ("loan_id", "made\x07up", "id holds control characters")),
    ],
)
def test_a_bad_value_sets_its_row_aside(tmp_path, old, new, fault):
    read = read_text(tmp_path, lines(SECOND, GOOD.replace(old, new)))
    assert (3, *fault) in faults(read)
    assert [e["loan_id"] for e in read.events["position_opened"]] == ["made-up-2"]
    assert (read.file.read, read.file.accepted, read.file.quarantined) == (2, 1, 1)


def test_rows_of_the_wrong_width_are_set_aside_and_the_rest_keep_their_numbers(tmp_path):
    rows = [GOOD, "short,row", SECOND, GOOD.replace("made-up-1", "made-up-3") + ",extra", GOOD.replace("made-up-1", "made-up-4")]
    read = read_text(tmp_path, lines(*rows))
    assert [e["source"] for e in read.events["position_opened"]] == ["tape.csv:2", "tape.csv:4", "tape.csv:6"]
    assert faults(read) == [
        (3, None, "short,row", "the row has 2 columns, the header has 7"),
        (5, None, rows[3], "the row has 8 columns, the header has 7"),
    ]
    assert (read.file.read, read.file.accepted, read.file.quarantined) == (5, 3, 2)


def test_a_row_of_one_column_is_told_so(tmp_path):
    assert faults(read_text(tmp_path, lines(GOOD, "short"))) == [(3, None, "short", "the row has 1 column, the header has 7")]


def test_row_numbers_hold_over_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 400)
    rows = ["bad,row" if n % 7 == 3 else GOOD.replace("made-up-1", f"made-up-{n}") for n in range(100)]
    read = read_text(tmp_path, lines(*rows))
    assert all(
        e["source"] == f"tape.csv:{int(e['loan_id'].removeprefix('made-up-')) + 2}" for e in read.events["position_opened"]
    )
    assert [f["row"] for f in read.faults] == [n + 2 for n in range(100) if n % 7 == 3]
    assert read.file.read == read.file.accepted + read.file.quarantined == 100


def test_a_repeated_id_is_set_aside_with_the_place_of_the_first(tmp_path):
    read = read_text(tmp_path, lines(GOOD, SECOND, GOOD))
    assert [(f["row"], f["reason"]) for f in read.faults] == [
        (4, "the event id stands already in tape.csv, row 2, with the same content"),
    ]
    assert len(read.events["position_opened"]) == 2


def test_of_rows_with_one_id_that_differ_none_is_taken_in_any_order(tmp_path):
    changed = GOOD.replace("11281.52", "11000.00")
    for rows in itertools.permutations([GOOD, GOOD, changed]):
        read = read_text(tmp_path, lines(*rows, SECOND))
        assert [e["loan_id"] for e in read.events["position_opened"]] == ["made-up-2"]
        assert [f["reason"] for f in read.faults] == [
            "the event id stands again in tape.csv, row 3; the rows of this id differ, so none is taken",
            "the event id stands already in tape.csv, row 2; the rows of this id differ, so none is taken",
            "the event id stands already in tape.csv, row 2; the rows of this id differ, so none is taken",
        ]


CHARGES = """
      charge_added:
        columns:
          event_id: {template: "{loan_id}:{component}"}
          loan_id: id
          happened_on: {from: cutoff, format: MM-DD-YYYY}
          component: term
          amount_fen: amount
"""


def test_rows_that_share_one_event_and_differ_in_another_are_both_set_aside(tmp_path):
    mapping = MAPPING.replace("installment_count: term", "installment_count: {value: 60}") + CHARGES.strip("\n")
    fee, penalty = (GOOD.replace(",73", f",{word}") for word in ("fee", "penalty"))
    for rows in itertools.permutations([fee, penalty]):
        read = read_text(tmp_path, lines(*rows), mapping)
        assert read.events == {}
        assert {(f["row"], f["event"]) for f in read.faults} == {(2, "position_opened"), (3, "position_opened")}


def test_a_word_that_the_book_does_not_know_takes_the_whole_row_along(tmp_path):
    mapping = MAPPING.replace("installment_count: term", "installment_count: {value: 60}") + CHARGES.strip("\n")
    read = read_text(tmp_path, lines(GOOD.replace(",73", ",fee"), SECOND.replace(",73", ",fine")), mapping)
    assert {kind: [e["loan_id"] for e in rows] for kind, rows in read.events.items()} == {
        "position_opened": ["made-up-1"],
        "charge_added": ["made-up-1"],
    }
    assert faults(read) == [(3, "component", "fine", "component is not a known word")]
    assert (read.file.read, read.file.accepted, read.file.quarantined) == (2, 1, 1)


def test_a_missing_column_is_named_with_the_line_of_the_mapping_and_the_nearest(tmp_path):
    said = refused(tmp_path, lines(GOOD).replace("balance", "balanc"))
    assert "tape.csv: there is no column 'balance', which" in said
    assert "made_up.yaml:19 reads. The nearest is 'balanc'." in said


def test_a_column_that_stands_twice_is_refused(tmp_path):
    assert "the column 'rate' stands twice" in refused(tmp_path, lines(GOOD).replace("term", "rate"))


def test_an_optional_column_may_be_absent(tmp_path):
    mapping = MAPPING + "          dpd: {from: days_late, optional: true}\n"
    (event,) = read_text(tmp_path, lines(GOOD), mapping).events["position_opened"]
    assert event["dpd"] is None


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_recognised_and_can_be_set(tmp_path, separator):
    text = lines(GOOD).replace(",", separator)
    assert "Set delimiter:" in refused(tmp_path, text)
    shown = "\\t" if separator == "\t" else separator
    mapping = MAPPING.replace("format: csv", f'format: csv\n    delimiter: "{shown}"')
    assert len(read_text(tmp_path, text, mapping).events["position_opened"]) == 1


def test_wrong_encoding_names_the_byte_and_line_and_can_be_set(tmp_path):
    text = lines(SECOND, GOOD.replace("made-up-1", "façade"))
    said = refused(tmp_path, text.encode("latin-1"))
    assert said.startswith("tape.csv: line 3 has the byte 0xe7, which is not UTF-8 text. Set encoding")
    mapping = MAPPING.replace("format: csv", "format: csv\n    encoding: latin-1")
    assert [e["loan_id"] for e in read_text(tmp_path, text.encode("latin-1"), mapping).events["position_opened"]][1] == "façade"


def test_utf16_is_named_and_can_be_set(tmp_path):
    text = lines(GOOD).encode("utf-16")
    assert "UTF-16 text. Set encoding: utf-16" in refused(tmp_path, text)
    mapping = MAPPING.replace("format: csv", "format: csv\n    encoding: utf-16")
    assert len(read_text(tmp_path, text, mapping).events["position_opened"]) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "tape.csv: the file is empty"),
        (b"\n", "the first line is empty; it must be the header"),
        (b"PK\x03\x04junk", "a ZIP archive or an Excel workbook"),
        (b"PAR1junk", "a Parquet file"),
        (lines(GOOD).encode().replace(b"0.0704", b"0.0\x0004"), "is NUL: this is not a text file"),
        (lines(GOOD).encode() + GOOD.encode()[:30], "the file is cut off: its last row (3) has 4 of 7 columns and no line end"),
        (lines(GOOD).encode() + b'"made-up-9,05-31-2017\n' + b"x" * (9 << 20), "a quote is opened and never closed"),
        (b"x" * (3 << 20), "the first line is longer than"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(tmp_path, content, said):
    assert said in refused(tmp_path, content)


def test_a_header_alone_is_no_row(tmp_path):
    read = read_text(tmp_path, HEADER + "\n")
    assert (read.file.read, read.events, read.faults) == (0, {}, [])


def test_a_last_line_without_its_end_is_read(tmp_path):
    assert len(read_text(tmp_path, lines(GOOD, SECOND).rstrip("\n")).events["position_opened"]) == 2


def test_gzip_is_read_and_a_cut_or_damaged_one_refused(tmp_path):
    packed = gzip.compress(lines(*(GOOD.replace("made-up-1", f"made-up-{n}") for n in range(2000))).encode())
    assert read_text(tmp_path, packed, name="tape.csv.gz").file.accepted == 2000
    assert "the archive is cut off after" in refused(tmp_path, packed[:-20], name="tape.csv.gz")
    damaged = packed[: len(packed) // 2] + b"\xff" * 40 + packed[len(packed) // 2 + 40 :]
    assert "the archive is damaged after" in refused(tmp_path, damaged, name="tape.csv.gz")


def test_a_gzip_bomb_is_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "_FREE_BYTES", 4 << 20)
    row = (GOOD + "\n").encode()
    packed = gzip.compress(HEADER.encode() + b"\n" + row * ((256 << 20) // len(row)), 9)
    assert len(packed) < 3 << 20
    said = refused(tmp_path, packed, name="tape.csv.gz")
    assert "unpacks to more than 250 times its size" in said
    read = int(re.search(r"\(([\d,]+) bytes so far\)", said)[1].replace(",", ""))
    assert read < 32 << 20


def test_a_file_that_is_not_there_or_a_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, said in (("nothing.csv", "cannot be read: No such file"), ("folder.csv", "this is a folder")):
        with pytest.raises(RequestError, match=said):
            read_files(tmp_path, [tmp_path / name])


def test_a_name_no_tape_reads_and_a_file_named_twice(tmp_path):
    (tmp_path / "tape.csv").write_text(lines(GOOD))
    with pytest.raises(RequestError, match=r"has no tape for this file name\. It reads loans:"):
        read_files(tmp_path, [tmp_path / "tape.txt"])
    with pytest.raises(RequestError, match="a file of the same name is already in this import"):
        read_files(tmp_path, [tmp_path / "tape.csv", tmp_path / "tape.csv"])


@pytest.mark.parametrize("good", [0, 1])
def test_a_header_that_fits_no_row_refuses_the_file_instead_of_every_row(tmp_path, monkeypatch, good):
    monkeypatch.setattr(csv_reader, "_MISFITS_MAX", 50)
    rows = [GOOD] * good + [GOOD + ",extra"] * 51
    assert f"more than 50 rows on end have not the header's 7 columns; the first is row {2 + good} with 8." in refused(
        tmp_path, lines(*rows)
    )


def test_rows_of_the_wrong_width_are_told_block_by_block_with_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(csv_reader, "_MISFITS_MAX", 200)
    bad = set(range(0, 5_000, 3)) | set(range(2_000, 2_150))
    rows = [GOOD.replace("made-up-1", f"made-up-{n}") + ",extra" * (n in bad) for n in range(5_000)]
    read = read_text(tmp_path, lines(*rows))
    assert [f["row"] for f in read.faults] == [n + 2 for n in sorted(bad)]
    assert [e["source"] for e in read.events["position_opened"]] == [f"tape.csv:{n + 2}" for n in range(5_000) if n not in bad]
    assert (read.file.read, read.file.quarantined) == (5_000, len(bad))


def test_a_quote_that_is_never_closed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 4096)
    rows = [GOOD.replace("made-up-1", f"made-up-{n}") for n in range(500)]
    assert "a quote is opened and" in refused(tmp_path, lines(*rows[:250], '"' + rows[250], *rows[251:]))


def test_one_endless_line_is_refused_long_before_its_end(tmp_path):
    path = tmp_path / "tape.csv"
    with path.open("wb") as file:
        file.write(lines(GOOD).encode())
        for _ in range(200):
            file.write(b"x" * (1 << 20))
    read: list[int] = []
    with pytest.raises(RequestError, match="a row is longer than 8,388,608 bytes"):
        read_tape(read_mapping(write_mapping(tmp_path)), [path], tmp_path, {}, lambda _, at: read.append(at))
    # The reader of the file may be sixteen blocks ahead of the one that finds no end of the line.
    assert max(read) < 18 * (8 << 20)
