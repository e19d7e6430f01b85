"""One slip in the text of a file: last digit off by one, a digit substituted, two swapped, the sign, ten times as much."""

import random
import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

KINDS = ("last digit", "substituted", "swapped", "sign", "tenfold")
MINUS = "(-−–△▲"
REACH = 8  # characters before the digits among which a mark of sign is looked for
CLOSING = 16  # characters after them within which a bracket closes, tags of a cell of its own included
CLAUSE = 80  # characters before a figure of prose among which a word of direction is looked for
FALL = re.compile(r"\b(?:decreas|declin|down|fell|drop|lower|reduc|worsen|deteriorat)\w*\s(?:(?!\.\s)[^;])*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure that a slip may be written into.

    file         number of its document
    start, end   its digits in the file's text
    negative     whether its value is below nought
    checkable    whether something else in the documents determines it
    foots        whether its document's totals are the sum of what is printed
    index        number among the figures that are read of the clean document; None where it was not read
    """

    file: int
    start: int
    end: int
    value: Decimal
    step: Decimal
    is_prose: bool
    checkable: bool
    foots: bool
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The text with a slip in it; `digits` is what stands there now, `units` by how many last digits it is wrong."""

    text: str
    digits: str
    units: Decimal


def write(text: str, target: Target, kind: str, chance: random.Random) -> Written | None:
    """The slip of this kind in a figure; None where it cannot be made, or would not look like a number."""
    old = text[target.start : target.end]
    if not target.value or not target.step:
        return None
    if kind == "sign":
        changed = _signed(text, target)
        return None if changed is None else Written(text=changed, digits=old, units=abs(2 * target.value / target.step))
    new = _tenfold(text, old) if kind == "tenfold" else _altered(old, kind, chance)
    if new is None or new == old:
        return None
    now, then = int(_bare(new)), int(_bare(old))
    if now == then:
        return None
    head, tail = text[: target.start], text[target.end :]
    return Written(text=_widened(head, len(new) - len(old)) + new + tail, digits=new, units=Decimal(abs(now - then)))


def _bare(text: str) -> str:
    return re.sub(r"\D", "", text)


def _altered(old: str, kind: str, chance: random.Random) -> str | None:
    places = [place for place, letter in enumerate(old) if letter.isdigit()]
    new = list(old)
    if kind == "last digit":
        shift = chance.choice((1, -1))
        digits = str(int(_bare(old)) + shift).zfill(len(places))
        if len(digits) != len(places) or int(digits) == 0:
            digits = str(int(_bare(old)) - shift).zfill(len(places))
        if len(digits) != len(places):
            return None
        for place, digit in zip(places, digits, strict=True):
            new[place] = digit
    elif kind == "substituted":
        at = chance.choice(places)
        new[at] = str((int(old[at]) + chance.randrange(1, 10)) % 10)
    else:
        pairs = [(one, other) for one, other in pairwise(places) if old[one] != old[other]]
        if not pairs:
            return None
        one, other = chance.choice(pairs)
        new[one], new[other] = old[other], old[one]
    leads = "".join(new)[: len(_whole(old))]
    if len(_bare(leads)) > 1 and _bare(leads).startswith("0"):
        return None
    return "".join(new)


def _whole(digits: str) -> str:
    """The part before the decimals: what follows the last separator is decimals unless three digits are."""
    found = re.search(r"[.,]\d+$", digits)
    if found is None or (len(found.group()) == 4 and not re.match(r"0[.,]", digits)):
        return digits
    return digits[: found.start()]


def _tenfold(text: str, old: str) -> str:
    """One place more, the decimals kept, grouped as the document groups."""
    whole = _whole(old)
    rest = old[len(whole) :]
    if rest:
        shifted, rest = _bare(whole) + rest[1], rest[0] + rest[2:] + "0"
    else:
        shifted = _bare(whole) + "0"
    shifted = shifted.lstrip("0") or "0"
    marks = [letter for letter in whole if not letter.isdigit()]
    if marks:
        mark = marks[0]
    elif len(shifted) < 4:
        return shifted + rest
    elif rest:
        mark = "." if rest[0] == "," else "'" if re.search(r"\d'\d{3}", text) else ","
    else:
        found = re.search(r"\d([,.'’\u00a0])\d{3}(?!\d)", text)
        mark = found.group(1) if found else ""
    if re.search(r"\d,\d\d,\d{3}", text) and len(shifted) > 3:
        head, last = shifted[:-3], shifted[-3:]
        groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
        return mark.join((*groups, last)) + rest
    groups = [shifted[max(0, end - 3) : end] for end in range(len(shifted), 0, -3)][::-1]
    return mark.join(groups) + rest


def _widened(head: str, by: int) -> str:
    """What stands before, with its blanks or leaders fewer by as many characters as the figure grew, so that columns stay."""
    if by <= 0:
        return head + " " * -by if head.endswith("  ") else head
    mark = len(head) - len(head.rstrip("($¥€£₹ "))
    return head[:-by] if mark > by + 1 and head[-by - 2 :].strip() == "" else head


def _signed(text: str, target: Target) -> str | None:
    head, tail = text[: target.start], text[target.end :]
    near = head[-REACH:]
    digits = text[target.start : target.end]
    if target.value < 0:
        at = max((near.rfind(mark) for mark in MINUS), default=-1)
        if at < 0 or re.search(r"\d", near[at:]):
            return None
        at += len(head) - len(near)
        closing = tail.find(")", 0, CLOSING) if text[at] == "(" else -1
        tail = tail if closing < 0 else tail[:closing] + tail[closing + 1 :]
        return head[:at] + head[at + 1 :] + digits + tail
    if near.endswith("+"):
        return head[:-1] + "–" + digits + tail
    if target.is_prose:
        # "A decrease of -9.3%" says nothing else than "a decrease of 9.3%".
        return None if FALL.search(head[-CLAUSE:]) else head + "-" + digits + tail
    mark = next((each for each in "△▲" if each in text), "–" if re.search(r">–\d", text) else "(")
    return _widened(head, 1) + mark + digits + (")" if mark == "(" else "") + tail
