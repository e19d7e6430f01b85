"""The projection: derived from events, compact only where it reproduces them exactly, the same bytes when rebuilt."""

import datetime as dt
import hashlib

import numpy as np
import pytest

from loanbook import units
from loanbook.errors import StateError
from loanbook.loans.batches import CompactBatch, IrregularBatch, ReportedBatch
from loanbook.loans.facts import FactKind
from loanbook.stores import building
from loanbook.stores.batch_files import from_table, kind_of, read_batch, select_loans, to_table
from loanbook.stores.book import create_book
from loanbook.stores.intake import append
from loanbook.stores.projection import current_projection, drop_projection, project
from loanbook.stores.proving import prove
from loanbook.terms.contract import Field
from loanbook.units import NEVER
from tests.stores.rows import TERMS, day, loan, moment, paid_in_full, payment, schedule, table


@pytest.fixture
def book(tmp_path):
    return append(create_book(tmp_path / "sample"), {}, terms={"sample_level": TERMS}).book


def fill(book, loans, payments=(), **others):
    tables = {"loan_disbursed": table("loan_disbursed", loans)}
    if payments:
        tables["payment_received"] = table("payment_received", list(payments))
    tables |= {kind: table(kind, rows) for kind, rows in others.items()}
    return append(book, tables).book


def by_loan(projection):
    """loan id -> (kind of batch, batch of that loan alone)."""
    found = {}
    for batch in projection.batches():
        for place, loan_id in enumerate(projection.loan_ids(batch.loan_no)):
            found[loan_id] = (kind_of(batch), select_loans(batch, np.arange(batch.loan_no.size) == place))
    return found


def kinds(projection):
    return {loan_id: kind for loan_id, (kind, _) in by_loan(projection).items()}


def test_whole_instalments_in_order_are_compact(book):
    row = loan("L1", "2024-01-31")
    projection = project(fill(book, [row], paid_in_full(row, [0, 3, -2, 40])))
    kind, batch = by_loan(projection)["L1"]
    assert kind == "compact"
    assert batch.late_days.tolist() == [0, 3, -2, 40]
    assert batch.settled_on.tolist() == [NEVER]


def test_a_full_settlement_is_compact_and_a_fen_beside_it_is_not(book):
    rows = [loan(name, "2024-01-15") for name in ("exact", "short", "over")]
    payments = []
    for row, extra in zip(rows, (0, -1, 1), strict=True):
        payments += paid_in_full(row, [0, 0])
        owed = sum(p for _, p, _ in schedule(row)[2:])
        # 15 March to 25 March at 21.6 % a year on 30/360 months: 10 of the 31 days of the period.
        interest = round(owed * 0.216 / 12 * 10 / 31)
        payments.append(payment(row["loan_id"], 9, "2024-03-25", owed + interest + extra, purpose="payoff"))
    found = by_loan(project(fill(book, rows, payments)))
    assert {name: kind for name, (kind, _) in found.items()} == {"exact": "compact", "short": "irregular", "over": "irregular"}
    assert found["exact"][1].settled_on.tolist() == [units.day("2024-03-25")]


