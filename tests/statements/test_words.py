"""A sentence says what the rows say, not more: numbers are recomputed here by hand."""

import dataclasses
import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from loanbook.statements import grids, words
from loanbook.statements.close_folder import read_close
from loanbook.statements.series import lending_months, observed_curves, parts_by_month, roll_rates
from tests.statements.made_close import make_close


def _curve(vintage, *rates):
    return [{"vintage": vintage, "mob": mob, "rate": rate} for mob, rate in enumerate(rates, 1)]


def test_vintages_are_compared_at_the_greatest_age_two_of_them_have():
    rows = _curve("2022Q3", 0.01, 0.05, 0.06) + _curve("2023Q2", 0.02, 0.07) + _curve("2023Q3", 0.02, 0.03)
    said = words.vintage(rows, "was late")
    assert said == (
        "After 2 months on book 3.0% of the 2023Q3 vintage was late, below the 5.0% of 2022Q3 at that age; "
        "the worst at that age is 2023Q2 with 7.0%."
    )


def test_a_vintage_that_is_the_worst_is_called_so():
    rows = _curve("2022Q1", 0.01) + _curve("2022Q2", 0.02) + _curve("2022Q3", 0.03)
    assert words.vintage(rows, "was late").endswith("no vintage was worse at that age (3 vintages compared).")


def test_a_vintage_without_any_is_said_to_have_none():
    rows = _curve("2022Q3", 0.0, 0.0) + _curve("2023Q3", 0.0, 0.0)
    assert words.vintage(rows, "was late") == (
        "After 2 months on book none of the 2023Q3 vintage was late, level with the 0.0% of 2022Q3 at that age."
    )


def test_without_vintages_nothing_is_claimed():
    assert words.vintage([], "was late") == "No vintage is old enough to be measured."


@pytest.fixture(scope="module")
def close(tmp_path_factory):
    return read_close(make_close(tmp_path_factory.mktemp("close")))


def test_the_delinquency_sentence_holds_the_last_share_the_year_before_and_the_peak(close):
    shares: dict[dt.date, float] = {}
    for row in close.rows("delinquency"):
        if row["bucket"] not in ("current", "181+"):
            shares[row["month_end"]] = shares.get(row["month_end"], 0) + row["share"]
    said = words.delinquency(close)
    last, peak = max(shares), max(shares, key=shares.__getitem__)
    assert said.startswith(
        f"{shares[last] * 100:.1f}% of the outstanding balance was at least one day past due on 30 September 2024"
    )
    assert said.endswith(f"the peak was {shares[peak] * 100:.1f}% in {peak:%B %Y}.")


def test_the_volume_sentence_compares_twelve_months_with_the_twelve_before(close):
    lent: dict[dt.date, int] = {}
    for row in close.rows("volume"):
        lent[row["month_end"]] = lent.get(row["month_end"], 0) + row["principal_fen"]
    days = sorted(lent)
    year, before = (sum(lent[day] for day in part) for part in (days[-12:], days[-24:-12]))
    assert f"RMB {year / 1e8:.1f} million was lent in the 12 months to September 2024" in words.volume(close)
    assert f"{(year / before - 1) * 100:.1f}% more than the twelve months before" in words.volume(close)


def test_the_other_sentences_hold_figures_of_their_tables(close):
    collection = close.rows("collection")
    assert f"{collection[-1]['day1_rate'] * 100:.1f}% of the principal due in September 2024" in words.collection(close)
    assert f"in August 2024, {collection[-2]['collection_rate'] * 100:.1f}% came back" in words.collection(close)
    assert f"yearly speed of {close.rows('prepayment')[-1]['cpr'] * 100:.1f}%" in words.prepayment(close)


def test_the_roll_rate_sentence_and_the_matrix_tell_of_the_same_months(close):
    rows = [row for row in close.rows("transitions") if row["month_end"] > dt.date(2024, 6, 30)]
    start = sum(row["principal_fen"] for row in rows if row["from_bucket"] == "current")
    moved = sum(row["principal_fen"] for row in rows if (row["from_bucket"], row["to_bucket"]) == ("current", "1-30"))
    said, grid = words.roll_rate(close), grids.roll_matrix(close)
    assert said.startswith(f"From July to September 2024, {moved / start * 100:.1f}% of the current balance")
    assert "from July to September 2024 together" in grid.caption
    assert grid.rows[0][grid.columns.index("1-30")] == f"{moved / start * 100:.1f}%"
    assert "151-180 → 181+ was the steepest step" in said


