"""`loanbook tieout`: exit codes, what it writes, and accepted findings in the next version of a document."""

import csv
import json
import sys
from pathlib import Path

import pytest

from loanbook import cli
from loanbook.tieout.relation import Status
from tests.tieout.releases.filing import quarterly_report
from tests.tieout.releases.insurer import insurer
from tests.tieout.releases.us_bank import us_bank


@pytest.fixture
def tieout(monkeypatch, capsys):
    """Runs the command; gives its exit code, what it says, and what it complains of."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["loanbook", "tieout", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, " ".join(said.err.split())

    return run


@pytest.fixture
def bank(tmp_path) -> Path:
    return us_bank(3).save(tmp_path)


def spoiled(path: Path, row: str = "| **Total assets** |", *, name: str = "") -> Path:
    """The file with two digits swapped in the first figure of a row."""
    text = path.read_text(encoding="utf-8")
    at = text.index(row) + len(row)
    first = next(place for place in range(at, len(text)) if text[place].isdigit() and text[place] != text[place + 1].strip(","))
    changed = text[:first] + text[first + 1] + text[first] + text[first + 2 :]
    file = path.with_name(name or f"spoiled_{path.name}")
    file.write_text(changed, encoding="utf-8")
    return file


def test_a_release_that_ties_ends_with_nought(tieout, bank):
    code, said, wrong = tieout(bank)
    assert (code, wrong) == (0, "")
    assert "Nothing to look at" in said
    assert "Totals are the sum of the lines as printed." in said


def test_a_wrong_total_is_named_with_its_line_and_ends_with_one(tieout, bank):
    file = spoiled(bank)
    code, said, _ = tieout(file)
    line = file.read_text().splitlines().index(next(each for each in file.read_text().splitlines() if "Total assets" in each)) + 1
    assert code == 1
    assert "1 error:" in said
    assert f"{file}:{line}: Total assets" in said


def test_an_error_does_not_end_with_one_where_nothing_is_to_fail(tieout, bank):
    assert tieout(spoiled(bank), "--fail-on", "never")[0] == 0


def test_a_departure_from_practice_fails_only_where_it_is_asked_to(tieout, bank):
    text = bank.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| Premises and equipment"))
    cell = row.split("|")[2].strip()
    wrong = f"{int(cell.replace(',', '')) + 1:,}"
    bank.write_text(text.replace(row, row.replace(cell, wrong, 1)), encoding="utf-8")
    code, said, _ = tieout(bank)
    assert code == 0
    assert "departs from this issuer's practice" in said
    assert tieout(bank, "--fail-on", "practice")[0] == 1
    assert tieout(bank, "--fail-on", "rounding")[0] == 1


def test_json_and_csv_hold_every_figure_with_its_status(tieout, bank, tmp_path):
    file = spoiled(bank)
    tieout(file, "--json", tmp_path / "out.json", "--csv", tmp_path / "out", "--html", tmp_path / "out.html")
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    truths = us_bank(3).truths
    assert len(found["figures"]) == len(truths)
    assert {each["status"] for each in found["figures"]} <= {status.value for status in Status}
    assert [each["severity"] for each in found["findings"]] == ["error"]
    names = {each["id"] for each in found["figures"]}
    relations = {each["id"] for each in found["relations"]}
    assert {figure for each in found["findings"] for figure in each["figures"]} <= names
    assert {name for each in found["figures"] for name in each["relations"]} <= relations
    failed = [each for each in found["figures"] if each["status"] == "failed"]
    assert [(each["label"], each["unit"], each["currency"]) for each in failed] == [("Total assets", "money", "USD")]
    tables = {path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in (tmp_path / "out").glob("*.csv")}
    assert [row["id"] for row in tables["figures"]] == [each["id"] for each in found["figures"]]
    assert [row["id"] for row in tables["findings"]] == [each["id"] for each in found["findings"]]
    assert "Total assets" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_an_accepted_finding_is_carried_to_the_next_version_whose_lines_moved(tieout, bank, tmp_path):
    file = spoiled(bank, name="release.md")
    assert tieout(file, "--write-notes", tmp_path / "notes.csv")[0] == 1
    notes = list(csv.DictReader((tmp_path / "notes.csv").open(encoding="utf-8")))
    assert [row["severity"] for row in notes] == ["error"]
    notes[0]["reason"] = "agreed with the preparer, corrected in the annual report"
    accept(tmp_path / "notes.csv", notes)
    head, rest = file.read_text(encoding="utf-8").split("\n\n", 1)
    file.write_text(f"{head}\n\nThis announcement was corrected on a later day.\n\nA second line.\n\n{rest}", encoding="utf-8")
    code, said, _ = tieout(file, "--notes", tmp_path / "notes.csv", "--write-notes", tmp_path / "next.csv")
    assert code == 0
    assert "1 accepted by notes: nothing is open." in said
    (carried,) = csv.DictReader((tmp_path / "next.csv").open(encoding="utf-8"))
    assert (carried["finding"], carried["reason"]) == (notes[0]["finding"], notes[0]["reason"])
    assert int(carried["place"].rsplit(":", 1)[1]) == int(notes[0]["place"].rsplit(":", 1)[1]) + 4
    again = spoiled(file, "| **Net income** |", name="again.md")
    assert tieout(again, "--notes", tmp_path / "notes.csv")[0] == 1


def accept(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_releases_of_several_kinds_are_read_in_one_call(tieout, tmp_path):
    code, said, _ = tieout(insurer(1).save(tmp_path), quarterly_report(1).save(tmp_path))
    assert code == 0
    assert f"{len(insurer(1).truths) + len(quarterly_report(1).truths):,}" in said


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("report.docx", b"PK\x03\x04rest", "is a zip archive"),
        ("report.pdf", b"no page at all", "does not begin as one"),
        ("report.pdf", b"%PDF-1.7\ngarbage " * 50, "not readable as PDF"),
        ("report.txt", b"\x7fELF\x00\x00\x01", "is no text"),
    ],
)
def test_files_that_are_no_document_end_with_two_and_words(tieout, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    code, _, wrong = tieout(tmp_path / name)
    assert code == 2
    assert words in wrong
    assert name in wrong
    assert "Traceback" not in wrong


def test_a_missing_file_a_folder_and_the_same_file_twice_end_with_two(tieout, bank, tmp_path):
    assert tieout(tmp_path / "nothing.txt")[0] == 2
    assert tieout(tmp_path)[0] == 2
    code, _, wrong = tieout(bank, tmp_path / "." / bank.name)
    assert code == 2
    assert "name each document once" in wrong
    (tmp_path / "copy.md").write_bytes(bank.read_bytes())
    code, _, wrong = tieout(bank, tmp_path / "copy.md")
    assert code == 2
    assert f"is a copy of {bank}" in wrong


def test_wrong_options_end_with_two(tieout, bank, tmp_path):
    assert tieout()[0] == 2
    assert tieout(bank, "--fail-on", "everything")[0] == 2
    assert tieout(bank, "--notes", tmp_path / "nothing.csv")[0] == 2
    (tmp_path / "notes.csv").write_text("reason\nbecause\n")
    code, _, wrong = tieout(bank, "--notes", tmp_path / "notes.csv")
    assert code == 2
    assert "finding is not there" in wrong
    for option in ("--json", "--html", "--write-notes"):
        code, _, wrong = tieout(bank, option, tmp_path / "no" / "file")
        assert code == 2
        assert "its folder is not there" in wrong
    assert tieout(bank, "--csv", bank)[0] == 2


def test_a_document_is_not_overwritten_and_a_device_not_replaced(tieout, bank):
    before = bank.read_bytes()
    for option in ("--html", "--json", "--write-notes"):
        code, _, wrong = tieout(bank, option, bank)
        assert (code, bank.read_bytes()) == (2, before)
        assert "is a document to check" in wrong
        assert tieout(bank, option, "/dev/null")[0] == 2
    assert not Path("/dev/null").is_file()


def test_what_checks_nothing_is_not_said_to_hold(tieout, tmp_path):
    empty, single = tmp_path / "empty.txt", tmp_path / "single.txt"
    empty.write_text("")
    single.write_text("Revenue was $5 million.\n")
    assert "Nothing to look at" not in tieout(empty)[1]
    code, said, _ = tieout(single)
    assert code == 0
    assert "no relation was found" in said


def test_a_document_of_which_no_figure_is_read_ends_with_two_beside_others_too(tieout, bank, tmp_path):
    """In a build a failed extraction must not pass."""
    empty = tmp_path / "scan.html"
    empty.write_text("<html><body><img src='page1.png'></body></html>")
    for files in ((empty,), (bank, empty)):
        code, said, wrong = tieout(*files, "--fail-on", "never")
        assert code == 2
        assert "all" in said
        assert f"{empty}: no figure was read." in wrong


def test_reasons_stay_when_notes_are_written_onto_their_file(tieout, bank, tmp_path):
    file, notes = spoiled(bank), tmp_path / "notes.csv"
    tieout(file, "--write-notes", notes)
    (row,) = csv.DictReader(notes.open(encoding="utf-8"))
    accept(notes, [row | {"reason": "agreed"}, row | {"finding": "0" * 12, "reason": "of a finding that is gone"}])
    assert tieout(file, "--write-notes", notes)[0] == 1
    (kept,) = csv.DictReader(notes.open(encoding="utf-8"))
    assert kept == row | {"reason": "agreed"}
    other = tmp_path / "list.csv"
    other.write_text("name,amount\nHeron,1\n")
    assert tieout(file, "--write-notes", other)[0] == 2
    assert other.read_text() == "name,amount\nHeron,1\n"
