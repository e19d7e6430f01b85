"""What is known of one setting of product terms, and the limits that several share."""

from dataclasses import dataclass
from enum import Enum, IntEnum

EVERY_MOST = 366
DAYS_MOST = 3_650
"""Ten years: no deadline of a consumer loan is longer."""
DECIMALS_MOST = 10


class Form(Enum):
    """What is written as a setting's value."""

    TEXT = "text"
    DATE = "date, YYYY-MM-DD"
    COUNT = "whole number"
    AMOUNT = "amount in the currency's unit"
    RATE = "fraction of one per year"
    SHARE = "fraction below one"
    FLAG = "true or false"
    WORD = "a word"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a product file.

    name          `grace.principal` for one inside a block
    text          what it means
    form          what is written; unit: of a whole number, e.g. days
    least, most   limits of a whole number, both allowed
    limits        limits in words, where they are no two whole numbers
    words         the conventions it chooses from
    default       what holds where it is left out: a value of `words`, a number, or False
    said          the default in words, where it is none of those
    example       lines of a product file, with all that the setting needs beside it
    """

    name: str
    text: str
    form: Form
    example: str
    needed: bool = False
    unit: str = ""
    least: int = 0
    most: int = 0
    limits: str = ""
    words: type[IntEnum] | None = None
    default: IntEnum | int | bool = 0
    said: str = ""
