"""Naive twin of `loans.schedule`: one loan, exact fractions, written from the product's terms instead of from the kernel."""

from fractions import Fraction
from math import prod

from loanbook.terms.contract import Field
from loanbook.terms.conventions import DayCount, Engine, Method, MonthEnd, Unit
from loanbook.units import NEVER, RATE_SCALE, YEAR_SCALE, Rounding, date, day
from tests.reference.daycount import BY_PERIODS, move, period


def rounded(value, rule):
    """An exact number to a whole one, by the words of each rule."""
    whole = int(abs(value))
    rest = abs(value) - whole
    up = {
        Rounding.HALF_UP: rest >= Fraction(1, 2),
        Rounding.HALF_EVEN: rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        Rounding.DOWN: False,
        Rounding.UP: rest > 0,
        Rounding.FLOOR: rest > 0 and value < 0,
        Rounding.CEILING: rest > 0 and value > 0,
    }[rule]
    return (whole + up) * (1 if value >= 0 else -1)


def to_multiple(value, rule, multiple):
    """Rounded to a multiple, or to the unit where that would be nothing."""
    return rounded(value / max(multiple, 1), rule) * max(multiple, 1) or rounded(value, rule)


def due_dates(row, disbursed_on, first_due_on=NEVER):
    """Unshifted due dates as dates, without a down payment."""
    unit, every, rule = Unit(row[Field.UNIT]), int(row[Field.EVERY]), MonthEnd(row[Field.MONTH_END])
    seed, number = date(disbursed_on), 1
    if first_due_on != NEVER and date(first_due_on) != move(seed, 1, unit, every, rule):
        seed, number = date(first_due_on), 0
    return [move(seed, number + k, unit, every, rule) for k in range(int(row[Field.COUNT]))]


def period_rates(row, disbursed_on, dates):
    """Interest of each period on one unit of money."""
    rate = Fraction(int(row[Field.RATE_ANNUAL]), RATE_SCALE)
    terms = DayCount(row[Field.DAY_COUNT]), Unit(row[Field.UNIT]), int(row[Field.EVERY]), MonthEnd(row[Field.MONTH_END])
    starts = [date(disbursed_on), *dates[:-1]]
    free = int(row[Field.INTEREST_FREE])
    # A stub's share of a month is a whole number of YEAR_SCALE-ths by definition; every other fraction is one anyway.
    years = [
        Fraction(rounded(period(a, b, *terms) * YEAR_SCALE, Rounding.HALF_UP), YEAR_SCALE)
        for a, b in zip(starts, dates, strict=True)
    ]
    return [rate * year * (k >= free) for k, year in enumerate(years)]


def nominal_rates(row):
    """Rates at which the cumulative engine levels interest by the day: 30 days a month over 365; None where it does not."""
    if row[Field.ENGINE] != Engine.CUMULATIVE or DayCount(row[Field.DAY_COUNT]) in BY_PERIODS:
        return None
    days = int(row[Field.EVERY]) * {Unit.MONTH: 30, Unit.WEEK: 7, Unit.DAY: 1}[Unit(row[Field.UNIT])]
    return [Fraction(int(row[Field.RATE_ANNUAL]) * days, RATE_SCALE * 365)] * int(row[Field.COUNT])


def level(balance, rates):
    """The exact level instalment: the balance over the sum of discount factors."""
    factors = [prod((1 + rate for rate in rates[: k + 1]), start=Fraction(1)) for k in range(len(rates))]
    return balance / sum(1 / factor for factor in factors)


def run(balance, rates, amount, first, rule):
    """Principal and interest of a level schedule with a given instalment; the last row takes the rest."""
    rows = []
    for k, rate in enumerate(rates):
        interest = rounded(balance * rate, rule)
        principal = 0 if k < first else min(max(amount - interest, 0), balance)
        principal = balance if k == len(rates) - 1 else principal
        rows.append([principal, interest])
        balance -= principal
    return rows


def smoothed(balance, rates, amount, first, rule, multiple):
    """The smoothing rule of the progressive engine."""

    def gap(regular):
        return sum(run(balance, rates, regular, first, rule)[-1]) - regular

    count = len(rates) - first
    for _ in range(3):
        if count < 2 or abs(gap(amount)) <= count // 2:
            return amount
        changed = to_multiple(Fraction(amount + rounded(Fraction(gap(amount), count), rule)), rule, multiple)
        if changed <= 0 or abs(gap(changed)) >= abs(gap(amount)):
            return amount
        amount = changed
    return amount


def schedule(row, principal, disbursed_on, first_due_on=NEVER, installment=0):
    """[(due day, principal, interest)] of one loan, the down payment first."""
    method, rule, multiple = Method(row[Field.METHOD]), Rounding(row[Field.ROUNDING]), int(row[Field.INSTALLMENT_MULTIPLE])
    dates = due_dates(row, disbursed_on, first_due_on)
    rates = period_rates(row, disbursed_on, dates)
    count = len(dates)
    down = rounded(Fraction(principal * int(row[Field.DOWN_PAYMENT_PPM]), 1_000_000), rule)
    balance = principal - down
    first = int(row[Field.GRACE_PRINCIPAL])
    first += int(row[Field.INTEREST_ONLY_COUNT]) if method is Method.INTEREST_ONLY_THEN_LEVEL else 0
    first = count - 1 if method is Method.BULLET else min(first, count - 1)
    if method is Method.FLAT:
        interests = [rounded(balance * rate, rule) for rate in rates]
        if row[Field.ENGINE] == Engine.CUMULATIVE:
            left = rounded(balance * sum(rates), rule)
            for k in range(count):
                interests[k] = left if k == count - 1 else min(interests[k], left)
                left -= interests[k]
        amount = installment or to_multiple(Fraction(balance + sum(interests[first:]), count - first), rule, multiple)
        rows, left = [], balance
        for k, interest in enumerate(interests):
            part = 0 if k < first else min(max(amount - interest, 0), left)
            part = left if k == count - 1 else part
            rows.append([part, interest])
            left -= part
    elif method is Method.EQUAL_PRINCIPAL:
        amount = installment or to_multiple(Fraction(balance, count - first), rule, multiple)
        rows, left = [], balance
        for k, rate in enumerate(rates):
            part = left if k == count - 1 else (0 if k < first else min(amount, left))
            rows.append([part, rounded(left * rate, rule)])
            left -= part
    else:
        amount = installment
        if not amount:
            amount = to_multiple(level(Fraction(balance), (nominal_rates(row) or rates)[first:]), rule, multiple)
            if row[Field.SMOOTHING]:
                amount = smoothed(balance, rates, amount, first, rule, multiple)
        rows = run(balance, rates, amount, first, rule)
    grace = min(int(row[Field.GRACE_INTEREST]), count - 1)
    rows[grace][1] += sum(interest for _, interest in rows[:grace])
    for early in rows[:grace]:
        early[1] = 0
    listed = [(day(when), *amounts) for when, amounts in zip(dates, rows, strict=True)]
    return ([(disbursed_on, down, 0)] if row[Field.DOWN_PAYMENT_PPM] else []) + listed
