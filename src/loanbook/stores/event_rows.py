"""The queries that turn event tables into loans, terms classes, facts and positions, ordered as a projection needs them.

Everything here runs inside the engine, spills to disk and leaves through sorted streams. Tables it keeps:
loan (one row per projected loan), class (one row per terms class), target (events that something takes back), and of the loans'
rows fact, listed, position.
"""

from collections.abc import Sequence

import pyarrow as pa

from loanbook.events import BY_NAME, KINDS
from loanbook.loans.facts import FactKind
from loanbook.loans.ordinals import drawdown_ordinals
from loanbook.stores.book import Book
from loanbook.stores.engine import Engine, quote
from loanbook.stores.event_scan import scan_events
from loanbook.stores.schema import arrow_schema
from loanbook.units import Ints

OWN_PART = ("own_principal_ppm", "own_interest_ppm", "own_fee_ppm", "coupon_annual")
CLASS_KEY = (
    *("product", "version", "model", "segment", "vehicle", "partner", "rate_annual", "installment_count", "tenor_months"),
    *OWN_PART,
)
"""What loans of one terms class share."""

_KEY = ", ".join(CLASS_KEY)


def _days(column: str) -> str:
    return f"date_diff('day', DATE '1970-01-01', {column})"


def name_events(engine: Engine, book: Book, *, loan_id: str | None = None) -> None:
    """Views of every event kind, empty where the book has none, with `recorded_on` as a day; of one loan where it is named."""
    chosen = "" if loan_id is None else f" WHERE loan_id = {quote(loan_id)}"
    for kind in KINDS:
        files = book.files(kind.name)
        if files:
            source = scan_events(kind, files)
        else:
            engine.register(f"no_{kind.name}", arrow_schema(kind).remove_metadata().empty_table())
            source = f"no_{kind.name}"
        engine.view(kind.name, f"SELECT *, CAST(recorded_at AS DATE) AS recorded_on FROM {source}{chosen}")
    engine.keep(
        "target",
        # A reversal takes back an event of its own loan; one that names another loan's is a loose end and changes nothing.
        "SELECT event_id, loan_id, row_number() OVER (ORDER BY event_id, loan_id) AS token, reversed_on FROM ("
        "SELECT reversed_event_id AS event_id, loan_id, min(recorded_on) AS reversed_on FROM event_reversed GROUP BY 1, 2)",
    )


def keep_loans(engine: Engine, versions: pa.Table) -> None:
    """Loans with dense numbers in the order (disbursed_on, class, loan id), their class and their borrower's drawdown number.

    versions   archived terms, `terms_classes.version_table`

    One row per loan: its first disbursement that stands. A disbursement that was taken back is a row of its own, so that a close
    with an earlier day of knowledge still sees it.
    """
    common = (
        "event_id, loan_id, borrower_id, product, terms_hash, model, segment, nullif(vehicle, '') AS vehicle, "
        "nullif(partner, '') AS partner, rate_annual, installment_count, tenor_months"
    )
    own = ", ".join(OWN_PART)
    none = ", ".join(f"NULL::BIGINT AS {name}" for name in OWN_PART)
    engine.register("terms_version", versions)
    engine.keep(
        "entry",
        f"""SELECT e.*, t.reversed_on, coalesce(nullif(e.terms_hash, ''), v.version) AS version,
                   row_number() OVER (
                     PARTITION BY e.loan_id, t.reversed_on IS NULL ORDER BY e.recorded_at, e.event_id) AS place
            FROM (
              SELECT {common}, {own}, recorded_at, recorded_on, principal_fen, happened_on AS disbursed_on, first_due_on,
                     installment_fen, FALSE AS reported, NULL::DATE AS opened_on, 0::BIGINT AS opened_balance,
                     -1::BIGINT AS opened_dpd
              FROM loan_disbursed
              UNION ALL
              SELECT {common}, {none}, recorded_at, recorded_on, original_principal_fen, originated_on, first_due_on,
                     installment_fen, TRUE, happened_on, balance_fen, coalesce(dpd, -1)
              FROM position_opened) AS e
            LEFT JOIN target AS t ON t.event_id = e.event_id AND t.loan_id = e.loan_id
            LEFT JOIN terms_version AS v
              ON v.product = e.product AND {_days("e.disbursed_on")} BETWEEN v.starts_on AND v.ends_on""",
    )
    standing = "(place = 1 AND reversed_on IS NULL) OR (reversed_on IS NOT NULL AND NOT reported)"
    engine.keep(
        "class",
        f"SELECT *, row_number() OVER (ORDER BY {', '.join(f'{name} NULLS FIRST' for name in CLASS_KEY)}) - 1 AS class_no "
        f"FROM (SELECT {_KEY}, bool_and(reported) AS reported FROM entry WHERE {standing} GROUP BY {_KEY})",
    )
    same = " AND ".join(f"e.{name} IS NOT DISTINCT FROM c.{name}" for name in CLASS_KEY)
    engine.keep(
        "numbered",
        f"SELECT row_number() OVER (ORDER BY e.disbursed_on, c.class_no, e.loan_id, e.event_id) - 1 AS loan_no, c.class_no, "
        "e.event_id, e.loan_id, e.borrower_id, e.principal_fen, e.disbursed_on, e.first_due_on, e.installment_fen, e.reported, "
        "e.opened_on, e.opened_balance, e.opened_dpd, e.recorded_on, e.reversed_on "
        f"FROM (SELECT * FROM entry WHERE {standing}) AS e JOIN class AS c ON {same}",
    )
    drawdowns = engine.named("numbered")["loan_no", "borrower_id", "disbursed_on", "recorded_on", "reversed_on"]
    engine.keep("ordinal", drawdown_ordinals(drawdowns))
    engine.keep(
        "loan",
        "SELECT n.*, o.ordinal, o.shifting FROM numbered AS n "
        "JOIN (SELECT loan_no, ordinal, shifting FROM ordinal) AS o USING (loan_no)",
    )
    engine.drop("numbered")
    engine.drop("ordinal")