@pytest.mark.parametrize(
    "what",
    ["partial", "recorded late", "charge", "reversal", "rate", "charge-off", "second disbursement", "out of order", "before"],
)
def test_anything_else_is_irregular(book, what):
    row = loan("L1", "2024-01-31")
    payments = paid_in_full(row, [0, 3])
    others = {}
    on = {"loan_id": "L1", "happened_on": day("2024-03-05"), "event_id": "x"}
    if what == "partial":
        payments[1]["amount_fen"] -= 1
    elif what == "recorded late":
        payments[1]["recorded_at"] = moment("2024-06-01")
    elif what == "charge":
        others = {"charge_added": [on | {"component": "fee", "amount_fen": 500}]}
    elif what == "reversal":
        others = {"event_reversed": [on | {"reversed_event_id": payments[1]["event_id"]}]}
    elif what == "rate":
        others = {"rate_changed": [on | {"rate_annual": 1}]}
    elif what == "charge-off":
        others = {"loan_charged_off": [on]}
    elif what == "second disbursement":
        others = {"disbursement_added": [on | {"amount_fen": 500}]}
    elif what == "out of order":
        payments = [payments[0] | {"amount_fen": payments[0]["amount_fen"] // 2}, payments[1]]
    else:
        payments[0]["happened_on"] = day("2024-01-30")
    projection = project(fill(book, [row], payments, **others))
    assert kinds(projection) == {"L1": "irregular"}
    assert prove(book.refresh(), projection).holds


def test_two_instalments_paid_in_one_sum_stay_compact(book):
    row = loan("L1", "2024-01-31")
    first, second = paid_in_full(row, [31, 2])
    both = payment("L1", 7, "2024-04-02", first["amount_fen"] + second["amount_fen"])
    (_, batch), = by_loan(project(fill(book, [row], [both]))).values()  # fmt: skip
    assert isinstance(batch, CompactBatch)
    assert batch.late_days.tolist() == [33, 2]


def test_facts_of_irregular_loans_are_all_there_in_order(book):
    row = loan("L1", "2024-01-31")
    events = {
        "event_reversed": [
            {"event_id": "r1", "loan_id": "L1", "happened_on": day("2024-02-10"), "reversed_event_id": "L1/paid/1"},
            {"event_id": "r2", "loan_id": "L1", "happened_on": day("2024-02-11"), "reversed_event_id": "nowhere"},
            {"event_id": "r3", "loan_id": "L1", "happened_on": day("2024-02-12"), "reversed_event_id": "L1/paid/0"},
        ],
        "charge_added": [
            {
                "event_id": "c",
                "loan_id": "L1",
                "happened_on": day("2024-02-09"),
                "component": "penalty",
                "amount_fen": 5,
                "due_on": day("2024-03-01"),
            }
        ],
    }
    payments = [payment("L1", 0, "2024-02-05", 50), payment("L1", 1, "2024-02-09", 60), payment("L1", 2, "2024-02-20", 70)]
    filled = fill(book, [loan("L0", "2024-01-01"), row], payments, **events)
    projection = project(filled)
    _, batch = by_loan(projection)["L1"]
    assert isinstance(batch, IrregularBatch)
    kind = FactKind
    assert batch.fact_kind.tolist() == [
        kind.DISBURSEMENT, kind.PAYMENT, kind.CHARGE_PENALTY, kind.PAYMENT, kind.REVERSAL, kind.REVERSAL, kind.PAYMENT,
    ]  # fmt: skip
    assert batch.fact_amount.tolist() == [1_200_000, 50, 5, 60, 0, 0, 70]
    assert batch.fact_detail.tolist() == [0, 0, units.day("2024-03-01"), 0, 3, 1, 0]
    assert [(end.kind, end.events, end.first) for end in projection.manifest.loose_ends] == [("event_reversed", 1, "r2")]
    assert prove(filled, projection).holds


def test_loans_are_numbered_and_sorted_and_ids_are_found(book):
    rows = [loan("C", "2024-02-01"), loan("A", "2024-01-05", rate_annual=1), loan("B", "2024-01-05", installment_count=6)]
    projection = project(fill(book, rows))
    numbers = np.concatenate([batch.loan_no for batch in projection.batches()])
    assert sorted(numbers.tolist()) == [0, 1, 2]
    assert projection.loan_ids(np.array([2, 0])) == ["C", "A"]
    assert [file.month for file in projection.manifest.files] == ["2024-01", "2024-02"]
    rows = projection.classes().rows
    assert rows[:, Field.COUNT].tolist() == [12, 6, 12]
    assert rows[:, Field.RATE_ANNUAL].tolist() == [1, 216_000_000_000, 216_000_000_000]


def test_drawdowns_of_a_borrower_are_numbered_over_all_batches(book):
    first = fill(book, [loan("L1", "2024-01-05", borrower_id="b"), loan("L2", "2024-03-05", borrower_id=None)])
    second = fill(first, [loan("L3", "2024-02-05", borrower_id="b"), loan("L0", "2023-02-05", borrower_id="b")])
    found = by_loan(project(second))
    assert {name: int(batch.ordinal[0]) for name, (_, batch) in found.items()} == {"L0": 1, "L1": 2, "L3": 3, "L2": 0}


def test_ordinals_are_those_that_were_known(book):
    late = loan("L0", "2023-02-05", borrower_id="b") | {"recorded_at": moment("2024-06-01")}
    projection = project(fill(book, [loan("L1", "2024-01-05", borrower_id="b"), late]))

    def ordinals(known_on):
        batches = list(projection.batches(known_on=known_on))
        return {projection.loan_ids(b.loan_no)[0]: int(b.ordinal[0]) for b in batches}

    assert ordinals(NEVER) == {"L0": 1, "L1": 2}
    assert ordinals(units.day("2024-05-31")) == {"L0": 0, "L1": 1}
    assert ordinals(units.day("2024-06-01")) == {"L0": 1, "L1": 2}


def test_a_corrected_disbursement_is_two_loans_of_which_one_stands(book):
    wrong, right = loan("L1", "2024-01-05", 100_000), loan("L1", "2024-01-05", 120_000) | {"event_id": "L1/again"}
    right["recorded_at"] = moment("2024-02-01")
    taken = {"event_id": "r", "loan_id": "L1", "happened_on": day("2024-02-01"), "reversed_event_id": wrong["event_id"]}
    projection = project(fill(book, [wrong, right], event_reversed=[taken]))
    assert projection.manifest.totals["loans"] == 1
    assert projection.manifest.totals["principal_fen"] == 120_000
    batches = list(projection.batches())
    assert sum(batch.loan_no.size for batch in batches) == 2


def test_a_loan_disbursed_twice_is_a_loose_end(book):
    projection = project(fill(book, [loan("L1", "2024-01-05"), loan("L1", "2024-01-06") | {"event_id": "other"}]))
    assert projection.loans == 1
    assert projection.manifest.loose_ends[0].first == "other"


def test_payments_of_unknown_loans_are_loose_ends(book):
    projection = project(fill(book, [loan("L1", "2024-01-05")], [payment("gone", 1, "2024-01-09", 5)]))
    (end,) = projection.manifest.loose_ends
    assert (end.kind, end.events, end.first) == ("payment_received", 1, "gone/paid/1")


def test_terms_are_those_in_force_or_named(book):
    later = TERMS.replace("2020-01-01", "2024-02-01").replace("charge_off_days: 180", "charge_off_days: 120")
    both = append(book, {}, terms={"sample_level": later}).book
    key = next(key for key in both.manifest.terms if both.terms_text(key) == later)
    rows = [loan("old", "2024-01-31"), loan("new", "2024-02-01"), loan("named", "2024-01-31", terms_hash=key)]
    projection = project(fill(both, rows))
    days = projection.classes().rows[:, Field.CHARGE_OFF_DAYS]
    found = {name: int(days[batch.class_no[0]]) for name, (_, batch) in by_loan(projection).items()}
    assert found == {"old": 180, "new": 120, "named": 120}


def test_terms_that_are_not_archived_are_named(book):
    with pytest.raises(StateError, match=r"loans of product other .* archives: sample_level"):
        project(fill(book, [loan("L1", "2024-01-05", product="other")]))
    assert current_projection(book.refresh()) is None


def test_our_part_of_a_jointly_lent_loan_is_in_its_class_and_follows_from_what_is_said(book):
    whole, third = loan("whole", "2024-01-31"), loan("third", "2024-01-31", own_principal_ppm=333_333)
    said = {"own_principal_ppm": 300_000, "own_interest_ppm": 0, "own_fee_ppm": 1_000_000, "coupon_annual": 140_000_000_000}
    projection = project(fill(book, [whole, third, loan("said", "2024-01-31", **said)]))
    rows = projection.classes().rows[:, [Field.OWN_PRINCIPAL, Field.OWN_INTEREST, Field.OWN_FEE, Field.COUPON_ANNUAL]]
    found = {name: rows[batch.class_no[0]].tolist() for name, (_, batch) in by_loan(projection).items()}
    assert found == {
        "whole": [1_000_000, 1_000_000, 1_000_000, 216_000_000_000],
        "third": [333_333, 333_333, 333_333, 216_000_000_000],
        "said": [300_000, 0, 1_000_000, 140_000_000_000],
    }


def test_only_loans_of_our_own_are_lent_jointly(book):
    with pytest.raises(
        StateError, match=r"own_principal_ppm 300,000\) under the model capital_light. Only on_balance_sheet loans"
    ):
        project(fill(book, [loan("L1", "2024-01-05", model="capital_light", own_principal_ppm=300_000)]))


def test_terms_of_other_decimals_than_the_book_are_refused(tmp_path):
    fine = append(create_book(tmp_path / "fine", decimals=3), {}, terms={"sample_level": TERMS}).book
    with pytest.raises(StateError, match="money of the book has 3 decimals, the terms of sample_level count 2"):
        project(fill(fine, [loan("L1", "2024-01-31")]))


def test_reported_loans_carry_their_positions(book):
    opened = {
        "event_id": "o", "loan_id": "T1", "happened_on": day("2024-03-31"), "product": "unknown_terms", "model": "capital_light",
        "currency": "CNY", "originated_on": day("2023-01-10"), "original_principal_fen": 1000, "balance_fen": 700,
        "rate_annual": 5, "installment_count": 24, "dpd": None,
    }  # fmt: skip
    reports = [
        {"event_id": "p2", "loan_id": "T1", "happened_on": day("2024-05-31"), "balance_fen": None, "paid_fen": 3},
        {"event_id": "p1", "loan_id": "T1", "happened_on": day("2024-04-30"), "balance_fen": 650, "principal_fen": 50, "dpd": 4},
    ]
    filled = append(
        book, {"position_opened": table("position_opened", [opened]), "position_reported": table("position_reported", reports)}
    ).book
    projection = project(filled)
    (kind, batch), = by_loan(projection).values()  # fmt: skip
    assert kind == "reported"
    assert isinstance(batch, ReportedBatch)
    assert batch.opened_balance.tolist() == [700]
    assert batch.opened_dpd.tolist() == [-1]
    assert batch.position_balance.tolist() == [650, -(1 << 62)]
    assert batch.position_dpd.tolist() == [4, -1]
    assert batch.position_paid.tolist() == [0, 3]
    assert prove(filled, projection).holds


def some_loans(count, seed=7):
    draw = np.random.default_rng(seed)
    loans, payments = [], []
    for number in range(count):
        on = dt.date(2023, 1, 1) + dt.timedelta(int(draw.integers(0, 400)))
        row = loan(
            f"L{number}", on.isoformat(), int(draw.integers(50, 900)) * 1000, installment_count=int(draw.choice([3, 6, 12]))
        )
        row["borrower_id"] = f"b{int(draw.integers(0, count // 2))}"
        late = sorted(int(x) for x in draw.integers(-2, 25, int(draw.integers(0, row["installment_count"] + 1))))
        made = paid_in_full(row, late)
        if made and draw.random() < 0.2:
            made[-1]["amount_fen"] -= 7
        loans.append(row)
        payments += made
    return loans, payments


def digests(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


def test_a_dropped_projection_comes_back_byte_for_byte(book):
    filled = fill(book, *some_loans(120))
    folder = project(filled).folder
    before = digests(folder)
    drop_projection(filled)
    assert not folder.exists()
    assert digests(project(filled).folder) == before


def test_the_order_and_cut_of_batches_do_not_matter(book, tmp_path):
    loans, payments = some_loans(80)
    whole = project(fill(book, loans, payments))
    other = append(create_book(tmp_path / "other"), {}, terms={"sample_level": TERMS}).book
    other = append(other, {"payment_received": table("payment_received", payments[::-1])}).book
    other = fill(other, loans[::2])
    other = fill(other, loans[1::2])
    parts = {path: content for path, content in digests(project(other).folder).items() if path.suffix == ".parquet"}
    assert parts == {path: content for path, content in digests(whole.folder).items() if path.suffix == ".parquet"}


def test_the_proof_finds_a_loan_that_differs(book):
    filled = fill(book, *some_loans(60))
    projection = project(filled)
    assert prove(filled, projection).holds
    more = append(filled, {"payment_received": table("payment_received", [payment("L3", 99, "2024-05-01", 12)])}).book
    broken = prove(more, projection)
    assert not broken.holds
    assert broken.findings[0].place == "loan L3"


def test_batches_survive_their_files(book):
    projection = project(fill(book, *some_loans(60)))
    for kind, path, group, count in projection.places():
        batch = read_batch(path, kind, group)
        assert batch.loan_no.size == count
        again = from_table(to_table(batch).slice(1), kind)
        rest = select_loans(batch, np.arange(count) > 0)
        for name in batch.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(again, name), getattr(rest, name))


@pytest.mark.parametrize("setting", ["LIST_ROWS", "_ROOM"])
def test_loans_with_many_rows_are_written_in_smaller_batches(book, monkeypatch, setting):
    paid = [payment(f"L{n}", k, "2024-02-10", 7) for n in range(9) for k in range(4)]
    full = fill(book, [loan(f"L{n}", "2024-01-31", installment_count=1) for n in range(9)], paid)
    whole = project(full)
    assert whole.manifest.files[0].groups == (9,)
    drop_projection(full)
    monkeypatch.setattr(building, setting, {"LIST_ROWS": 15, "_ROOM": 15}[setting])
    cut = project(full)
    assert sum(cut.manifest.files[0].groups) == 9
    assert max(cut.manifest.files[0].groups) <= 3
    assert cut.manifest.files[0].rows == whole.manifest.files[0].rows == 45
    assert prove(full, cut).holds
