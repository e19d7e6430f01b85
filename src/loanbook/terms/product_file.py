"""Reading product terms from YAML: every setting, its limits, and what to write instead.

    product: cash_loan               # code by which loans name it
    title: Cash loan
    effective_from: 2023-01-01       # first day loans are made under this version
    source: ...                      # who decided it, where it is written
    currency: CNY
    amount: {least: 500.00, most: 200000.00}     # in the currency's unit
    installments: [3, 6, 12, 24]     # or {least: 1, most: 60}
    rate_annual: 0.2399              # or {least: 0, most: 0.24}: each loan brings its own
    method: level
    day_count: thirty_a_month_360
    waterfall: [past_due_penalty, ...]   # all twelve steps

These are needed; every other setting has a default. Settings that contradict each other are refused with file, line and what to
write instead (`terms/combinations.py`).
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import TypeVar, cast

from loanbook.terms.calendar import calendar_names
from loanbook.terms.combinations import impossible
from loanbook.terms.conventions import (
    Aging,
    Component,
    DayCount,
    Engine,
    Excess,
    Method,
    MonthEnd,
    Payoff,
    Processing,
    Shift,
    Timing,
    Unit,
)
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.product import BORROWER_KINDS, COUNT_MOST, PPM, Fee, Product, shown_counts, text_hash
from loanbook.terms.settings import BLOCKS, NAMES, REQUIRED, SETTINGS
from loanbook.terms.unknown import Unknown
from loanbook.units import RATE_SCALE, Rounding

_Name = TypeVar("_Name", bound=IntEnum)
_Items = Mapping[str, Located]

STEPS = tuple(f"{timing.name.lower()}_{component.name.lower()}" for timing in Timing for component in Component)
"""The steps of a waterfall; a step's place is its number in Field.WATERFALL."""

_UNKNOWN = tuple(each.name.lower() for each in Unknown)
_CODE = re.compile(r"[a-z][a-z0-9_]*")


def read_product(path: Path, shown: str | None = None) -> Product:
    """The product terms of a file. Raises TermsError with ``path:line:``, what is wrong and what to write instead."""
    name = shown or str(path)
    return parse_product(read_text(path, name), name)


def parse_product(text: str, name: str) -> Product:
    """The product terms of a YAML text; `name` is what messages call it.

    raises   TermsError with ``name:line:``, also for settings that contradict each other
    """
    product, top, items = _parsed(text, name)
    found = impossible(product)
    if found is not None:
        setting, words = found
        raise items.get(setting, items.get(setting.partition(".")[0], top)).wrong(words)
    return product


def parse_archived(text: str, name: str) -> Product:
    """The product terms of a text that was accepted once: what a later rule calls a contradiction stands as it is."""
    return _parsed(text, name)[0]


