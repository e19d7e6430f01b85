"""Digits of other scripts and of full width, and marks of direction, as plain characters: one for one, so places stay."""

import re
import unicodedata

_WIDE = {0xFF10 + at: 0x30 + at for at in range(10)} | {0xFF21 + at: 0x41 + at for at in range(26)}
_WIDE |= {0xFF41 + at: 0x61 + at for at in range(26)}
_MARKS = str.maketrans("％＄￥￡￦（）＋－＝／\u3000٬٫٪", "%$¥£₩()+-=/ ,.%")
_DIRECTION = dict.fromkeys((1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298)), 32)
_PLAIN = _WIDE | _MARKS | _DIRECTION
_DIGIT = re.compile(r"(?![0-9])\d")
_GROUP = re.compile(r"(?<=\d)，(?=\d{3}(?!\d))")
_POINT = re.compile(r"(?<=\d)．(?=\d)")


def plain_glyphs(text: str) -> str:
    """The text in as many characters; a mark of direction is a blank.

    `１，２３４` is 1,234 and `١٬٢٣٤٫٥` is 1,234.5. A wide comma groups only before three digits: elsewhere it parts a list.
    """
    if text.isascii():
        return text
    text = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), text.translate(_PLAIN))
    return _POINT.sub(".", _GROUP.sub(",", text))
