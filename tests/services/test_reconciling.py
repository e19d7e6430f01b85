"""A reported tape ties when opening balances equal principal collected, named exceptions and last balances."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loanbook.errors import StateError
from loanbook.services.importing import import_tape
from loanbook.services.reconciling import exception_rows, reconcile
from loanbook.stores.book import create_book, open_book
from loanbook.stores.importers.mapping_file import find_mapping
from loanbook.stores.intake import append
from tests.conftest import SHARED
from tests.stores.rows import TERMS, day, loan, table

RAW = SHARED / "data" / "aart_2017_3" / "raw"
ENDS = ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")


@pytest.mark.skipif(not RAW.exists(), reason="the AART tape is in ../shared, which is not here")
def test_aart_ties_to_the_published_figures():
    import_tape(find_mapping("aart_2017_3"), sorted(RAW.glob("*.csv.gz")), "aart-ties")
    result = reconcile(open_book("aart-ties"))
    assert result.opening_fen == 6_340_331_270
    assert result.principal_fen == 5_166_657_648
    assert result.net_write_offs_fen == 136_113_060
    assert result.last_fen == 1_037_560_562
    assert result.opening_fen == result.principal_fen + result.net_write_offs_fen + result.last_fen
    assert (result.reports, result.rolled, len(result.exceptions)) == (105_582, 105_379, 203)
    assert {n.name: (n.count, n.amount_fen) for n in result.lines if n.count} == {
        "to_zero_without_principal": (110, 138_437_166),
        "add_back": (93, -2_324_106),
    }
    assert (result.stopped.count, result.stopped.amount_fen) == (20, 30_100_310)
    assert (result.rounding_fen, result.unexplained_fen, result.ties) == (0, 0, True)
    assert len(result.periods) == 43
    for p in result.periods:
        assert p.opening_fen == p.principal_fen + p.exceptions_fen + p.rounding_fen + p.closing_fen
    assert len(exception_rows(result)) == 203


def opened(loan, balance, on="2023-12-31"):
    return {
        "event_id": f"{loan}:opened:{on}", "loan_id": loan, "happened_on": day(on), "product": "auto_loan",
        "model": "on_balance_sheet",
        "currency": "USD", "originated_on": day("2023-01-01"), "original_principal_fen": 10_000, "balance_fen": balance,
        "rate_annual": 0, "installment_count": 12,
    }  # fmt: skip


def report(loan, on, balance, principal):
    return {
        "event_id": f"{loan}:{on}",
        "loan_id": loan,
        "happened_on": day(on),
        "balance_fen": balance,
        "principal_fen": principal,
    }


def book_of(folder, heads, reports):
    tables = {"position_opened": table("position_opened", heads), "position_reported": table("position_reported", reports)}
    return append(create_book(folder / "made_up"), tables).book


def twin(heads, reports):
    """The identity loan by loan, in plain Python."""
    exceptions, last, principal = [], 0, 0
    for head in heads:
        own = sorted((r for r in reports if r["loan_id"] == head["loan_id"]), key=lambda r: r["happened_on"])
        before, collected = head["balance_fen"], 0
        for r in own:
            principal += r["principal_fen"] or 0
            collected += r["principal_fen"] or 0
            if r["balance_fen"] is None:
                continue
            difference = before - collected - r["balance_fen"]
            if abs(difference) > 1:
                kind = "add_back" if difference < 0 else "reduction"
                if difference > 0 and r["balance_fen"] == 0:
                    kind = "to_zero_with_principal" if collected else "to_zero_without_principal"
                exceptions.append((kind, difference))
            before, collected = r["balance_fen"], 0
        last += before
    return sorted(exceptions), last, principal


figures = st.one_of(st.none(), st.integers(-3, 3), st.integers(0, 10_000))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.lists(st.tuples(figures, figures), max_size=4)), min_size=1, max_size=6))
def test_any_tape_gives_what_the_naive_twin_gives(tmp_path_factory, loans):
    heads = [opened(f"made-up-{n}", balance) for n, (balance, _) in enumerate(loans)]
    reports = [
        report(f"made-up-{n}", on, balance, principal)
        for n, (_, months) in enumerate(loans)
        for on, (balance, principal) in zip(ENDS, months, strict=False)
    ]
    assume(reports)
    result = reconcile(book_of(tmp_path_factory.mktemp("tape"), heads, reports))
    exceptions, last, principal = twin(heads, reports)
    assert sorted((e.kind, e.amount_fen) for e in result.exceptions) == exceptions
    assert (result.last_fen, result.principal_fen) == (last, principal)
    known = principal + last + sum(a for _, a in exceptions) + result.rounding_fen
    assert result.unexplained_fen == sum(h["balance_fen"] for h in heads) - known


def test_principal_after_the_last_balance_does_not_tie(tmp_path):
    book = book_of(tmp_path, [opened("a", 100)], [report("a", ENDS[0], 60, 40), report("a", ENDS[1], None, 60)])
    result = reconcile(book)
    assert (result.unexplained_fen, result.ties) == (-60, False)


def test_a_skipped_balance_is_carried_to_the_next_report(tmp_path):
    book = book_of(tmp_path, [opened("a", 100)], [report("a", ENDS[0], None, 40), report("a", ENDS[1], 50, 10)])
    assert reconcile(book).ties
    assert reconcile(book).exceptions == ()


def test_reports_before_the_earliest_opening_are_the_time_before_the_tape(tmp_path):
    heads = [opened("a", 60, "2024-01-31"), opened("a", 50, "2024-02-29")]
    reports = [report("a", "2023-12-31", 100, 40), report("a", ENDS[0], 60, 40), report("a", ENDS[1], 50, 10)]
    result = reconcile(book_of(tmp_path, heads, reports))
    assert (result.loans, result.opening_fen, result.principal_fen, result.ties) == (1, 60, 10, True)


def test_reports_of_loans_that_were_never_opened_do_not_tie(tmp_path):
    book = book_of(tmp_path, [opened("a", 60)], [report("a", ENDS[0], 60, 0), report("nobody", ENDS[0], 60, 5)])
    result = reconcile(book)
    assert (result.unopened.count, result.unopened.amount_fen, result.ties) == (1, 5, False)


def test_a_tape_without_principal_proves_nothing(tmp_path):
    book = book_of(tmp_path, [opened("a", 60)], [report("a", ENDS[0], 60, None)])
    assert reconcile(book).no_principal
    assert not reconcile(book).ties


def test_a_book_without_monthly_reports_says_what_reconcile_is_for(tmp_path):
    with pytest.raises(StateError, match="empty has no monthly reports, so there is nothing to reconcile: it holds no loans yet"):
        reconcile(create_book(tmp_path / "empty"))
    lent = {"loan_disbursed": table("loan_disbursed", [loan("A", "2024-01-10")])}
    with pytest.raises(StateError, match=r"it holds loans and their payments\..* run `loanbook verify lent`"):
        reconcile(append(create_book(tmp_path / "lent"), lent, terms={"sample_level": TERMS}).book)
    with pytest.raises(StateError, match="it holds opening balances and no reports after them"):
        reconcile(book_of(tmp_path, [opened("a", 60)], []))