def classes(engine: Engine) -> pa.Table:
    """Terms classes in order of their number, with the first and last disbursement of each."""
    return engine.table(
        f"SELECT {_KEY}, reported, first_on, last_on FROM class "
        "JOIN (SELECT class_no, min(disbursed_on) AS first_on, max(disbursed_on) AS last_on FROM loan GROUP BY class_no) "
        "USING (class_no) ORDER BY class_no"
    )


LOAN_STREAM = """
    SELECT loan_no, class_no::INT AS class_no, principal_fen, disbursed_on, first_due_on,
           coalesce(installment_fen, 0) AS installment_fen, ordinal, reported, opened_on, opened_balance,
           opened_dpd::INT AS opened_dpd
    FROM loan ORDER BY loan_no"""

ID_STREAM = "SELECT loan_no, loan_id, event_id, reported FROM loan ORDER BY loan_no"

SHIFTING = """
    SELECT loan_no, dense_rank() OVER (ORDER BY borrower_id) AS borrower_no, disbursed_on, recorded_on, reversed_on
    FROM loan WHERE shifting ORDER BY loan_no"""


def _fact(kind: FactKind | str, table: str, amount: str = "0::BIGINT", detail: str = "0::BIGINT", reverses: str = "NULL") -> str:
    number = kind if isinstance(kind, str) else str(int(kind))
    return (
        f"SELECT event_id, loan_id, ({number})::TINYINT AS kind, happened_on, recorded_on, {amount} AS amount, "
        f"{detail} AS detail, {reverses} AS reverses FROM {table}"
    )


_PURPOSES = (
    f"CASE purpose WHEN 'payoff' THEN {int(FactKind.PAYOFF)} WHEN 'down_payment' THEN {int(FactKind.DOWN_PAYMENT)} "
    f"ELSE {int(FactKind.PAYMENT)} END"
)
_COMPONENTS = f"CASE component WHEN 'fee' THEN {int(FactKind.CHARGE_FEE)} ELSE {int(FactKind.CHARGE_PENALTY)} END"

_FACTS = " UNION ALL ".join(
    (
        _fact(FactKind.DISBURSEMENT, "loan_disbursed", "principal_fen"),
        _fact(FactKind.DISBURSEMENT, "disbursement_added", "amount_fen"),
        _fact(_PURPOSES, "payment_received", "amount_fen"),
        _fact(_COMPONENTS, "charge_added", "amount_fen", _days("coalesce(due_on, happened_on)")),
        _fact(FactKind.RATE, "rate_changed", "rate_annual"),
        _fact(FactKind.CHARGE_OFF, "loan_charged_off", "coalesce(principal_fen, 0)"),
        _fact(FactKind.RECOVERY, "recovery_received", "amount_fen"),
        # Money below 0 pays no instalment and takes none back: only what is unapplied gets less.
        _fact(FactKind.PAYMENT, "refund_paid", "-amount_fen"),
        _fact(FactKind.CANCELLATION, "loan_cancelled"),
        _fact(FactKind.REVERSAL, "event_reversed", reverses="reversed_event_id"),
    )
)

