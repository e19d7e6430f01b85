"""Changes of control and of shares out of corporate events and the dated terms of entities."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from loanbook.accounting.consolidation import Change
from loanbook.accounting.control_changes import Acquisition, Disposal, ShareChange
from loanbook.errors import RequestError
from loanbook.terms.entity import Group
from loanbook.units import date, day

_KINDS = ("control_gained", "share_changed", "control_lost")


def control_changes(
    tables: Mapping[str, pa.Table], group: Group, *, starts_on: int, ends_on: int, currency: str
) -> tuple[Change, ...]:
    """The changes of a period's days, oldest first; shares before and after are those of the entities' terms.

    tables     corporate events by kind, those that the period knew
    currency   of the group's figures: prices and fair values are in it
    raises     RequestError for another currency, two changes of a company on a day, fair values without control_gained, a share
               that the terms do not change on that day
    """
    found: list[Change] = []
    seen: set[tuple[str, int]] = set()
    values = _fair_values(tables, currency)
    for kind in _KINDS:
        for row in _rows(tables, kind):
            on = day(str(row["happened_on"]))
            key = (str(row["company"]), on)
            group.entity(key[0])
            _check_currency(row, kind, currency)
            if key in seen:
                raise RequestError(
                    f"{row['event_id']}: {key[0]} already changes on {date(on)}; give one event a company and day."
                )
            seen.add(key)
            worth = values.pop((str(row["entity"]), *key), {})
            if worth and kind != "control_gained":
                raise RequestError(
                    f"{row['event_id']}: fair values of {key[0]} on {date(on)} belong to a control_gained, not to {kind}."
                )
            if starts_on <= on <= ends_on:
                found.append(_change(kind, row, on, group, worth))
    if values:
        holder, company, on = min(values)
        raise RequestError(f"fair values of {company} on {date(on)} for {holder} have no control_gained of that day. Add it.")
    return tuple(sorted(found, key=lambda change: (change.on, change.entity)))


def _change(kind: str, row: Mapping[str, Any], on: int, group: Group, worth: Mapping[str, int]) -> Change:
    company, holder = str(row["company"]), str(row["entity"])
    if kind == "control_gained":
        return Acquisition(
            entity=company,
            holder=holder,
            on=on,
            consideration_fen=int(row["amount_fen"]),
            held_before_fen=int(row["held_before_fen"] or 0),
            noncontrolling_fen=int(row["noncontrolling_fen"] or 0),
            fair_value_fen=worth,
            business=row["business"] == "yes",
            excess_to=str(row["excess_to"] or ""),
        )
    if kind == "control_lost":
        return Disposal(entity=company, holder=holder, on=on, retained_fen=int(row["retained_fen"] or 0))
    entity = group.entity(company)
    before, after = (dict(entity.shares(at)).get(holder, 0) for at in (on - 1, on))
    if before == after:
        raise RequestError(
            f"{row['event_id']}: the terms of {company} give {holder} the same share on {date(on)} as before. End its line among "
            "holders the day before, and begin another."
        )
    return ShareChange(
        entity=company,
        holder=holder,
        on=on,
        share_before_ppm=before,
        share_after_ppm=after,
        cost_fen=int(row["amount_fen"]),
        gain_fen=int(row["gain_fen"] or 0),
    )


def _fair_values(tables: Mapping[str, pa.Table], currency: str) -> dict[tuple[str, str, int], dict[str, int]]:
    found: dict[tuple[str, str, int], dict[str, int]] = {}
    for row in _rows(tables, "fair_value_acquired"):
        _check_currency(row, "fair_value_acquired", currency)
        of = found.setdefault((str(row["entity"]), str(row["company"]), day(str(row["happened_on"]))), {})
        of[str(row["account"])] = of.get(str(row["account"]), 0) + int(row["amount_fen"])
    return found


def _check_currency(row: Mapping[str, Any], kind: str, currency: str) -> None:
    if row["currency"] != currency:
        raise RequestError(f"{row['event_id']}: {kind} is in {row['currency']}; state it in {currency}, as the group's figures.")


def _rows(tables: Mapping[str, pa.Table], kind: str) -> Iterable[dict[str, Any]]:
    return tables[kind].to_pylist() if kind in tables else []
