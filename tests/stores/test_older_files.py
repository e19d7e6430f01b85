"""Event files of a version that did not know a column: read as null, known again, beside files of today."""

import msgspec
import pyarrow.parquet as pq

from loanbook.stores.book import Book, create_book, describe, write_manifest
from loanbook.stores.event_rows import OWN_PART
from loanbook.stores.intake import append
from loanbook.stores.projection import project
from loanbook.stores.schema import ADDED
from loanbook.terms.contract import Field
from tests.stores.rows import TERMS, loan, payment, table


def as_written_before(book: Book, unknown: tuple[str, ...] = ADDED) -> Book:
    """The book with its loans as an earlier version wrote them, which did not know some columns."""
    batches = []
    for batch in book.manifest.batches:
        events = {}
        for kind, file in batch.events.items():
            path = book.folder / file.path
            held = pq.read_table(path)
            pq.write_table(held.drop_columns([name for name in unknown if name in held.column_names]), path)
            events[kind] = describe(path, book.folder, file.rows)
        batches.append(msgspec.structs.replace(batch, events=events))
    manifest = msgspec.structs.replace(book.manifest, batches=tuple(batches))
    write_manifest(book.folder, manifest)
    return Book(book.folder, manifest)


def test_loans_of_an_earlier_version_name_no_vehicle_and_are_known_again(tmp_path):
    loans, payments = [loan("A", "2024-01-15"), loan("B", "2024-02-15")], [payment("A", 1, "2024-02-15", 5)]
    tables = {"loan_disbursed": table("loan_disbursed", loans), "payment_received": table("payment_received", payments)}
    book = as_written_before(append(create_book(tmp_path / "old", currency="CNY"), tables, terms={"sample_level": TERMS}).book)
    assert not set(ADDED) & set(pq.read_schema(book.files("loan_disbursed")[0]).names)
    again = append(book, tables)
    assert again.skipped == {"loan_disbursed": 2, "payment_received": 1}
    assert project(book, on_progress=lambda *_: None).classes().vehicles == ()
    loans = [loan("C", "2024-03-15", vehicle="harbour_trust_1"), loan("D", "2024-03-16", partner="heron_bank")]
    book = append(book, {"loan_disbursed": table("loan_disbursed", loans)}).book
    projection = project(book, on_progress=lambda *_: None)
    classes = projection.classes()
    assert projection.loans == 4
    assert (classes.vehicles, classes.partners) == (("harbour_trust_1",), ("heron_bank",))


def test_files_of_three_versions_are_read_together(tmp_path):
    """Before vehicles, with vehicles and before shares, and of today; each knows what it knew."""

    def told(book, rows):
        return append(book, {"loan_disbursed": table("loan_disbursed", rows)}, terms={"sample_level": TERMS}).book

    book = as_written_before(told(create_book(tmp_path / "old", currency="CNY"), [loan("A", "2024-01-15")]))
    second = told(book, [loan("B", "2024-02-15", vehicle="harbour_trust_1")])
    newest = second.manifest.batches[-1]
    alone = as_written_before(Book(second.folder, msgspec.structs.replace(second.manifest, batches=(newest,))), OWN_PART)
    batches = (*second.manifest.batches[:-1], *alone.manifest.batches)
    manifest = msgspec.structs.replace(second.manifest, batches=batches)
    write_manifest(second.folder, manifest)
    book = told(Book(second.folder, manifest), [loan("C", "2024-03-15", own_principal_ppm=300_000)])
    held = [set(pq.read_schema(path).names) for path in book.files("loan_disbursed")]
    assert sorted(len(set(ADDED) - names) for names in held) == [0, len(OWN_PART), len(ADDED)]
    classes = project(book, on_progress=lambda *_: None).classes()
    assert classes.vehicles == ("harbour_trust_1",)
    assert sorted(classes.rows[:, Field.OWN_PRINCIPAL].tolist()) == [300_000, 1_000_000, 1_000_000]