_FACT = f"""
    SELECT f.event_id, l.loan_no, f.kind, f.happened_on AS fact_on, f.recorded_on, f.amount, f.detail,
           coalesce(t.token, 0) AS token, coalesce(r.token, 0) AS reverses
    FROM ({_FACTS}) AS f
    JOIN loan AS l ON l.loan_id = f.loan_id AND NOT l.reported
    LEFT JOIN target AS t ON t.event_id = f.event_id AND t.loan_id = f.loan_id
    LEFT JOIN target AS r ON r.event_id = f.reverses AND r.loan_id = f.loan_id
    WHERE f.kind <> {int(FactKind.DISBURSEMENT)} OR f.event_id = l.event_id
       OR f.event_id IN (SELECT event_id FROM disbursement_added)"""

FACT_STREAM = """
    SELECT loan_no, kind, fact_on, recorded_on, amount, detail, token, reverses FROM fact
    ORDER BY loan_no, fact_on, kind, event_id"""
"""Facts in the order of a batch; token names an event that is taken back, reverses the token that a reversal takes back."""

_STANDS = "(event_id, loan_id) NOT IN (SELECT (event_id, loan_id) FROM target)"
"""An event that nothing takes back."""

_LISTED = """
    SELECT i.event_id, l.loan_no, i.number, i.due_on, i.principal_fen, i.interest_fen, i.fee_fen
    FROM instalment_agreed AS i JOIN loan AS l ON l.loan_id = i.loan_id AND NOT l.reported
    WHERE (i.event_id, i.loan_id) NOT IN (SELECT (event_id, loan_id) FROM target)"""

LISTED_STREAM = """
    SELECT loan_no, due_on, principal_fen, interest_fen, fee_fen FROM listed
    ORDER BY loan_no, due_on, number, event_id"""

_POSITION = f"""
    SELECT p.event_id, l.loan_no, p.happened_on AS position_on, p.recorded_on, coalesce(p.balance_fen, {-(1 << 62)}) AS balance,
           coalesce(p.principal_fen, 0) AS principal, coalesce(p.paid_fen, 0) AS paid, coalesce(p.recovered_fen, 0) AS recovered,
           coalesce(p.liquidation_fen, 0) AS liquidation, coalesce(p.dpd, -1)::INT AS dpd
    FROM position_reported AS p JOIN loan AS l ON l.loan_id = p.loan_id AND l.reported
    WHERE (p.event_id, p.loan_id) NOT IN (SELECT (event_id, loan_id) FROM target)"""

POSITION_STREAM = """
    SELECT loan_no, position_on, recorded_on, balance, principal, paid, recovered, liquidation, dpd FROM position
    ORDER BY loan_no, position_on, recorded_on, event_id"""


def keep_rows(engine: Engine) -> None:
    """The facts, listed instalments and positions of the loans that `keep_loans` kept, for the streams to sort.

    Joined first and sorted later: in one query the engine held the loans and the sorted rows at once, and 19 million facts did
    not fit in 1.5 GB; one after the other they fit in 0.4 GB.
    """
    for name, query in (("fact", _FACT), ("listed", _LISTED), ("position", _POSITION)):
        engine.keep(name, query)


