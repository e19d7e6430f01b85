"""What "(in thousands of euros, except per share data)" says: scale and currency, and which rows it leaves out."""

import re
from dataclasses import dataclass
from decimal import Decimal

from loanbook.tieout.read.lexicon import (
    BILLION,
    CENTS,
    CURRENCY,
    CURRENCY_MARK,
    HUNDREDTH,
    MILLION,
    SCALE_LETTER,
    SCALE_WORD,
    THOUSAND,
    scale_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of scale.

    money       scale of amounts, None where the text states a currency only
    shares      scale of numbers of shares; 1 where they are left out of it
    currencies  marks of the currencies that it names, in order
    """

    money: Decimal | None
    shares: Decimal
    currencies: tuple[str, ...]


_NOT_AFTER_DIGIT = r"(?<![\d.,] )(?<![\d.,])"
_WORDS = re.compile(
    rf"(?:\b(?:in|amounts?|expressed|stated|unit|units|en|exprimés|Angaben|Beträge"
    rf"|values?)\b[^.;\d]{{0,40}}?)?{_NOT_AFTER_DIGIT}(?P<word>{SCALE_WORD})",
    re.IGNORECASE,
)
_CURRENCY_SCALE = re.compile(
    rf"(?P<c1>{CURRENCY})\s?(?:in\s)?(?P<s1>{SCALE_WORD}|{SCALE_LETTER}|['’]?000s?)|(?P<s2>[kmKM]|Mio\.?|Mrd\.?"
    rf"|Tsd\.?)\s?(?P<c2>€|EUR|£|CHF)"
)
_ZEROS = re.compile(r"(?<!\d)['’(]?000s?['’)]?(?![\d,.])")
_T_EUR = re.compile(r"(?<![A-Za-z])(?:TEUR|T€|T ?EUR)(?![A-Za-z])")
_SHARES_IN = re.compile(
    rf"\b(?:shares?|ADSs?|units)\b[^.;,]{{0,30}}\bin\s+(?P<word>{SCALE_WORD})|\bnumber of shares in\s+(?P<word2>{SCALE_WORD})",
    re.IGNORECASE,
)
_EXCEPT = re.compile(r"\b(?:except|other than|excluding|unless|sauf|außer|ausgenommen)\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SHARES_OUT = re.compile(
    r"(?<!per )(?<!per-)\bshares?\s*(?:,|and|&|\bdata\b(?!\s*per))|\bnumber of (?:shares|ADSs?)"
    r"|\bshares? (?:amounts?|data|counts?|information|numbers?)(?:,|\s+and|\s+or|$|\))|\bshares?/",
    re.IGNORECASE,
)
_LONGEST = 400


def read_statement(text: str) -> Statement | None:
    """The statement of scale or currency in a caption or head, None where it makes none."""
    if len(text) > _LONGEST:
        return None
    left_out = _EXCEPT.search(text)
    main = text[: left_out.start()] if left_out else text
    rest = left_out["rest"] if left_out else ""
    shares_in = _SHARES_IN.search(text)
    main_money = main.replace(shares_in.group(), " ") if shares_in else main
    money = _money_scale(main_money)
    currencies = tuple(match.group() for match in CURRENCY_MARK.finditer(main))
    if money is None and not currencies and not shares_in:
        return None
    if shares_in:
        shares = scale_of(shares_in["word"] or shares_in["word2"])
    elif _SHARES_OUT.search(rest) and not re.fullmatch(
        r"\W*(?:for\s+)?(?:per[\s-]share|earnings per share)\s*\w*\W*", rest, re.IGNORECASE
    ):
        shares = Decimal(1)
    else:
        shares = money or Decimal(1)
    return Statement(money=money, shares=shares, currencies=currencies)


def _money_scale(text: str) -> Decimal | None:
    both = _CURRENCY_SCALE.search(text)
    if both is not None:
        word = both["s1"] or both["s2"]
        return THOUSAND if "000" in word else scale_of(word)
    if _T_EUR.search(text):
        return THOUSAND
    if _ZEROS.search(text):
        return MILLION if re.search(r"000[,.']000", text) else THOUSAND
    words = [scale_of(match["word"]) for match in _WORDS.finditer(text)]
    words = [word for word in words if word in (THOUSAND, MILLION, BILLION) or word > 1]
    return words[0] if words else None


_LABEL_SCALE = re.compile(
    rf"\((?:[^()]*?\s)?(?:in\s+)?(?:{CURRENCY}\s?)?(?P<word>{SCALE_WORD}|['’]?000s?)(?:\s+[^()\d]*)?\)"
    rf"|,\s*in\s+(?P<word2>{SCALE_WORD})|\s(?P<cur>{CURRENCY})\s?(?P<word3>{SCALE_WORD})$",
    re.IGNORECASE,
)


_LABEL_CENTS = re.compile(
    rf"\((?:[^()]*\s)?(?:{CENTS}|p)(?:\s+per\s+\w+)?\)|(?:,|\s[–—-])\s*(?:in\s+)?(?:{CENTS})\s*$", re.IGNORECASE
)


def label_scale(label: str) -> Decimal | None:
    """The scale that a row states for itself: "Users (in millions)", "Average shares (000s)", "Earnings per share (cents)"."""
    if _LABEL_CENTS.search(label):
        return HUNDREDTH
    match = _LABEL_SCALE.search(label)
    if match is None:
        return None
    word = match["word"] or match["word2"] or match["word3"]
    return THOUSAND if "000" in word else scale_of(word)
