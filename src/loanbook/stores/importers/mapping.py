"""A mapping as a value: how the rows of each tape become events. `mapping_file.py` reads it from YAML and checks it."""

from dataclasses import dataclass
from enum import StrEnum

from loanbook.events import Kind


class Format(StrEnum):
    """File formats that a tape can have."""

    CSV = "csv"
    PARQUET = "parquet"
    ABS_EE_XML = "abs_ee_xml"


class Unit(StrEnum):
    """How a source writes a rate."""

    FRACTION = "fraction"
    """0.0655 is 6.55 % a year."""
    PERCENT = "percent"
    """6.55 is 6.55 % a year."""
    FRACTION_OR_PERCENT = "fraction_or_percent"
    """Decided once a file: percent when some value of its first batch is above 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One source column of a sum, with its sign."""

    column: str
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one event column (or one feature) is made from a source row. Exactly one of `terms`, `value`, `template` is set.

    place          path:line in the mapping, for messages
    name           the event column, or the feature
    terms          source columns; several are added up, or tried in turn when `first` is set
    first          take the first of `terms` that is not null
    value          a constant, as text
    template       text with {source or event column} in it
    formats        date formats to try in turn
    zone           time zone in which a moment becomes a civil date
    add_months     months added to a date: a number, "k" or "-k" (the period of a repeated group)
    month_end      move a date to the last day of its month
    month_day      the day of a date whose format names none (MM/YYYY); 1 unless said
    unit           how a rate is written
    scale          what one written unit is in minor units, for money (100 for a currency of two decimals)
    strip          texts cut from the value before it is read ("%", " months", "$")
    thousands      separator cut from numbers
    decimal_mark   "." or ","
    words          value map: source text to what stands in the event
    otherwise      for a value that `words` does not name; None refuses it
    default        for null
    round_cents    round half up to the minor unit instead of refusing further digits
    keep_negative  a negative amount is what the source means; otherwise it is refused
    least, most    smallest and largest allowed, in the event's unit
    not_after      source column of a date; a later date is taken as null
    optional       the source column may be absent
    """

    place: str
    name: str
    terms: tuple[Term, ...] = ()
    first: bool = False
    value: str | None = None
    template: str | None = None
    formats: tuple[str, ...] = ()
    zone: str = "UTC"
    add_months: str = "0"
    month_end: bool = False
    month_day: int = 1
    unit: Unit = Unit.FRACTION
    scale: int = 100
    strip: tuple[str, ...] = ()
    thousands: str = ""
    decimal_mark: str = "."
    words: tuple[tuple[str, str | None], ...] | None = None
    otherwise: str | None = None
    default: str | None = None
    round_cents: bool = False
    keep_negative: bool = False
    least: int | None = None
    most: int | None = None
    not_after: Term | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A test of one source column; all conditions of an event must hold.

    present   True: not null; False: null
    words     the text is one of these (`negated`: none of these)
    above     a number larger than this
    """

    place: str
    column: str
    present: bool | None = None
    words: tuple[str, ...] | None = None
    negated: bool = False
    above: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of an application. `type` is number, text, date or flag."""

    type: str
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRule:
    """How one kind of event is made from a tape's rows.

    repeat         stems of a repeated group of columns (BAL of BAL1..BALn); empty: one event a row
    keep_if_any    of a repeated group: columns of which one must be filled, else the period is left out
    when           conditions on the row; a row that fails them gives no such event
    first_of_loan  keep only the event with the earliest happened_on of each loan, in these files and in the book
    dated_by_loan  happened_on and recorded_at are those of the loan's disbursement or opening
    """

    place: str
    kind: Kind
    columns: tuple[Rule, ...]
    features: tuple[Feature, ...] = ()
    repeat: tuple[str, ...] = ()
    keep_if_any: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    first_of_loan: bool = False
    dated_by_loan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """One kind of file that the mapping reads.

    files         patterns of file names; the first tape whose pattern fits takes the file
    skip          conditions; a row that meets them all is left out and counted
    """

    place: str
    name: str
    files: tuple[str, ...]
    format: Format
    events: tuple[EventRule, ...]
    skip: tuple[Condition, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    nulls: tuple[str, ...] = ("",)
    newlines_in_values: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeMapping:
    """A mapping: from the files of one source to events.

    decimals    of the currency's minor unit
    products    product codes that the mapping itself writes
    text_hash   names its exact text
    """

    name: str
    title: str
    source: str
    currency: str
    currency_place: str
    decimals: int
    decimals_place: str
    tapes: tuple[Tape, ...]
    products: tuple[str, ...]
    text_hash: str
    place: str

    def place_of(self, product: str) -> str:
        """The path:line at which loans get this product: where it is written, else where it is read from a column."""
        rules = [rule for tape in self.tapes for event in tape.events for rule in event.columns if rule.name == "product"]
        for rule in rules:
            if product in (rule.value, rule.otherwise, rule.default, *(word for _, word in rule.words or ())):
                return rule.place
        return rules[0].place if rules else self.place