def rows_a_loan(engine: Engine) -> int:
    """Facts, listed instalments and positions of a loan on average, rounded up, at least 1."""
    rows = sum(engine.number(f"SELECT count(*) FROM {name}") for name in ("fact", "listed", "position"))
    return max(-(-rows // max(engine.number("SELECT count(*) FROM loan"), 1)), 1)


def totals(engine: Engine) -> dict[str, int]:
    """What the events come to, over loans that stand: the figures a projection must reproduce."""
    standing = "SELECT loan_id FROM loan WHERE reversed_on IS NULL"
    paid = f"FROM payment_received WHERE {_STANDS} AND loan_id IN ({standing} AND NOT reported)"
    return {
        "loans": engine.number("SELECT count(*) FROM loan WHERE reversed_on IS NULL"),
        "principal_fen": engine.number("SELECT sum(principal_fen) FROM loan WHERE reversed_on IS NULL"),
        "payments": engine.number(f"SELECT count(*) {paid}"),
        "paid_fen": engine.number(f"SELECT sum(amount_fen) {paid}"),
        "opened_fen": engine.number("SELECT sum(opened_balance) FROM loan WHERE reported"),
        "reported_paid_fen": engine.number(
            f"SELECT sum(paid_fen) FROM position_reported WHERE {_STANDS} "
            "AND loan_id IN (SELECT loan_id FROM loan WHERE reported)"
        ),
    }


def most_money(engine: Engine, months: Ints) -> int:
    """What no sum of money over this book can exceed, exact: the bound that tells whether sums of 64 bits hold it.

    months    (classes,) contractual months of each class: one family sums principal times months
    engine    `keep_rows` was called

    Each figure sums parts of what was lent, agreed, paid or reported, so all of them together bound it. Disbursements that were
    taken back count, because an earlier day of knowledge sees them.
    """
    wide = "::HUGEINT"
    lent = engine.rows(
        f"SELECT l.class_no, sum(abs(f.amount{wide})) FROM fact AS f JOIN loan AS l USING (loan_no) "
        f"WHERE f.kind = {int(FactKind.DISBURSEMENT)} GROUP BY l.class_no "
        f"UNION ALL SELECT class_no, sum(abs(principal_fen{wide})) FROM loan WHERE reported GROUP BY class_no"
    )
    found = sum(int(amount) * max(int(months[number]), 1) for number, amount in lent)
    moved = f"WHERE kind NOT IN ({int(FactKind.DISBURSEMENT)}, {int(FactKind.RATE)}, {int(FactKind.REVERSAL)})"
    reported = ("principal", "paid", "recovered", "liquidation")
    sums = " + ".join(f"abs({name}{wide})" for name in reported)
    for query in (
        f"SELECT sum(abs(amount{wide})) FROM fact {moved}",
        f"SELECT sum(abs(principal_fen{wide}) + abs(interest_fen{wide}) + abs(fee_fen{wide})) FROM listed",
        f"SELECT sum({sums} + CASE WHEN balance = {-(1 << 62)} THEN 0 ELSE abs(balance{wide}) END) FROM position",
        f"SELECT sum(abs(opened_balance{wide})) FROM loan WHERE reported",
    ):
        found += engine.number(query)
    return found


def last_days(engine: Engine) -> tuple[str | None, str | None, str | None]:
    """First disbursement, last fact and last recording in the book, as ISO dates."""
    every = " UNION ALL ".join(f"SELECT happened_on, recorded_on FROM {kind.name}" for kind in KINDS)
    ((last, recorded),) = engine.rows(f"SELECT max(happened_on), max(recorded_on) FROM ({every})")
    ((first,),) = engine.rows("SELECT min(disbursed_on) FROM loan")
    return tuple(None if day is None else day.isoformat() for day in (first, last, recorded))  # type: ignore[return-value]


def loose_ends(engine: Engine) -> list[tuple[str, str, int, str]]:
    """Event rows that no loan of the projection can use: (kind, what is wrong, rows, first event ids)."""
    found = []
    for name in BY_NAME:
        if name in ("loan_disbursed", "position_opened", "application_received"):
            continue
        found.append((name, "the loan was never disbursed", f"FROM {name} WHERE loan_id NOT IN (SELECT loan_id FROM loan)"))
    found.append(
        (
            "entry",
            "the loan was disbursed, or opened, before: only the first event counts",
            "FROM entry WHERE place > 1 AND reversed_on IS NULL",
        )
    )
    every = " UNION ALL ".join(f"SELECT event_id, loan_id FROM {kind.name}" for kind in KINDS)
    taken = f"(SELECT e.event_id, e.loan_id FROM ({every}) AS e JOIN target USING (event_id, loan_id))"
    found.append(
        (
            "event_reversed",
            "the reversed event is not in the book, or belongs to another loan",
            f"FROM event_reversed AS r WHERE NOT EXISTS (SELECT 1 FROM {taken} AS t "
            "WHERE t.event_id = r.reversed_event_id AND t.loan_id = r.loan_id)",
        )
    )
    ends = []
    for kind, text, where in found:
        count = engine.number(f"SELECT count(*) {where}")
        if count:
            ids = engine.rows(f"SELECT event_id {where} ORDER BY event_id LIMIT 5")
            ends.append(("loan_disbursed" if kind == "entry" else kind, text, count, _listed([row[0] for row in ids])))
    return ends


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids)
