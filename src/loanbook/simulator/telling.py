"""A world told as events: one table a kind, in the order in which a servicer recorded them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loanbook import events
from loanbook.loans.facts import FactKind
from loanbook.simulator.draws import Stream, chances
from loanbook.stores.event_rows import OWN_PART
from loanbook.stores.schema import MODELS, arrow_schema
from loanbook.terms.contract import Field
from loanbook.units import Ints

if TYPE_CHECKING:
    from loanbook.simulator.world import World

CURRENCY = "CNY"
SOURCE = "simulator"
_DAY_MICROSECONDS = 86_400_000_000
_HOUR_MICROSECONDS = 3_600_000_000
_ID_DIGITS = 9


def tables(world: "World") -> dict[str, pa.Table]:
    """The event tables of a world, by kind name; only kinds that occur."""
    told = {events.LOAN_DISBURSED.name: _loans(world)}
    facts = _Facts(world)
    for kind, of_facts, columns in (
        (events.PAYMENT_RECEIVED, (FactKind.PAYMENT, FactKind.PAYOFF), _payment),
        (events.EVENT_REVERSED, (FactKind.REVERSAL,), _reversal),
        (events.RATE_CHANGED, (FactKind.RATE,), _repricing),
        (events.LOAN_CHARGED_OFF, (FactKind.CHARGE_OFF,), _charge_off),
        (events.RECOVERY_RECEIVED, (FactKind.RECOVERY,), _recovery),
        (events.LOAN_CANCELLED, (FactKind.CANCELLATION,), _cancellation),
    ):
        table = facts.table(kind, of_facts, columns)
        if table.num_rows:
            told[kind.name] = table
    return told


class _Facts:
    """Facts of all loans as flat columns, and the ids that their events get."""

    def __init__(self, world: "World") -> None:
        batch = world.histories
        self.batch = batch
        lengths = np.diff(batch.fact_offsets)
        self.loan = np.repeat(np.arange(lengths.size), lengths)
        self.number = np.arange(self.loan.size) - np.repeat(batch.fact_offsets[:-1], lengths)
        self.loan_ids = _numbered("LN", world.heads.loan_no)
        self.moment = chances(world.seed, int(Stream.MOMENT), world.heads.loan_no.size, self.loan.size)

    def event_ids(self, places: Ints) -> Any:
        return pc.binary_join_element_wise(
            pc.take(self.loan_ids, pa.array(self.loan[places])), _padded(self.number[places], 3), "-"
        )

    def table(
        self, kind: events.Kind, of_facts: tuple[FactKind, ...], columns: "Callable[[_Facts, Ints], dict[str, Any]]"
    ) -> pa.Table:
        places = np.flatnonzero(np.isin(self.batch.fact_kind, np.array(of_facts)))
        recorded_at = _moments(self.batch.fact_recorded_on[places], self.moment[places])
        places = places[np.argsort(recorded_at, kind="stable")]
        common = {
            "event_id": self.event_ids(places),
            "loan_id": pc.take(self.loan_ids, pa.array(self.loan[places])),
            "happened_on": self.batch.fact_on[places],
            "recorded_at": np.sort(recorded_at, kind="stable"),
            "source": pa.repeat(SOURCE, places.size),
        }
        return _arrow(kind, {**common, **columns(self, places)})


def _payment(facts: _Facts, places: Ints) -> dict[str, Any]:
    payoff = facts.batch.fact_kind[places] == FactKind.PAYOFF
    return {
        "amount_fen": facts.batch.fact_amount[places],
        "purpose": pc.if_else(pa.array(payoff), "payoff", "repayment"),
    }


def _reversal(facts: _Facts, places: Ints) -> dict[str, Any]:
    reversed_places = facts.batch.fact_offsets[facts.loan[places]] + facts.batch.fact_detail[places]
    return {"reversed_event_id": facts.event_ids(reversed_places), "reason": pa.repeat("bounced", places.size)}


def _repricing(facts: _Facts, places: Ints) -> dict[str, Any]:
    return {"rate_annual": facts.batch.fact_amount[places]}


def _charge_off(facts: _Facts, places: Ints) -> dict[str, Any]:
    return {"principal_fen": pa.nulls(places.size, pa.int64()), "reason": pa.repeat("days_past_due", places.size)}


def _recovery(facts: _Facts, places: Ints) -> dict[str, Any]:
    return {"amount_fen": facts.batch.fact_amount[places], "purpose": pa.repeat("collection", places.size)}


def _cancellation(facts: _Facts, places: Ints) -> dict[str, Any]:
    return {"reason": pa.repeat("refunded", places.size)}


def _loans(world: "World") -> pa.Table:
    heads, offer = world.heads, world.offer
    loans = heads.loan_no.size
    rows = offer.classes.rows[heads.class_no]
    ids = _numbered("LN", heads.loan_no)
    product = rows[:, Field.PRODUCT]
    table = _arrow(
        events.LOAN_DISBURSED,
        {
            "event_id": pc.binary_join_element_wise(ids, pa.repeat("000", loans), "-"),
            "loan_id": ids,
            "happened_on": heads.disbursed_on,
            "recorded_at": _moments(heads.disbursed_on, chances(world.seed, int(Stream.MOMENT), 0, loans)),
            "source": pa.repeat(SOURCE, loans),
            "borrower_id": _numbered("BR", world.borrower),
            "product": _words(offer.classes.products, product),
            "terms_hash": _words(tuple(product.hash for product in offer.products), product),
            "model": _words(MODELS, rows[:, Field.MODEL]),
            "segment": _words(offer.classes.segments, rows[:, Field.SEGMENT]),
            "vehicle": pa.nulls(loans, pa.string()),
            "partner": pa.nulls(loans, pa.string()),
            "currency": pa.repeat(CURRENCY, loans),
            "principal_fen": heads.principal_fen,
            "rate_annual": rows[:, Field.RATE_ANNUAL],
            "installment_count": rows[:, Field.COUNT],
            "installment_fen": pa.nulls(loans, pa.int64()),
            "first_due_on": pa.nulls(loans, pa.date32()),
            "tenor_months": rows[:, Field.TENOR_MONTHS],
            **{name: pa.nulls(loans, pa.int64()) for name in OWN_PART},
        },
    )
    return table.take(pc.sort_indices(table, [("recorded_at", "ascending"), ("event_id", "ascending")]))


def _arrow(kind: events.Kind, columns: dict[str, Any]) -> pa.Table:
    schema = arrow_schema(kind).remove_metadata()
    arrays = []
    for field in schema:
        column = columns[field.name]
        if isinstance(column, np.ndarray):
            whole = np.int32 if pa.types.is_date32(field.type) else np.int64
            column = pa.array(np.ascontiguousarray(column, whole)).cast(field.type)
        arrays.append(column.cast(field.type))
    return pa.table(arrays, schema=schema)


def _moments(days: Ints, within: Ints) -> Ints:
    """Microseconds since 1970 of a moment of each day, between 04:00 and 08:00 UTC: the same civil day in China and in London."""
    return np.asarray(
        days.astype(np.int64) * _DAY_MICROSECONDS + 4 * _HOUR_MICROSECONDS + (within * 4 * _HOUR_MICROSECONDS).astype(np.int64)
    )


def _padded(numbers: Ints, digits: int) -> Any:
    return pc.utf8_lpad(pa.array(numbers.astype(np.int64)).cast(pa.string()), digits, "0")


def _numbered(prefix: str, numbers: Ints) -> Any:
    return pc.binary_join_element_wise(pa.repeat(prefix, numbers.size), _padded(numbers + 1, _ID_DIGITS), "")


def _words(names: tuple[str, ...], codes: Ints) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names, pa.string())).dictionary_decode()
