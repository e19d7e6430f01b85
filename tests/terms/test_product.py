"""Product terms: what a file may say, and the words for everything it may not."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.catalogue import SHIPPED, in_force, products_in
from loanbook.terms.contract import FIELDS, Field
from loanbook.terms.conventions import DayCount, Method, Unit
from loanbook.terms.product import check_request, contract_row, tenor_months, text_hash
from loanbook.terms.product_file import STEPS, parse_product, read_product
from loanbook.units import day, rate

CASH_LOAN = (SHIPPED / "cash_loan.yaml").read_text()
RATE = "rate_annual: {least: 0, most: 0.24}"

SPECIMENS = [
    (RATE, "rate_annual: 23.99", "rate_annual must be a fraction of one per year; 23.99 would be 2,399 %. Write 0.2399."),
    (RATE, "rate_annual: -0.1", "rate_annual must not be negative; got -0.1."),
    (RATE, "rate_annual: {least: 0.3, most: 0.2}", "rate_annual.least exceeds rate_annual.most (0.2). Swap them."),
    (RATE, "rate_annual: high", "rate_annual must be a number of at most 12 decimals; got 'high'. Write 0.2399."),
    ("method: level", "method: levl", "not 'levl'. Did you mean level?"),
    ("method: level", "method: interest_only_then_level", "needs interest_only_count. Write interest_only_count: 6."),
    ("method: level", "method: level\ninterest_only_count: 2", "interest_only_count means nothing for method level."),
    ("method: level", "method: bullet\ninterest_only_count: 3", "interest_only_count means nothing for method bullet."),
    ("day_count: thirty_a_month_360", "day_count: 30/360", "day_count must be one of thirty_360_bond, "),
    ("excess: next", "exces: next", "a product has no setting 'exces'. Did you mean excess?"),
    ("title: ", "titel: ", "a product has no setting 'titel'. Did you mean title?"),
    ("source: Loanbook example terms, version 1\n", "", "a product needs 'source'."),
    ("source: Loanbook example terms, version 1", "source: ''", "source is empty."),
    ("least: 500.00", "least: 500.001", "amount.least must be a number of at most 2 decimals; got '500.001'. Write 500.00."),
    ("least: 500.00", "least: 0", "amount.least must be above zero; got 0."),
    ("least: 500.00", "least: 500000", "amount.least exceeds amount.most (200000.00). Swap them."),
    ("[3, 6, 12, 24]", "[3, 12, 6]", "installments must be different numbers in ascending order; got 3, 12, 6."),
    ("[3, 6, 12, 24]", "[0]", "installments must lie between 1 and 600; got 0."),
    ("[3, 6, 12, 24]", "[3.5]", "installments must be a whole number, not '3.5'."),
    ("[3, 6, 12, 24]", "[]", "installments must be different numbers in ascending order; got none."),
    ("effective_from: 2020-01-01", "effective_from: May", "effective_from must be a date, not 'May'. Write YYYY-MM-DD."),
    ("currency: CNY", "currency: yuan", "currency must be an ISO 4217 code, e.g. CNY; got 'yuan'."),
    ("product: cash_loan", "product: Cash Loan", "product must be lower-case letters, digits and _, e.g. cash_loan"),
    ("  - due_fee\n", "", "waterfall lacks due_fee. Write all twelve steps in the order they are paid."),
    ("  - due_fee\n", "  - due_fees\n", "not 'due_fees'. Did you mean due_fee?"),
    ("  - due_fee\n", "  - due_fee\n  - due_fee\n", "waterfall names due_fee more than once."),
    ("month_end: same_day", "month_ends: same_day", "frequency has no setting 'month_ends'. Did you mean month_end?"),
    ("unit: month, every: 1, month_end: same_day", "unit: week, month_end: last_day", "last_day needs unit: month."),
    ("every: 1", "every: 0", "frequency.every must lie between 1 and 366; got 0."),
    ("{rule: half_up}", "{rule: half_up, smoothing: maybe}", "rounding.smoothing must be true or false, not 'maybe'."),
    (
        "{rule: half_up}",
        "{installment_multiple: 600}",
        "rounding.installment_multiple (600.00) exceeds the smallest instalment (20.83",
    ),
    ("{interest: to_date}", "{interest: tomorrow}", "prepayment.interest must be one of to_date, to_period_end"),
    ("excess: next", "excess: next\ngrace: {principal: 3}", "3 instalments without principal leave none of 3 to repay it."),
    ("excess: next", "excess: next\ngrace: {interest: 4}", "grace covers every one of 3 instalments."),
    ("excess: next", "excess: next\ngrace: 3", "grace must be names with values, not 3."),
    ("excess: next", "excess: next\nborrowers: [persons]", "a kind of borrower must be one of consumer, small_business, not"),
    ("excess: next", "excess: next\nborrowers: [consumer, consumer]", "borrowers names consumer, consumer. Write each kind once"),
    ("excess: next", "excess: next\nborrowers: []", "borrowers names nobody. Write each kind once"),
    ("excess: next", "excess: next\ncalendar: {name: mars, shift: following}", "calendar.name must be one of weekdays, "),
    ("excess: next", "excess: next\ncalendar: {shift: following}", "calendar.shift needs a calendar."),
    ("excess: next", "excess: next\ncalendar: {name: weekdays}", "calendar.name without a shift changes nothing."),
    ("excess: next", "excess: next\ndown_payment: 1", "down_payment must be a fraction below one; 1 would leave nothing"),
    ("excess: next", "excess: next\noverdue_interest: true", "overdue_interest needs recalculation.follows_payments: true"),
    ("excess: next", "excess: next\nlate_charge: {grace_days: 3}", "late_charge.grace_days without a rate charges nothing."),
    (
        "excess: next",
        "excess: next\nlate_charge: {rate_annual: 18}",
        "late_charge.rate_annual must be a fraction of one per year",
    ),
    ("arrears_tolerance: 1.00", "arrears_tolerance: -1", "arrears_tolerance must not be negative; got -1."),
    ("excess: next", "excess: next\nfees: [{name: f, due: installment}]", "a fee needs either amount"),
    (
        "excess: next",
        "excess: next\nfees: [{name: f, due: never, amount: 1}]",
        "a fee's due must be one of disbursement, installment",
    ),
    ("charge_off_days: 180", "charge_off_days: 30", "charge_off_days (30) lies before non_accrual_days (60)."),
    ("non_accrual_days: 60", "non_accrual_days: sixty", "non_accrual_days must be a whole number, not 'sixty'."),
    ("method: level", "method: listed\ndown_payment: 0.25", "a listed schedule says its own down payment."),
    ("excess: next", "excess: next\nexcess: last", "'excess' stands twice. Keep one of them."),
    ("excess: next", "excess: !!python/name:os.system next", "the tag"),
    ("excess: next", "excess: &all next", "anchors and aliases are not allowed."),
    ("excess: next", "excess: [next", "this is not YAML"),
]


@pytest.mark.parametrize(("old", "new", "words"), SPECIMENS, ids=lambda text: text[:40])
def test_what_a_file_may_not_say_is_refused_with_its_line_and_what_to_write(old, new, words):
    assert CASH_LOAN.count(old) == 1
    with pytest.raises(TermsError) as caught:
        parse_product(CASH_LOAN.replace(old, new), "terms/products/cash_loan.yaml")
    place, line, message = str(caught.value).split(":", 2)
    assert place == "terms/products/cash_loan.yaml"
    assert words in message
    # The message points into the file, at or after the first changed line, unless a whole setting is missing.
    changed = CASH_LOAN[: CASH_LOAN.index(old)].count("\n") + 1
    assert int(line) == 2 or int(line) >= changed - 12


def test_a_rate_in_per_cent_is_shown_its_line():
    with pytest.raises(TermsError) as caught:
        parse_product(CASH_LOAN.replace(RATE, "rate_annual: 23.99"), "terms/products/cash_loan.yaml")
    line = CASH_LOAN[: CASH_LOAN.index(RATE)].count("\n") + 1
    assert str(caught.value).startswith(f"terms/products/cash_loan.yaml:{line}: ")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "made_up.yaml"
    path.write_bytes(b"product: caf\xe9\n")
    with pytest.raises(TermsError, match=r"made_up\.yaml:1: byte 0xe9 is not UTF-8"):
        read_product(path)
    with pytest.raises(TermsError, match="cannot be read"):
        read_product(tmp_path / "gone.yaml")
    with pytest.raises(TermsError, match="empty"):
        parse_product("", "made_up.yaml")
    with pytest.raises(TermsError, match="nested too deep"):
        parse_product("a: " + "[" * 5_000, "made_up.yaml")


def test_every_shipped_product_reads_and_makes_a_row():
    products = products_in()
    assert {"cash_loan", "pay_later", "small_business_loan", "auto_loan"} <= {product.code for product in products}
    for product in products:
        row = contract_row(product, rate_annual=product.rate_most, count=product.counts[0])
        assert row.shape == (FIELDS,)
        assert sorted(row[Field.WATERFALL :].tolist()) == list(range(len(STEPS)))


def test_a_product_is_for_whom_it_names_and_for_any_where_it_names_nobody():
    before, since = (in_force(products_in(), "cash_loan", day(on)) for on in ("2024-03-31", "2024-04-01"))
    kinds = ("consumer", "small_business")
    assert [before.is_for(kind) for kind in kinds] == [True, True]
    assert [since.is_for(kind) for kind in kinds] == [True, False]


def test_a_contract_row_says_what_the_file_says():
    text = CASH_LOAN.replace("excess: next", "excess: smaller").replace("every: 1", "every: 2") + (
        "grace: {principal: 1, interest_free: 2}\nlate_charge: {rate_annual: 0.18, grace_days: 3}\n"
        "recalculation: {follows_payments: true}\noverdue_interest: true\ndown_payment: 0.25\n"
        "calendar: {name: weekdays, shift: modified_following}\n"
    )
    row = contract_row(parse_product(text, "made_up.yaml"), rate_annual=rate("0.2"), count=6, product_code=3, model=1, segment=2)
    expected = {
        "METHOD": Method.LEVEL,
        "RATE_ANNUAL": 200_000_000_000,
        "COUNT": 6,
        "UNIT": Unit.MONTH,
        "EVERY": 2,
        "DAY_COUNT": DayCount.THIRTY_A_MONTH_360,
        "GRACE_PRINCIPAL": 1,
        "INTEREST_FREE": 2,
        "SHIFT": 2,
        "DOWN_PAYMENT_PPM": 250_000,
        "RECALCULATE": 1,
        "OVERDUE_INTEREST": 1,
        "EXCESS": 4,
        "PENALTY_RATE_ANNUAL": 180_000_000_000,
        "PENALTY_GRACE_DAYS": 3,
        "ARREARS_TOLERANCE": 100,
        "NON_ACCRUAL_DAYS": 60,
        "CHARGE_OFF_DAYS": 180,
        "TENOR_MONTHS": 12,
        "PRODUCT": 3,
        "MODEL": 1,
        "SEGMENT": 2,
    }
    assert {name: int(row[Field[name]]) for name in expected} == {name: int(value) for name, value in expected.items()}


def test_a_loan_outside_the_limits_is_refused_with_the_figures():
    product = parse_product(CASH_LOAN, "terms/products/cash_loan.yaml")
    with pytest.raises(RequestError, match=r"no loan of 5 instalments\. Write one of 3, 6, 12, 24"):
        contract_row(product, rate_annual=0, count=5)
    with pytest.raises(RequestError, match=r"allows annual rates of 0 to 0\.24; got 0\.36"):
        contract_row(product, rate_annual=rate("0.36"), count=3)
    with pytest.raises(RequestError, match=r"lends CNY 500\.00 to 200,000\.00; got 200,000\.01"):
        check_request(product, principal_fen=200_000_01, rate_annual=0, count=3)
    with pytest.raises(RequestError, match="fixes no rate"):
        contract_row(product, count=3)
    assert contract_row(product, rate_annual=rate("0.36"), count=5, checked=False)[Field.COUNT] == 5


def test_the_version_in_force_is_the_latest_that_has_begun(tmp_path):
    (tmp_path / "made_up.yaml").write_text(CASH_LOAN)
    (tmp_path / "made_up_2024.yaml").write_text(CASH_LOAN.replace("2020-01-01", "2024-07-01").replace("most: 0.24", "most: 0.22"))
    products = products_in(tmp_path)
    assert in_force(products, "cash_loan", day("2024-06-30")).rate_most == rate("0.24")
    assert in_force(products, "cash_loan", day("2024-07-01")).rate_most == rate("0.22")
    with pytest.raises(RequestError, match="the first version starts on 2020-01-01"):
        in_force(products, "cash_loan", day("2019-12-31"))
    with pytest.raises(RequestError, match=r"there is no product 'loan'\. Known: cash_loan"):
        in_force(products, "loan", day("2024-07-01"))
    (tmp_path / "made_up_again.yaml").write_text(CASH_LOAN)
    with pytest.raises(TermsError, match="already has terms from that day"):
        products_in(tmp_path)


def test_the_hash_is_of_the_text():
    assert parse_product(CASH_LOAN, "made_up.yaml").hash == text_hash(CASH_LOAN)
    assert parse_product(CASH_LOAN + "# a word more\n", "made_up.yaml").hash != text_hash(CASH_LOAN)


@pytest.mark.parametrize(
    ("count", "unit", "every", "months"),
    [
        (12, Unit.MONTH, 1, 12),
        (4, Unit.MONTH, 3, 12),
        (52, Unit.WEEK, 1, 12),
        (26, Unit.WEEK, 2, 12),
        (30, Unit.DAY, 1, 1),
        (1, Unit.DAY, 1, 1),
    ],
)
def test_a_tenor_is_counted_in_months(count, unit, every, months):
    assert tenor_months(count, unit, every) == months
