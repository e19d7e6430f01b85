"""Which unit the label of a row names, and when a single word is too little to say so."""

import re

from loanbook.tieout.figure import Unit

_ADS = r"(?:ADSs?|American\s+[Dd]eposit[ao]ry\s+[Ss]hares?)"
_COUNT_OF = r"\b(?:weighted|average|number|numbers?\s+of|outstanding|issued|in issue|used|diluted|basic|denominator|treasury)\b"
_UNITS = (
    (Unit.BASIS_POINTS, re.compile(r"(?<!\d\s)\bbasis points?\b|\(bps?\)|\bbps\b", re.IGNORECASE)),
    (
        Unit.ADS,
        re.compile(
            rf"{_COUNT_OF}[^()]*?\b{_ADS}\b.*\b(?:used|outstanding|issued)\b|^(?:weighted|number|average|diluted|basic"
            rf"|total)[^()]*\b{_ADS}\b(?!.*\bper\b.*\b{_ADS})|^{_ADS}\s+(?:used|outstanding|issued)",
            re.IGNORECASE,
        ),
    ),
    (
        Unit.SHARES,
        re.compile(
            r"^(?:.*\b(?:weighted|average|number of|diluted|basic|common|ordinary|total|outstanding"
            r"|treasury)\b)?[^()]*?\b(?:shares?|stock)\b[^()]*\b(?:outstanding|in issue|used|issued and outstanding)\b"
            r"|\b(?:weighted[\s-]average|number\s+of|average)\b[^()]*\bshares?\b|^(?:basic|diluted|common"
            r"|ordinary)?\s*shares?(?:\s+outstanding)?$|^Anzahl\b.*\bAktien|^nombre\b.*\bactions",
            re.IGNORECASE,
        ),
    ),
    (Unit.PER_ADS, re.compile(rf"(?<!\d\s)\bper\b[^()]*{_ADS}|\(loss\) per[^()]*{_ADS}|/ADS", re.IGNORECASE)),
    (
        Unit.PER_SHARE,
        re.compile(
            r"(?<!\d\s)\bper\b[^()]*?\b(?:shares?|stock|units?|unitholder)\b|\bEPS\b|/\s?share\b|\bje\s+Aktie|\bpar action"
            r"|1株当たり",
            re.IGNORECASE,
        ),
    ),
    (
        Unit.PEOPLE,
        re.compile(
            r"\b(?:employees?|headcount|full[\s-]time equivalents?|FTEs?|staff(?! costs| expenses)|workforce"
            r"|Mitarbeite)\b(?!.*\b(?:benefits?|costs?|expenses?|compensation|stock|loans?|related|payables?|shares?|reductions?)\b)",
            re.IGNORECASE,
        ),
    ),
    (Unit.PERCENT, re.compile(r"(?<!\d)(?<!\d\s)%|\bin per ?cent\b|\(percent(?:age)?\)|\bpercentage of\b", re.IGNORECASE)),
    (Unit.DAYS, re.compile(r"\(days\)|,\s*days$|\bin days\b|\bdays (?:sales|payable|inventory) ", re.IGNORECASE)),
    (Unit.MONTHS, re.compile(r"\(months\)|,\s*months$|\bin months\b", re.IGNORECASE)),
    (Unit.YEARS, re.compile(r"\(years\)|,\s*years$|\bin years\b", re.IGNORECASE)),
    (Unit.RATIO, re.compile(r"\((?:x|times)\)|\btimes covered\b", re.IGNORECASE)),
    (
        Unit.COUNT,
        re.compile(
            r"^(?:number|no\.|#)\s+of\b|\b(?:branches|ATMs|stores|restaurants|customers|subscribers|users"
            r"|policies in force|partners)\s*"
            r"(?:\([^()]*\)|,.*)?$|^(?:active|new|open|total)\s(?:\w+\s)?(?:accounts|policies|vehicles|transactions)$",
            re.IGNORECASE,
        ),
    ),
)
_MONEY_ANYWAY = re.compile(
    r"\b(?:proceeds|repurchase|purchase|issuance|expenses?|payments?|compensation|due (?:to|from)|acquisition of|payable"
    r"|receivable|deposits|revenue|income from|loans? to|value)\b",
    re.IGNORECASE,
)
_GOVERNED = re.compile(
    r"\b(?:to|from|with|in|for|of|on|by)\s+(?:(?:the|our|its|retail|corporate|private|other)\s+){0,2}"
    r"(?:employees?|staff|workforce|Mitarbeite\w*|branches|stores|restaurants|customers|subscribers|users|policies|partners)\b",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    r"\b(?:numbers?|no\.|counts?|counted|anzahl|nombre|weighted|average|issued|outstanding|used|active|new|open|registered|paying"
    r"|monthly|daily|cumulative|headcount|full[\s-]time|part[\s-]time|FTEs?|employees?|Mitarbeite\w*|policies|accounts|transactions"
    r"|in issue|at\s+(?:period|year|quarter|month)|at\s+the\s+end|end\s+of|per)\b|#",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\bnumbers?\b|\bcounts?\b|\bheadcount\b|\baverage\b|#|\banzahl\b|\bnombre\b", re.IGNORECASE)
_CAPITAL = re.compile(r"\b(?:par|stated|nominal)\s+value\b|\bno\s+par\b|\bauthori[sz]ed\b", re.IGNORECASE)


def label_unit(label: str) -> Unit | None:
    """The unit that a label names, None where it names none: money, or what the group above says.

    What a preposition governs is not counted ("Deposits from customers"), and a number inside a label is a part of the name
    ("Notes 5.25% due 2027", "Common stock, 1,000 shares issued, par value $0.01").
    """
    for unit, pattern in _UNITS:
        if pattern.search(label):
            is_number = _NUMBER.search(label) is not None
            if unit in (Unit.SHARES, Unit.ADS) and (_MONEY_ANYWAY.match(label) or (_CAPITAL.search(label) and not is_number)):
                return None
            if unit in (Unit.PEOPLE, Unit.COUNT) and _GOVERNED.search(label) and not is_number:
                return None
            return unit
    return None


def is_weak(label: str, unit: Unit | None) -> bool:
    """Whether a noun alone names the unit: staff, customers and shares are counted in one table and are amounts in another."""
    return unit in (Unit.PEOPLE, Unit.COUNT, Unit.SHARES) and _COUNTING.search(label) is None
