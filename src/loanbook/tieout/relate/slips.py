"""Slips of the hand: what a figure becomes when one digit, two neighbours, the sign or the decimal place goes wrong."""


def is_slip(now: int, then: int) -> bool:
    """Whether one of two whole numbers of steps is the other with a single slip."""
    if now == then:
        return False
    one, other = str(abs(now)), str(abs(then))
    if abs(now) == abs(then):
        return True
    if (now < 0) != (then < 0):
        return False
    if len(one) != len(other):
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return len(shorter) > 1 and longer == shorter + "0"
    wrong = [place for place in range(len(one)) if one[place] != other[place]]
    if len(wrong) == 1:
        return len(one) > 1
    return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]
