"""The loss of one loan from stated chances, month by month over all its states: no arrays, no cells, no matrices."""

CHARGED_OFF = 7
"""Months behind at which the population of the tests charges off."""


def _balance(left, rate):
    return (1.0 - (1.0 + rate) ** -left) / rate


def loss_of(remaining, age, behind, *, entry, worse, cured, prepay, rate, default_at=0, within=10_000, months=300):
    """Expected charge-off per unit of what a loan owes now.

    remaining, age, behind   instalments not yet due, months on book, bucket (missed instalments until maturity)
    entry                    by age, chance to miss the next; worse, cured by bucket: to get a bucket worse; else, to catch up
    default_at, within       count only what reached that bucket in so many months
    """
    states = {(remaining, behind, remaining + behind, behind >= default_at): 1.0}
    size = _balance(remaining + behind, rate)
    lost = 0.0
    for month in range(months):
        following = {}
        for (left, late, unpaid, counted), part in states.items():
            if late == 0 and left == 0:
                continue
            ahead = max(left - 1, 0)
            if late == 0:
                bad = entry[min(age + month, len(entry) - 1)]
                moves = [(bad, 1, unpaid), (1.0 - bad - prepay, 0, unpaid - 1)]
            else:
                bad = worse[late]
                back = (1.0 - bad) * cured[late]
                # One instalment paid keeps the bucket; after maturity there is none to pay.
                moves = [(bad, late + 1, unpaid), (back, 0, ahead), (1.0 - bad - back, late, unpaid - 1 if left else unpaid)]
            for chance, now, owed in moves:
                if now >= CHARGED_OFF:
                    lost += part * chance * _balance(owed, rate) / size * counted
                    continue
                key = (ahead, now, owed, counted or (now >= default_at and month < within))
                following[key] = following.get(key, 0.0) + part * chance
        states = following
    return lost