def test_a_month_in_which_nothing_rolled_counts_with_zero_and_a_step_never_taken_has_no_line():
    months = [dt.date(2024, 5, 31), dt.date(2024, 6, 30)]
    rows = [
        {"month_end": day, "from_bucket": bucket, "to_bucket": to, "rate": rate, "principal_fen": 1}
        for day, bucket, to, rate in (
            (months[0], "current", "1-30", 0.25),
            (months[0], "current", "current", 0.75),
            (months[1], "current", "current", 1.0),
            (months[1], "1-30", "charged_off", 1.0),
        )
    ]
    assert roll_rates(rows) == {"current → 1-30": [(months[0], 0.25), (months[1], 0.0)]}


def test_months_without_lending_are_months_too():
    ends = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31), dt.date(2024, 4, 15)]
    rows = [{"month_end": day, "product": "a", "principal_fen": 500} for day in (ends[0], ends[2])]
    assert lending_months(rows, ends[3]) == ends
    assert lending_months(rows, dt.date(2026, 4, 15)) == ends[:3]
    assert parts_by_month(rows, "product", ends, 100) == {"a": list(zip(ends, (5.0, 0.0, 5.0, 0.0), strict=True))}


def test_the_balance_sentence_leaves_out_what_is_more_than_180_days_late(close):
    last = {row["bucket"]: row["principal_fen"] for row in close.rows("delinquency")[-8:]}
    owed = sum(last.values()) - last["181+"]
    late = owed - last["current"]
    deep = last["91-120"] + last["121-150"] + last["151-180"]
    assert words.balance(close) == (
        f"{last['current'] / owed * 100:.1f}% of RMB {owed / 1e8:.1f} million is current; "
        f"of the RMB {late / 1e8:.2f} million past due, {deep / late * 100:.1f}% is more than 90 days late."
    )


def test_empty_tables_have_words_too(tmp_path: Path):
    names = ("transitions", "delinquency", "volume", "collection", "prepayment")
    close = read_close(make_close(tmp_path, without=dict.fromkeys(names, "made-up reason")))
    said = [words.roll_rate(close), words.delinquency(close), words.balance(close), words.volume(close)]
    said += [words.collection(close), words.prepayment(close)]
    assert all(sentence.endswith(".") and not any(character.isdigit() for character in sentence) for sentence in said)


def test_curves_of_a_tape_begin_where_its_loans_entered():
    rows = _curve("2016Q1", *[0.0] * 15) + _curve("2016Q4", *[0.1] * 15)
    kept = observed_curves(rows, dt.date(2017, 5, 31))
    assert {row["mob"] for row in kept if row["vintage"] == "2016Q1"} == {14, 15}
    assert {row["mob"] for row in kept if row["vintage"] == "2016Q4"} == set(range(5, 16))
    assert observed_curves(rows, dt.date(2016, 1, 31)) == rows


def test_what_lies_beyond_the_ends_of_the_curves_is_said_where_it_is_much(close):
    ends = {row["vintage"]: row for row in close.rows("loss")}
    seen = sum(row["numerator_fen"] for row in ends.values())
    lent = sum(row["denominator_fen"] for row in ends.values())

    def said(numerator: int) -> str:
        row = {"measure": "cumulative_loss", "title": "", "unit": "share", "split": "", "comparison": "current"}
        row |= {"starts_on": None, "ends_on": None, "effective_from": None, "numerator": numerator, "denominator": lent}
        table = pa.Table.from_pylist([row | {"value": numerator / lent}])
        return words.beyond(dataclasses.replace(close, tables={**close.tables, "measures": table}), "loss", "cumulative_loss")

    assert said(seen + seen // 20) == ""
    more = said(2 * seen)
    assert f"RMB {seen / 1e8:.2f} million, is in no curve and in the {2 * seen / lent * 100:.1f}% of the whole book." in more
    assert words.beyond(close, "loss", "cumulative_loss") == ""
