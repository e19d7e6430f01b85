"""Naive twin of weighted shares: walk every day of the period and add up what is outstanding at its end."""


def naive_share_days(opening: int, changes: list[tuple[int, int]], starts_on: int, ends_on: int) -> tuple[int, int]:
    """Share-days and days of a period, both its ends included; changes are (day, shares)."""
    total, outstanding = 0, opening
    for day in range(starts_on, ends_on + 1):
        outstanding += sum(by for on, by in changes if on == day)
        total += outstanding
    return total, ends_on - starts_on + 1
