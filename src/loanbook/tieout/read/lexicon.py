"""The words and marks that stand around numbers: currencies, scales, months, in the languages that results are published in."""

import re
from decimal import Decimal

CURRENCIES = {
    "US$": "USD", "U.S.$": "USD", "USD": "USD", "U.S. dollars": "USD", "US dollars": "USD", "U.S. dollar": "USD",
    "RMB": "CNY", "CNY": "CNY", "CN¥": "CNY", "Renminbi": "CNY", "人民币": "CNY",
    "HK$": "HKD", "HKD": "HKD", "NT$": "TWD", "TWD": "TWD", "S$": "SGD", "SGD": "SGD",
    "C$": "CAD", "CA$": "CAD", "CAD": "CAD", "Canadian dollars": "CAD", "A$": "AUD", "AU$": "AUD", "AUD": "AUD", "NZ$": "NZD",
    "Australian dollars": "AUD", "R$": "BRL", "BRL": "BRL", "MXN": "MXN", "ZAR": "ZAR",
    "€": "EUR", "EUR": "EUR", "euros": "EUR", "euro": "EUR", "Euro": "EUR", "TEUR": "EUR", "T€": "EUR",
    "£": "GBP", "GBP": "GBP", "Sterling": "GBP", "sterling": "GBP",
    "CHF": "CHF", "Swiss francs": "CHF", "SEK": "SEK", "NOK": "NOK", "DKK": "DKK", "PLN": "PLN", "CZK": "CZK", "HUF": "HUF",
    "JPY": "JPY", "JP¥": "JPY", "yen": "JPY", "Yen": "JPY", "円": "JPY", "元": "CNY", "₩": "KRW", "KRW": "KRW", "₹": "INR",
    "INR": "INR", "Rs.": "INR", "reais": "BRL",
    "IDR": "IDR", "Rp": "IDR", "PHP": "PHP", "THB": "THB", "VND": "VND", "MYR": "MYR", "₺": "TRY", "ILS": "ILS", "₪": "ILS",
    "AED": "AED", "SAR": "SAR",
}  # fmt: skip
"""Marks that mean one currency. `$` and `¥` are several countries' and `dollars` too: the document says whose."""

_LOOSE = ("$", "¥", "￥", "dollars", "Dollars")


def _mark(text: str) -> str:
    """A pattern of a currency's mark; letters stand alone or against a digit."""
    first = r"(?<![A-Za-z])" if text[0].isascii() and text[0].isalpha() else ""
    last = r"(?![A-Za-z])" if text[-1].isascii() and text[-1].isalpha() else ""
    return f"{first}{re.escape(text)}{last}"


CURRENCY = "(?:" + "|".join(_mark(text) for text in sorted((*CURRENCIES, *_LOOSE), key=len, reverse=True)) + ")"
CURRENCY_MARK = re.compile(CURRENCY)


def currencies_in(text: str) -> re.Pattern[str] | None:
    """A pattern of the marks that a long text holds, much quicker than that of all."""
    marks = [mark for mark in sorted((*CURRENCIES, *_LOOSE), key=len, reverse=True) if mark in text]
    return re.compile("|".join(map(_mark, marks))) if marks else None


def currency_code(mark: str, *, dollar: str, yen: str) -> str:
    """The code of a mark; `dollar` and `yen` are what `$` and `¥` mean in this document."""
    if mark in ("¥", "￥"):
        return yen
    if mark in ("$", "dollars", "Dollars"):
        return dollar
    return CURRENCIES[mark]


HUNDREDTH = Decimal("0.01")
CENTS = rf"(?:(?:{CURRENCY}|US|HK)[\s-]?)?cents?(?![A-Za-z])|pence(?![A-Za-z])|(?<=\d)p(?!\w|\.\w)"
"""Hundredths of a currency, as amounts per share are stated in them."""
THOUSAND, MILLION, BILLION, TRILLION = (Decimal(10) ** power for power in (3, 6, 9, 12))

_SCALES = (
    (TRILLION, ("[Tt]rillions?", "TRILLIONS?", "tn", "trn", "Billionen", "兆")),
    (
        BILLION,
        (
            "[Bb]illions?",
            "BILLIONS?",
            "[Bb]ilhões",
            "[Bb]ilhão",
            "bn",
            "bln",
            r"Mrd\.?",
            "Milliarden?",
            "milliards?",
            "mld",
            "milliardi",
        ),
    ),
    (
        MILLION,
        (
            "[Mm]illions?",
            "MILLIONS?",
            "[Mm]ilhões",
            "[Mm]ilhão",
            "MILHÕES",
            "[Mm]illones",
            "mn",
            "mln",
            "mm",
            r"Mio\.?",
            "Millionen",
            "mio",
            "milioni",
            "百万",
        ),
    ),
    (THOUSAND, ("[Tt]housands?", "THOUSANDS?", "[Mm]ilhares", "MILHARES", "[Mm]iles", "Tausend", r"Tsd\.?", "milliers?", "千")),
    (Decimal(10) ** 8, ("億", "亿")),
    (Decimal(10) ** 7, ("crores?",)),
    (Decimal(10) ** 5, ("lakhs?",)),
    (Decimal(10) ** 4, ("万",)),
)
_LETTERS = {"k": THOUSAND, "K": THOUSAND, "m": MILLION, "M": MILLION, "b": BILLION, "B": BILLION, "T": TRILLION}
SCALE_WORD = "(?:" + "|".join(word for _, words in _SCALES for word in words) + r")(?![A-Za-z])"
SCALE_LETTER = r"[kKmMbBT](?![A-Za-z0-9&])"
_SCALE_OF = [(re.compile(f"(?:{'|'.join(words)})$", re.IGNORECASE), scale) for scale, words in _SCALES]


def scale_of(word: str) -> Decimal:
    """What a scale's word or letter multiplies with."""
    if word in _LETTERS:
        return _LETTERS[word]
    for pattern, scale in _SCALE_OF:
        if pattern.match(word):
            return scale
    return Decimal(1)


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan", "januar", "janvier", "janeiro", "enero"),
            ("february", "feb", "februar", "février", "fevereiro", "febrero"),
            ("march", "mar", "märz", "mars", "março", "marzo"),
            ("april", "apr", "avril", "abril"),
            ("may", "mai", "maio", "mayo"),
            ("june", "jun", "juni", "juin", "junho", "junio"),
            ("july", "jul", "juli", "juillet", "julho", "julio"),
            ("august", "aug", "août", "agosto"),
            ("september", "sept", "sep", "septembre", "setembro", "septiembre"),
            ("october", "oct", "oktober", "okt", "octobre", "outubro", "octubre"),
            ("november", "nov", "novembre", "novembro", "noviembre"),
            ("december", "dec", "dezember", "dez", "décembre", "dezembro", "diciembre"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_LOWER_CASE = (
    "janvier", "février", "mars", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    "enero", "febrero", "marzo", "mayo", "junio", "julio", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
MONTH = (
    "(?:"
    + "|".join(
        sorted({form for name in MONTHS for form in (name.title(), name.upper())} | set(_LOWER_CASE), key=len, reverse=True)
    )
    + r")(?![a-zà-ü])\.?"
)
"""Months begin with a capital, so that "may" is a verb; French, Portuguese and Spanish ones do not."""

CARDINALS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
    "thirteen": 13, "twenty-six": 26, "thirty-nine": 39, "fifty-two": 52, "fifty-three": 53,
}  # fmt: skip
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
