"""Corporate events from files: what is taken, what is set aside and why, and that totals and repeats hold."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loanbook.accounting.corporate_events import BY_NAME, COST_LINES
from loanbook.errors import RequestError, TieError
from loanbook.stores.corporate_ledger import import_corporate, load_corporate
from loanbook.stores.importers.corporate import CorporateReading, contents, read_corporate
from loanbook.units import RATE_SCALE
from tests.accounting.corporate import COSTS, MOMENT, YEAR, written, year


def read(folder: Path, text: str, name: str = "costs.csv", **more: object) -> CorporateReading:
    kind = "cost_incurred" if name == "costs.csv" else None
    return read_corporate(written(folder, name, text), recorded_at=MOMENT, **{"kind": kind, **more})  # type: ignore[arg-type]


def told(reading: CorporateReading) -> list[tuple[int, str, str, str]]:
    return [(f["row"], f["column"], f["value"], f["reason"]) for f in reading.faults.to_pylist()]


def test_a_cost_ledger_comes_in_by_its_own_headings(tmp_path: Path) -> None:
    reading = read(tmp_path, COSTS)
    table = reading.tables["cost_incurred"]
    assert table["amount_fen"].to_pylist() == [120_050, 30_000, -2_025]
    assert table["counterparty"].to_pylist()[0] == "Tideline Media"
    assert table["source"].to_pylist() == ["costs.csv:2", "costs.csv:3", "costs.csv:4"]
    assert (reading.given.rows, dict(reading.given.amounts)) == (3, {"CNY": 148_025})
    assert reading.accepted == reading.given


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("1200.50", "12OO", (2, "amount", "12OO", "is not a number")),
        ("1200.50", "1200.505", (2, "amount", "1200.505", "has more than 2 decimals")),
        ("1200.50", "", (2, "amount", "", "is missing")),
        ("1200.50", "12000000000000.01", (2, "amount", "12000000000000.01", "is larger than any company's money")),
        ("2024-07-31", "2024-02-30", (2, "happened_on", "2024-02-30", "is a day that does not exist")),
        ("sales_and_marketing", "marketing", (2, "line", "marketing", "is not known")),
        ("2024-07-31,harbour,sales", "2024-07-31,harbor,sales", (2, "entity", "harbor", "is not known")),
        ("1200.50,CNY", "1200.50,RMB", (2, "currency", "RMB", "is no currency of ISO 4217")),
        ("credit note,C3", "credit note,C2", (4, "event_id", "C2", "is used with other content")),
        (",C1", "", (2, None, COSTS.splitlines()[1][:-3], "the row has 7 columns, the header has 8")),
    ],
)
def test_a_bad_row_is_set_aside_with_place_value_and_reason(
    tmp_path: Path, old: str, new: str, fault: tuple[int, str, str, str]
) -> None:
    reading = read(tmp_path, COSTS.replace(old, new, 1), entities=["harbour"])
    assert told(reading) == [fault]
    assert (reading.given.rows, reading.accepted.rows, reading.quarantined.rows) == (3, 2, 1)
    assert sum(part.amounts.get("CNY", 0) for part in (reading.accepted, reading.quarantined)) == reading.given.amounts["CNY"]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (
            "kind: manual_entry, book: core, debit: 5040, credit: 2110, amount: 7, maker: ada, checker: ada",
            "checker",
            "is the same as maker",
        ),
        (
            "kind: manual_entry, book: core, debit: 5040, credit: 5040, amount: 7, maker: ada, checker: ben",
            "credit",
            "is the same as debit",
        ),
        (
            "kind: manual_entry, book: core, debit: 5040, credit: 9999, amount: 7, maker: ada, checker: ben",
            "credit",
            "is not known",
        ),
        ("kind: intercompany_paid, counterparty: harbour, amount: 7", "counterparty", "is the same as entity"),
        ("kind: intercompany_paid, counterparty: stranger, amount: 7", "counterparty", "is not known"),
        ("kind: dividend_declared, record_on: 2024-08-12, per_share: 0.3, shares: 1", "record_on", "is before happened_on"),
        ("kind: shares_retired, shares: 0", "shares", "is too small"),
        ("kind: shares_retired, shares: 1, plan: A", "plan", "is no column of shares_retired"),
        ("kind: cost_accrued, amount: 1", "kind", "is no kind of event"),
    ],
)
def test_what_must_hold_between_columns(tmp_path: Path, line: str, column: str, reason: str) -> None:
    text = f"- {{event_id: X1, entity: harbour, currency: CNY, happened_on: 2024-08-13, {line}}}\n"
    reading = read(tmp_path, text, "events.yaml", entities=["harbour", "parent"], accounts=["5040", "2110"])
    assert [(c, r) for _, c, _, r in told(reading)] == [(column, reason)]
    assert not reading.tables


def test_every_kind_of_the_example_year_is_read(tmp_path: Path) -> None:
    tables = year(tmp_path)
    assert tables["grant_made"]["fair_value_per_million_fen"].to_pylist() == [1_469_000_000] * 2
    assert tables["grant_made"]["exercise_price_per_million_fen"].to_pylist() == [1_000] * 2
    assert tables["fx_rate"]["rate"].to_pylist() == [7_0176 * RATE_SCALE // 10_000]
    assert tables["shares_repurchased"]["commission_fen"].to_pylist() == [10]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("costs.csv", COSTS.replace("amount", "amount_fen"), "the column amount_fen is in minor units"),
        ("events.yaml", "- {kind: shares_retired, amount_fen: 1}", "the column amount_fen is in minor units"),
        ("events.csv", COSTS, "there is no column kind"),
        ("events.csv", "", "the first line is empty"),
        ("events.csv", "a,a\n1,2\n", "the column a is there twice"),
        ("events.csv", 'a,b\n"1,2\n', "cannot be read"),
        ("events.yaml", "- [1, 2]\n", r"events.yaml:1: an event must be names with values"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        read(tmp_path, text, name)


def test_the_same_rows_again_are_skipped_and_changed_ones_refused(tmp_path: Path) -> None:
    first = read(tmp_path, COSTS)
    known = contents("cost_incurred", first.tables["cost_incurred"])
    again = read(tmp_path, COSTS + COSTS.splitlines()[1] + "\n", known=known)
    assert (again.accepted.rows, again.skipped.rows, again.quarantined.rows) == (0, 4, 0)
    changed = read(tmp_path, COSTS.replace("1200.50", "1200.51"), known=known)
    assert told(changed) == [(2, "event_id", "C1", "is used with other content")]


def test_a_ledger_is_kept_once_and_proven_when_loaded(tmp_path: Path) -> None:
    costs, more = written(tmp_path, "costs.csv", COSTS), written(tmp_path, "year.yaml", YEAR)
    book = tmp_path / "book"
    files = ((costs, "cost_incurred"), (costs, "cost_incurred"), (more, None))
    numbers = [import_corporate(book, path, recorded_at=MOMENT, kind=kind).number for path, kind in files]
    assert numbers == [1, 0, 2]
    tables = load_corporate(book)
    assert tables["cost_incurred"].num_rows == 3
    assert sum(table.num_rows for table in tables.values()) == 3 + YEAR.count("kind:")
    stored = next((book / "corporate" / "000001").glob("cost_incurred.parquet"))
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(TieError, match="was changed after it was committed"):
        load_corporate(book)


def test_refused_rows_are_kept_with_their_reason(tmp_path: Path) -> None:
    bad = written(tmp_path, "costs.csv", COSTS.replace("1200.50", "many"))
    book = tmp_path / "book"
    assert [import_corporate(book, bad, recorded_at=MOMENT, kind="cost_incurred").number for _ in range(2)] == [1, 0]
    assert (book / "corporate" / "000001" / "quarantine.parquet").exists()


amounts = st.one_of(st.integers(-(10**12), 10**12).map(lambda fen: f"{fen / 100:.2f}"), st.sampled_from(["", "x", "1.005"]))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["A1", "A2", "A3"]), amounts, st.sampled_from([*COST_LINES, "unknown"])), max_size=12))
def test_rows_and_money_in_are_rows_and_money_out(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    lines = [f"2024-07-31,harbour,{line},{amount},CNY,,,{event_id}" for event_id, amount, line in rows]
    reading = read(tmp_path_factory.mktemp("costs"), "\n".join([COSTS.splitlines()[0], *lines, ""]))
    parts = (reading.accepted, reading.skipped, reading.quarantined)
    assert sum(part.rows for part in parts) == len(rows) == reading.given.rows
    assert sum(part.amounts.get("CNY", 0) for part in parts) == reading.given.amounts.get("CNY", 0)
    readable = [amount for _, amount, _ in rows if amount not in ("", "x", "1.005")]
    assert reading.given.amounts.get("CNY", 0) == sum(round(float(amount) * 100) for amount in readable)


def test_kinds_are_well_made() -> None:
    for kind in BY_NAME.values():
        names = {column.name for column in kind.columns} | {"entity", "currency", "happened_on"}
        wanted = {name for name, _ in kind.words} | {name for pair in (*kind.differ, *kind.ordered) for name in pair}
        for posts in kind.posts:
            fields = (posts.amount, posts.component_of, posts.entity, posts.counterparty, posts.line, posts.account, posts.contra)
            wanted |= {name for name in (*fields, posts.reversed_on) if name}
            assert bool(posts.component) != bool(posts.component_of)
        assert wanted <= names, kind.name
        # What is billed ahead posts at once, and a close posts what of it is earned; nothing else does both.
        assert not (kind.posts and kind.measured) or kind.measured == "service"


def test_borrowings_that_contradict_their_drawing_are_set_aside(tmp_path: Path) -> None:
    """Each would stop every close, or post what nobody owes; the second file is judged by what the first one told."""
    loan = "line: short_term_loans, currency: CNY"
    ours = f"{loan}, entity: harbour"
    first = written(
        tmp_path,
        "first.yaml",
        f"""
