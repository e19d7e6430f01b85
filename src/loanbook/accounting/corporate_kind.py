"""What a kind of corporate event is: its columns, the words they take, what must hold between them, and the amounts it posts."""

from dataclasses import dataclass

from loanbook.events import Column, Type

AMOUNT_MOST = 1_000_000_000_000_000
"""Ten trillion of a currency in minor units: more is a slip of the pen, and thousands of such rows still add up in 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """One amount that an event gives to the journal.

    component     its name in posting rules; empty: the word in the column `component_of`
    amount        the money column
    entity        the column that names whose books it is in
    counterparty  the column that names the other side; empty: none
    line, account, contra   columns that posting rules may ask for or take accounts from; empty: none
    reversed_on   a column with a day on which the same amount is posted with the opposite sign
    """

    amount: str
    component: str = ""
    component_of: str = ""
    entity: str = "entity"
    counterparty: str = ""
    line: str = ""
    account: str = ""
    contra: str = ""
    reversed_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateKind:
    """One kind of corporate event: a table of its own.

    columns     after the common ones
    words       column -> the words it takes
    differ      pairs of columns that must not be the same (who made an entry does not approve it)
    ordered     pairs of days of which the second is not before the first
    posts       amounts for the journal as they stand
    measured    what makes amounts of it, where they depend on other events or on the day: `equity`, `service`,
                `share_based`, `tax`; empty: `posts` is all
    """

    name: str
    text: str
    columns: tuple[Column, ...]
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    differ: tuple[tuple[str, str], ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()
    posts: tuple[Posts, ...] = ()
    measured: str = ""


def text(name: str, words: str, *, required: bool = True) -> Column:
    """A column of text."""
    return Column(name=name, type=Type.TEXT, text=words, required=required)


def money(name: str, words: str, *, required: bool = True, least: int | None = 0) -> Column:
    """A column of minor units of the event's currency, or of minor units per million instruments (`_per_million_fen`)."""
    return Column(name=name, type=Type.MONEY, text=words, required=required, least=least, most=AMOUNT_MOST)


def date(name: str, words: str, *, required: bool = True) -> Column:
    """A column of days."""
    return Column(name=name, type=Type.DATE, text=words, required=required)


def integer(name: str, words: str, *, required: bool = True, least: int = 0) -> Column:
    """A column of whole numbers."""
    return Column(name=name, type=Type.INTEGER, text=words, required=required, least=least)


def rate(name: str, words: str, *, required: bool = True) -> Column:
    """A column of rates in `units.RATE_SCALE`-ths."""
    return Column(name=name, type=Type.RATE, text=words, required=required, least=0)


COMMON = (
    text("event_id", "Unique among corporate events; the same id with other content is refused."),
    text("entity", "Whose books it belongs to."),
    text("currency", "ISO 4217 code of all money of the event."),
    date("happened_on", "Civil date of the fact."),
    Column(name="recorded_at", type=Type.MOMENT, text="When the books learned of it."),
    text("source", "File and line, or the service.", required=False),
    text("text", "What it was, in words.", required=False),
)
"""Columns of every corporate event."""


def columns(kind: CorporateKind) -> tuple[Column, ...]:
    """All columns of a kind's table: the common ones, then its own."""
    return (*COMMON, *kind.columns)
