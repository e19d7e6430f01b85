"""Naive twin of `loanbook.accounting`: one loan, walked day by day with exact fractions, rounded only where a figure is shown."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction


def half_up(value):
    """The nearest whole number, halves away from zero."""
    value = Fraction(value)
    sign = -1 if value < 0 else 1
    return sign * int((abs(value) * 2 + 1) // 2)


@dataclass(frozen=True)
class HeavyLoan:
    """A guaranteed loan of a partner: fees in fen, days as numbers, fee payments as (day, amount).

    fallen_due   of a lost loan whose fees are impaired: fees that had fallen due by its end; else 0
    """

    opened_on: int
    matures_on: int
    contractual: int
    inception: int
    payments: tuple
    ended_on: int
    fallen_due: int
    collectable: Fraction
    at_once: Fraction


def guarantee_share(loan, cash):
    """The guarantee's part of fees."""
    if loan.contractual == 0:
        return 0
    return min(half_up(Fraction(loan.inception * cash, loan.contractual)), loan.inception, cash)


def days_of_service(loan, day):
    """Which part of the term is over, adding one day's share after the other."""
    part = Fraction(0)
    for today in range(loan.opened_on + 1, day + 1):
        if today <= loan.matures_on:
            part += Fraction(1, loan.matures_on - loan.opened_on)
    return part


def heavy_state(loan, day):
    """Every balance of one loan at a day's end, by name."""
    if day < loan.opened_on:
        return {}
    collected = sum(amount for on, amount in loan.payments if on <= day)
    ended = day >= loan.ended_on
    to_guarantee = guarantee_share(loan, collected)
    cash = collected - to_guarantee
    expected = collected + half_up((loan.contractual - collected) * loan.collectable)
    part = days_of_service(loan, min(day, loan.ended_on))
    if ended:
        expected = max(collected, min(loan.fallen_due, loan.contractual))
        part = Fraction(1) if expected == collected else part
    price = expected - guarantee_share(loan, expected)
    at_once = half_up(price * loan.at_once)
    over_time = half_up((price - at_once) * part)
    if ended:
        over_time = max(over_time, cash - at_once)
    balance = at_once + over_time - cash
    release_part = Fraction(1) if ended else days_of_service(loan, day)
    return {
        "price": price,
        "recognised": at_once + over_time,
        "contract_asset": 0 if ended else max(balance, 0),
        "written_off": balance if ended else 0,
        "owed": max(-balance, 0),
        "released": half_up(loan.inception * release_part),
        "receivable": 0 if ended else loan.inception - to_guarantee,
        "premium_ahead": 0 if ended else max(to_guarantee - half_up(loan.inception * release_part), 0),
    }


def recognised_by(loan, day, price, over_time):
    """Services of `price` given by an earlier day, of those recognised by now."""
    rest = price - half_up(price * loan.at_once)
    collected = sum(amount for on, amount in loan.payments if on <= loan.ended_on)
    if loan.ended_on <= day and loan.fallen_due <= collected:
        return over_time
    return min(half_up(rest * days_of_service(loan, day)), over_time)


def walk_interest(due, opened_on, ended_on, charged_off_on, collected, day, *, after, current, catch_up, reverse):
    """Interest recognised and reversed, by walking the days from the disbursement and remembering whether interest accrues.

    due         (due day, interest, day cleared) a row, in order
    collected   interest collected by a day, as a function
    """

    def accrued(today):
        total, since = Fraction(0), opened_on
        for on, interest, _ in due:
            if on <= today:
                total += interest
            elif today > since:
                total += half_up(Fraction(interest * (today - since), on - since))
                break
            else:
                break
            since = on
        return total

    if ended_on <= day and ended_on <= charged_off_on:
        return collected(day), 0
    stopped, missed = None, Fraction(0)
    for today in range(opened_on, min(day, charged_off_on) + 1):
        late = [today - on for on, _, cleared in due if on < today < cleared]
        dpd = max(late, default=0)
        if stopped is None and dpd > after:
            stopped = accrued(today - 1)
        elif stopped is not None and (dpd == 0 if current else dpd <= after):
            missed += accrued(today) - stopped
            stopped = None
    got = collected(min(day, charged_off_on))
    missed = 0 if catch_up else missed
    if stopped is None:
        total = accrued(min(day, charged_off_on))
        return max(total - missed, min(total, got)), 0
    kept = stopped - missed
    return max(got, kept), max(kept - got, 0) if reverse else 0


def fractions_left(principal, interest, fee, prepaid, *, digits=40):
    """What is left of a fee after each instalment for a loan that is still there: the pool's carrying amount rolled forward.

    prepaid   share that prepays with each instalment, Fractions;  returns the rate (Decimal) and the fractions
    """
    with localcontext() as context:
        context.prec = digits
        there, balance, flows, left = Decimal(1), Decimal(sum(principal)), [], []
        for part, earned, share in zip(principal, interest, prepaid, strict=True):
            share = Decimal(share.numerator) / share.denominator
            balance -= part
            flows.append(there * (part + earned + share * balance))
            there *= 1 - share
            left.append((there, balance))
        low, high = Decimal("-0.9"), Decimal(10)
        carrying = Decimal(sum(principal) - fee)
        while high - low > Decimal(10) ** (8 - digits):
            rate = (low + high) / 2
            worth = Decimal(0)
            for flow in reversed(flows):
                worth = (worth + flow) / (1 + rate)
            low, high = (rate, high) if worth > carrying else (low, rate)
        found = [Decimal(1)]
        for flow, (there, balance) in zip(flows, left, strict=True):
            carrying += carrying * low - flow
            found.append((balance - carrying / there) / fee if there else Decimal(0))
        return low, found


def money(value):
    """A Decimal to whole units, halves away from zero."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
