"""Interest accrued to a day, and late charges that terms imply: both functions of the rows, never an event a day."""

from loanbook.kernel import lean
from loanbook.loans.facts import Row, Total
from loanbook.loans.payment import AUX_PENALTY_BOOKED, AUX_PENALTY_NANO, AUX_PENALTY_SINCE, unpaid
from loanbook.loans.plan import NANO, round_nano
from loanbook.terms.contract import Field
from loanbook.units import RATE_SCALE, Ints, Rounding, mul_div

_DUE_ON = int(Row.DUE_ON)
_PRINCIPAL = int(Row.PRINCIPAL)
_PENALTY = int(Row.PENALTY)
_PAID_PRINCIPAL = int(Row.PAID_PRINCIPAL)
_ROWS = int(Total.ROWS)
_PENALTY_RATE_ANNUAL = int(Field.PENALTY_RATE_ANNUAL)
_PENALTY_GRACE_DAYS = int(Field.PENALTY_GRACE_DAYS)
_TOLERANCE = int(Field.ARREARS_TOLERANCE)
_ROUNDING = int(Field.ROUNDING)
_HALF_EVEN = int(Rounding.HALF_EVEN)
_DAYS_A_YEAR = 365
_PENALTY_SCALE = RATE_SCALE // NANO * _DAYS_A_YEAR


@lean
def accrue_penalties(contract: Ints, rows: Ints, aux: Ints, totals: Ints, day: int) -> None:
    """Bring the late charge of every row in arrears to a day: overdue principal x penalty rate x days / 365.

    Nothing is charged while an instalment may still be cleared inside the grace days; then from its due date on. A residue up
    to the tolerance is no arrears and is charged nothing, so a row that was cleared never falls back by its own late charge.
    rounding   the contract's rule on the row's whole charge; what a day adds is the difference of two rounded totals
    """
    rate = contract[_PENALTY_RATE_ANNUAL]
    if rate == 0:
        return
    for row in range(totals[_ROWS]):
        due_on = rows[row, _DUE_ON]
        owed = rows[row, _PRINCIPAL] - rows[row, _PAID_PRINCIPAL]
        if due_on >= day or owed <= 0:
            continue
        if unpaid(rows, row) <= contract[_TOLERANCE]:
            aux[row, AUX_PENALTY_SINCE] = day
            if aux[row, AUX_PENALTY_BOOKED] == 0:
                aux[row, AUX_PENALTY_NANO] = 0
            continue
        since = max(aux[row, AUX_PENALTY_SINCE], due_on)
        if day > since:
            aux[row, AUX_PENALTY_NANO] += mul_div(owed, rate * (day - since), _PENALTY_SCALE, _HALF_EVEN)
            aux[row, AUX_PENALTY_SINCE] = day
        if day - due_on > contract[_PENALTY_GRACE_DAYS]:
            total = round_nano(aux[row, AUX_PENALTY_NANO], contract[_ROUNDING])
            if total > aux[row, AUX_PENALTY_BOOKED]:
                rows[row, _PENALTY] += total - aux[row, AUX_PENALTY_BOOKED]
                aux[row, AUX_PENALTY_BOOKED] = total
