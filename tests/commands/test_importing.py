"""The commands of importing print what was read, and end with an error when a tape does not tie."""

import zipfile

import pytest

from loanbook.stores.book import book_folder, open_book
from loanbook.terms.catalogue import SHIPPED
from tests.docs.blocks import command
from tests.stores.importers.abs_ee import asset, write
from tests.stores.importers.tapes import GOOD, MAPPING, lines, write_mapping


def test_mappings_are_listed():
    code, said = command(["mappings"])
    assert code == 0
    for name in ("aart_2017_3", "abs_ee_auto_loan", "kiva", "lending_club", "uci_taiwan"):
        assert name in said


def test_an_import_shows_its_totals_and_what_it_set_aside(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD, GOOD.replace("made-up-1", "made-up-2").replace("05-31-2017", "soon")))
    code, said = command(["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name])
    assert code == 0
    assert "in = accepted + left out by the mapping + quarantined" in said
    assert "tape.csv, row 3: position_opened.happened_on: cutoff is not a date (soon). Expected: MM-DD-YYYY" in said
    assert "1 fault; the first 1:" in said
    assert f"1 new event in the book {tmp_path.name}." in said
    code, said = command(["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name])
    assert f"The book {tmp_path.name} held all of it already: nothing changed." in said


def test_a_dry_run_says_that_nothing_was_written(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD))
    code, said = command(["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name, "--dry-run"])
    assert (code, "Nothing was written." in said) == (0, True)


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_a_file_of_a_header_alone_is_said_to_hold_no_rows(tmp_path, words):
    for name, rows in (("tape.csv", []), ("other.csv", [GOOD])):
        (tmp_path / name).write_text(lines(*rows))
    given = ["import", str(write_mapping(tmp_path)), str(tmp_path / "tape.csv"), "--book", tmp_path.name, *words]
    code, said = command(given)
    assert (code, "tape.csv: the file holds no rows." in said, "Nothing was" in said) == (0, True, True)
    code, said = command([*given, str(tmp_path / "other.csv")])
    assert (code, "tape.csv: the file holds no rows." in said, "other.csv: the file" in said) == (0, True, False)


def test_an_import_that_only_archives_terms_says_so(tmp_path):
    terms = tmp_path / "own.yaml"
    own = (SHIPPED / "auto_loan.yaml").read_text().replace("effective_from: 2000-01-01", "effective_from: 2010-01-01")
    terms.write_text(own)
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD))
    given = ["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name]
    assert "It archives terms now: auto_loan in force from 2010-01-01." in command([*given, "--terms", str(terms)])[1]
    terms.write_text(own.replace("2010-01-01", "2005-01-01"))
    assert (
        "The book would archive terms: auto_loan in force from 2005-01-01."
        in (command([*given, "--terms", str(terms), "--dry-run"])[1])
    )
    _, said = command([*given, "--terms", str(terms)])
    assert (
        f"The book {tmp_path.name} held all events already.\nIt archives terms now: auto_loan in force from 2005-01-01." in said
    )
    assert "nothing changed" not in said
    assert "nothing changed" in command([*given, "--terms", str(terms)])[1]


def test_a_day_to_come_is_taken_on_request(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD.replace("05-31-2017", "05-31-2199")))
    given = ["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name]
    code, said = command(given)
    assert (code, "position_opened.happened_on: the day has not come: today is" in said, "--allow-future" in said) == (
        1,
        True,
        True,
    )
    assert (command([*given, "--allow-future"])[0], open_book(tmp_path.name).rows("position_opened")) == (0, 1)


def test_an_import_of_bad_rows_only_ends_with_an_error(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD.replace("05-31-2017", "soon")))
    code, said = command(["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name])
    assert code == 1
    assert "cutoff is not a date" in said


def test_a_file_that_is_not_there_and_a_folder_are_said_before_anything_is_read(tmp_path):
    for path, words in ((tmp_path / "none.zip", "there is no such file, so nothing was imported."), (tmp_path, "is a folder.")):
        code, said = command(["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name])
        assert (code, words in " ".join(said.split())) == (2, True), said
    assert not book_folder(tmp_path.name).exists()


def test_more_quarantined_rows_than_allowed_import_nothing(tmp_path):
    path = tmp_path / "tape.csv"
    bad = [GOOD.replace("made-up-1", f"made-up-{n}").replace("05-31-2017", "soon") for n in (2, 3)]
    path.write_text(lines(GOOD, *bad))
    words = ["import", str(write_mapping(tmp_path)), str(path), "--book", tmp_path.name, "--max-quarantined"]
    code, said = command([*words, "1"])
    assert code == 2
    assert "error: 2 rows cannot be trusted, and at most 1 may be set aside, so nothing was imported." in said
    assert "The first: tape.csv, row 3: position_opened.happened_on: cutoff is not a date (soon)." in said
    assert not book_folder(tmp_path.name).exists()
    code, said = command([*words, "1", "--dry-run"])
    assert (code, "tape.csv, row 4: position_opened.happened_on" in said) == (1, True)
    assert command([*words, "2"])[0] == 0
    assert open_book(tmp_path.name).rows("position_opened") == 1


@pytest.mark.parametrize(
    ("last", "code", "words"), [("17400.00", 0, "It ties to the cent."), (None, 2, "the tape does not tie: -300.00 unexplained")]
)
def test_reconcile_ends_with_an_error_when_the_tape_does_not_tie(tmp_path, last, code, words):
    files = [
        write(tmp_path, f"made-up-{m}.xml", [asset(1, m, b)]) for m, b in (("06", "18000.00"), ("07", "17700.00"), ("08", last))
    ]
    assert command(["import", "abs_ee_auto_loan", *map(str, files), "--book", tmp_path.name])[0] == 0
    ended, said = command(["reconcile", tmp_path.name, "--exceptions", str(tmp_path / "exceptions.csv")])
    assert (ended, words in said) == (code, True)
    assert (tmp_path / "exceptions.csv").read_text().startswith("loan_id,month_end,kind")
    ended, said = command(["reconcile", tmp_path.name, "--exceptions", str(tmp_path / "exceptions.xlsx")])
    with zipfile.ZipFile(tmp_path / "exceptions.xlsx") as parts:
        assert "month_end" in parts.read("xl/worksheets/sheet1.xml").decode()


def test_amounts_are_shown_with_the_decimals_of_the_book_and_own_terms_come_on_the_command_line(tmp_path):
    terms = tmp_path / "fine_loan.yaml"
    text = (SHIPPED / "auto_loan.yaml").read_text().replace("product: auto_loan", "product: fine_loan")
    terms.write_text(text.replace("currency: USD", "currency: USD\ndecimals: 3"))
    mapping = write_mapping(
        tmp_path, MAPPING.replace("auto_loan", "fine_loan").replace("currency: USD", "currency: USD\ndecimals: 3")
    )
    path = tmp_path / "tape.csv"
    path.write_text(lines(GOOD))
    given = ["import", str(mapping), str(path), "--book", tmp_path.name]
    code, said = command(given)
    assert (code, "loans name the product 'fine_loan', which has no terms" in " ".join(said.split())) == (2, True)
    code, said = command([*given, "--terms", str(terms)])
    assert (code, "balance 11,281.520" in said) == (0, True)