def _parsed(text: str, name: str) -> tuple[Product, Located, _Items]:
    top = parse_located(text, name)
    items = _settings(top)
    decimals = _whole(items, "decimals")
    least, most = _amounts(items["amount"], decimals)
    fixed, rate_least, rate_most = _rates(items["rate_annual"])
    product = Product(
        code=_matched(items["product"], "product", _CODE, "lower-case letters, digits and _, e.g. cash_loan"),
        title=items["title"].text("title"),
        place=name,
        hash=text_hash(text),
        source=_words(items["source"], "source"),
        effective_from=items["effective_from"].date("effective_from"),
        currency=items["currency"].text("currency"),
        decimals=decimals,
        amount_least_fen=least,
        amount_most_fen=most,
        counts=_counts(items["installments"]),
        rate_annual=fixed,
        rate_least=rate_least,
        rate_most=rate_most,
        method=_named(items, "method", Method),
        interest_only_count=_whole(items, "interest_only_count"),
        unit=_named(items, "frequency.unit", Unit),
        every=_whole(items, "frequency.every"),
        month_end=_named(items, "frequency.month_end", MonthEnd),
        day_count=_named(items, "day_count", DayCount),
        rounding=_named(items, "rounding.rule", Rounding),
        installment_multiple=_money(items, "rounding.installment_multiple", decimals),
        smoothing=_flag(items, "rounding.smoothing"),
        grace_principal=_whole(items, "grace.principal"),
        grace_interest=_whole(items, "grace.interest"),
        interest_free=_whole(items, "grace.interest_free"),
        down_payment_ppm=_share(items["down_payment"], "down_payment") if "down_payment" in items else 0,
        calendar=items["calendar.name"].choice("calendar.name", calendar_names()) if "calendar.name" in items else "",
        shift=_named(items, "calendar.shift", Shift),
        fees=_fees(items["fees"], decimals) if "fees" in items else (),
        waterfall=_waterfall(items["waterfall"]),
        processing=_named(items, "processing", Processing),
        excess=_named(items, "excess", Excess),
        engine=_named(items, "recalculation.engine", Engine),
        recalculate=_flag(items, "recalculation.follows_payments"),
        overdue_interest=_flag(items, "overdue_interest"),
        payoff=_named(items, "prepayment.interest", Payoff),
        penalty_rate=_rate(items["late_charge.rate_annual"], "late_charge.rate_annual")
        if "late_charge.rate_annual" in items
        else 0,
        penalty_grace_days=_whole(items, "late_charge.grace_days"),
        arrears_tolerance_fen=_money(items, "arrears_tolerance", decimals),
        non_accrual_days=_whole(items, "non_accrual_days"),
        charge_off_days=_whole(items, "charge_off_days"),
        aging=_named(items, "aging", Aging),
        unknown=_unknown(items["unknown"]) if "unknown" in items else (),
        borrowers=_borrowers(items["borrowers"]) if "borrowers" in items else (),
    )
    return product, top, items


def _settings(top: Located) -> dict[str, Located]:
    """All settings of a file by name, those inside blocks as `block.name`; only known ones, and all that are needed."""
    items = top.fields("a product", NAMES, REQUIRED)
    for block, inside in BLOCKS.items():
        if block in items:
            items.update({f"{block}.{name}": item for name, item in items[block].fields(block, inside).items()})
    return items


def _whole(items: _Items, name: str) -> int:
    setting = SETTINGS[name]
    return items[name].whole(name, setting.least, setting.most) if name in items else int(setting.default)


def _flag(items: _Items, name: str) -> bool:
    return items[name].flag(name) if name in items else bool(SETTINGS[name].default)


def _money(items: _Items, name: str, decimals: int) -> int:
    return _positive(items[name], name, 10**decimals, "0.01") if name in items else 0


def _named(items: _Items, name: str, names: type[_Name]) -> _Name:
    if name not in items:
        return cast(_Name, SETTINGS[name].default)
    return names[items[name].choice(name, [member.name.lower() for member in names]).upper()]


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _words(item: Located, what: str) -> str:
    text = item.text(what).strip()
    if not text:
        raise item.wrong(f"{what} is empty. Write who decided these terms and where that is written.")
    return text


def _positive(item: Located, what: str, scale: int, example: str) -> int:
    number = item.scaled(what, scale, example)
    if number < 0:
        raise item.wrong(f"{what} must not be negative; got {item.value}.")
    return number


def _rate(item: Located, what: str) -> int:
    number = _positive(item, what, RATE_SCALE, "0.2399")
    if number > RATE_SCALE:
        percent = number * 100 / RATE_SCALE
        instead = f" Write {percent / 10_000:.6g}." if percent <= 10_000 else " Write, e.g., 0.2399."
        raise item.wrong(f"{what} must be a fraction of one per year; {item.value} would be {percent:,.10g} %.{instead}")
    return number