- {{kind: debt_repaid, event_id: R1, happened_on: 2024-06-01, debt: A, amount: 400, {ours}}}
- {{kind: debt_drawn, event_id: D1, happened_on: 2024-05-01, debt: A, amount: 1000, matures_on: 2025-05-01, {ours}}}
- {{kind: debt_drawn, event_id: D2, happened_on: 2024-05-01, debt: B, amount: 1000, {ours}}}
- {{kind: debt_drawn, event_id: D3, happened_on: 2024-05-01, debt: C, amount: 10, matures_on: 2024-05-01, {ours}}}
""",
    )
    second = written(
        tmp_path,
        "second.yaml",
        f"""
- {{kind: debt_drawn, event_id: D4, happened_on: 2024-06-01, debt: A, amount: 5, matures_on: 2025-05-01, {ours}}}
- {{kind: debt_repaid, event_id: R2, happened_on: 2024-07-01, debt: Z, amount: 1, {ours}}}
- {{kind: debt_repaid, event_id: R3, entity: other, happened_on: 2024-07-01, debt: A, amount: 1, {loan}}}
- {{kind: debt_repaid, event_id: R4, happened_on: 2024-05-01, debt: A, amount: 1, {ours}}}
- {{kind: debt_repaid, event_id: R5, happened_on: 2024-07-01, debt: A, amount: 601, {ours}}}
- {{kind: issue_cost_paid, event_id: I1, happened_on: 2024-05-01, debt: A, amount: 1000, {ours}}}
- {{kind: debt_repaid, event_id: R6, happened_on: 2024-07-01, debt: A, amount: 600, {ours}}}
""",
    )
    book = tmp_path / "book"
    refused = []
    for path in (first, second, first):
        reading = import_corporate(book, path, recorded_at=MOMENT).reading
        refused.append([(row["column"], row["reason"]) for row in reading.faults.to_pylist()])
    assert refused[0] == refused[2] == [("matures_on", "is missing"), ("matures_on", "is not after happened_on")]
    assert refused[1] == [
        ("debt", "was drawn before"),
        ("debt", "was never drawn"),
        ("entity", "is not the one that the borrowing was drawn by"),
        ("happened_on", "is not after the borrowing was drawn"),
        ("amount", "is more than is owed"),
        ("amount", "leaves nothing of the borrowing"),
    ]
    held = load_corporate(book)
    assert {name: table["event_id"].to_pylist() for name, table in held.items()} == {
        "debt_drawn": ["D1"],
        "debt_repaid": ["R1", "R6"],
    }


def test_messages_are_in_the_words_of_the_file_and_the_place_of_what_was_set_aside_is_told(tmp_path: Path) -> None:
    """No minor units, no setting of a mapping that a company's file does not have."""
    file = written(
        tmp_path,
        "taxes.yaml",
        """
    - {kind: debt_repaid, event_id: R1, entity: harbour, currency: CNY, happened_on: 2024-07-01, debt: A, amount: 0}
    - {kind: debt_repaid, event_id: R2, entity: harbour, currency: CNY, happened_on: 2024-07-01, debt: A, amount: "1,200.50"}
    """,
    )
    book = tmp_path / "book"
    for _ in range(2):
        receipt = import_corporate(book, file, recorded_at=MOMENT)
        rows = [row for row in receipt.reading.faults.to_pylist() if row["column"] == "amount"]
        assert [(row["column"], row["reason"], row["expected"]) for row in rows] == [
            ("amount", "is too small", "at least 0.01"),
            ("amount", "is not a number", "digits, e.g. 1234.56, without separators and signs"),
        ]
        assert receipt.quarantine == book / "corporate" / "000001" / "quarantine.parquet"
        assert pq.read_table(receipt.quarantine).equals(receipt.reading.faults)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from([1, 2]), st.booleans()), max_size=9),
    st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from([1, 2]), max_size=3),
)
def test_an_id_is_skipped_or_refused_as_if_each_line_were_judged_after_those_before_it(tmp_path_factory, lines, book) -> None:
    """The twin: a dict of what each id was first used for, in the book or on an earlier line that is not bad for itself."""
    folder = tmp_path_factory.mktemp("ids")
    head = "event_id,kind,entity,currency,happened_on,line,counterparty,amount\n"

    def line(event_id: str, amount: int, of_costs: bool) -> str:
        kind, about = ("cost_incurred", "general_and_administrative") if of_costs else ("interest_earned", "")
        return f"{event_id},{kind},harbour,CNY,2024-07-31,{about},Bank,{amount}\n"

    held = read(folder, head + "".join(line(name, amount, True) for name, amount in book.items()), "held.csv")
    known = contents("cost_incurred", held.tables["cost_incurred"]) if book else None
    reading = read(folder, head + "".join(line(*each) for each in lines), "told.csv", known=known)
    first: dict[str, tuple[int, bool]] = {name: (amount, True) for name, amount in book.items()}
    skipped, refused = 0, []
    for number, (name, *content) in enumerate(lines, 2):
        skipped += first.get(name) == tuple(content)
        if first.setdefault(name, tuple(content)) != tuple(content):  # type: ignore[arg-type]
            refused.append((number, "event_id", name, "is used with other content"))
    assert told(reading) == refused
    assert (reading.skipped.rows, reading.given.rows) == (skipped, len(lines))
    assert reading.accepted.rows == len(lines) - skipped - len(refused)
