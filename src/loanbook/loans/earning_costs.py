"""What of a loan's upfront fee or cost is income: by the effective interest of its class, between due dates by days."""

from loanbook.kernel import lean
from loanbook.loans.history import Due
from loanbook.units import HALF_UP, RATE_SCALE, Ints, mul_div

_ON = int(Due.ON)


@lean
def amortised_at(amount: int, table: Ints, due: Ints, rows: int, opened_on: int, ended_on: int, stopped_on: int, day: int) -> int:
    """What of a loan's upfront fee (or cost, negative) is income by the end of a day.

    table        (most rows + 1,) a row of `unamortised_tables`, 0 from the class's last instalment on; a loan with fewer rows
                 than its class, or more than the table, was restructured: straight line by days to its last due date
    due          (rows, ...) int64, column `Due.ON` ascending
    ended_on     the loan is gone: all of the amount is recognised; NEVER
    stopped_on   the last day of accrual while the loan is on non-accrual; NEVER
    rounding     half up of what is left; between two due dates the fraction moves straight line by days
    """
    if day < opened_on:
        return 0
    if day >= ended_on or rows == 0:
        return amount
    until = min(day, stopped_on)
    if rows >= table.size or table[rows] != 0:
        last = due[rows - 1, _ON]
        if until >= last:
            return amount
        return mul_div(amount, max(until - opened_on, 0), last - opened_on, HALF_UP)
    since, place = opened_on, 0
    while place < rows and due[place, _ON] <= until:
        since = due[place, _ON]
        place += 1
    if place == rows:
        return amount
    left = table[place]
    if until > since:
        left -= mul_div(left - table[place + 1], until - since, due[place, _ON] - since, HALF_UP)
    return amount - mul_div(amount, left, RATE_SCALE, HALF_UP)