def _rates(item: Located) -> tuple[int | None, int, int]:
    if not isinstance(item.value, dict):
        fixed = _rate(item, "rate_annual")
        return fixed, fixed, fixed
    limits = item.fields("rate_annual", ("least", "most"), ("least", "most"))
    least, most = _rate(limits["least"], "rate_annual.least"), _rate(limits["most"], "rate_annual.most")
    if least > most:
        raise limits["least"].wrong(f"rate_annual.least exceeds rate_annual.most ({limits['most'].value}). Swap them.")
    return None, least, most


def _share(item: Located, what: str) -> int:
    number = _positive(item, what, PPM, "0.25")
    if number >= PPM:
        raise item.wrong(f"{what} must be a fraction below one; {item.value} would leave nothing to lend. Write, e.g., 0.25.")
    return number


def _amounts(item: Located, decimals: int) -> tuple[int, int]:
    limits = item.fields("amount", ("least", "most"), ("least", "most"))
    least, most = (limits[name].scaled(f"amount.{name}", 10**decimals, "500.00") for name in ("least", "most"))
    if least < 1:
        raise limits["least"].wrong(f"amount.least must be above zero; got {limits['least'].value}.")
    if least > most:
        raise limits["least"].wrong(f"amount.least exceeds amount.most ({limits['most'].value}). Swap them.")
    return least, most


def _counts(item: Located) -> tuple[int, ...]:
    if isinstance(item.value, dict):
        limits = item.fields("installments", ("least", "most"), ("least", "most"))
        least = limits["least"].whole("installments.least", 1, COUNT_MOST)
        return tuple(range(least, limits["most"].whole("installments.most", least, COUNT_MOST) + 1))
    counts = tuple(entry.whole("installments", 1, COUNT_MOST) for entry in item.items("installments"))
    if not counts or list(counts) != sorted(set(counts)):
        raise item.wrong(f"installments must be different numbers in ascending order; got {shown_counts(counts) or 'none'}.")
    return counts


def _borrowers(item: Located) -> tuple[str, ...]:
    found = tuple(entry.choice("a kind of borrower", BORROWER_KINDS) for entry in item.items("borrowers"))
    if not found or len(set(found)) < len(found):
        named = ", ".join(found) or "nobody"
        raise item.wrong(f"borrowers names {named}. Write each kind once, or leave borrowers out: then it is for any.")
    return found


def _unknown(item: Located) -> tuple[Unknown, ...]:
    found = tuple(Unknown[entry.choice("what is unknown", _UNKNOWN).upper()] for entry in item.items("unknown"))
    if len(set(found)) < len(found):
        raise item.wrong(f"unknown names {', '.join(each.name.lower() for each in found)}. Write each once.")
    return found


def _waterfall(item: Located) -> tuple[int, ...]:
    found = tuple(STEPS.index(entry.choice("a waterfall step", STEPS)) for entry in item.items("waterfall"))
    twice = [name for step, name in enumerate(STEPS) if found.count(step) > 1]
    missing = [name for step, name in enumerate(STEPS) if step not in found]
    if twice:
        raise item.wrong(f"waterfall names {', '.join(twice)} more than once. Write each of the twelve steps once.")
    if missing:
        raise item.wrong(f"waterfall lacks {', '.join(missing)}. Write all twelve steps in the order they are paid.")
    return found


def _fees(item: Located, decimals: int) -> tuple[Fee, ...]:
    fees = []
    for entry in item.items("fees"):
        parts = entry.fields("a fee", ("name", "due", "amount", "share"), ("name", "due"))
        if ("amount" in parts) == ("share" in parts):
            raise entry.wrong("a fee needs either amount (in the currency) or share (of the amount lent). Write one of them.")
        fees.append(
            Fee(
                name=_matched(parts["name"], "a fee's name", _CODE, "lower-case letters, digits and _"),
                each=parts["due"].choice("a fee's due", ("disbursement", "installment")) == "installment",
                amount_fen=_positive(parts["amount"], "a fee's amount", 10**decimals, "5.00") if "amount" in parts else 0,
                share_ppm=_share(parts["share"], "a fee's share") if "share" in parts else 0,
            )
        )
    return tuple(fees)
