"""Groups made of a few words: entities, entries and rates of a test."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from loanbook.accounting.control_changes import Acquisition, Disposal, ShareChange
from loanbook.accounting.group_close import GroupTerms
from loanbook.accounting.group_rows import TEXTS, UNDATED, Rows, is_in
from loanbook.accounting.perimeter import GroupAccounts
from loanbook.terms.cash_flow import read_classes, read_indirect
from loanbook.terms.chart import load_chart
from loanbook.terms.elimination import read_eliminations
from loanbook.terms.entity import Group
from loanbook.terms.entity_file import group_of, parse_entity
from loanbook.terms.exchange_rates import ExchangeRate, exchange_rates
from loanbook.units import date, day, rate

CHART = load_chart()
RULES = read_eliminations(CHART)
CLASSES = dict(read_classes())
INDIRECT = read_indirect(CHART)
BEGIN = "2020-01-01"


def fen(amount: Any) -> int:
    return int(Decimal(str(amount)) * 100)


def _lines(items: Sequence[Mapping[str, Any]]) -> str:
    return "[" + ", ".join("{" + ", ".join(f"{key}: {value}" for key, value in item.items()) + "}" for item in items) + "]"


def entity(code: str, terms: Mapping[str, Any]) -> Any:
    """An entity by the production reader, from a few words: kind, currency, holders, control, major."""
    control = terms.get("control", [{"basis": "ownership", "method": "full"}])
    text = f"entity: {code}\nkind: {terms.get('kind', 'subsidiary')}\njurisdiction: CN\nsource: test\n"
    text += f"names: [{{name: {code}, from: {BEGIN}}}]\ncurrency: [{{currency: {terms.get('currency', 'CNY')}, from: {BEGIN}}}]\n"
    text += f"control: {_lines([{'from': BEGIN} | dict(line) for line in control])}\n"
    text += f"tax_rates: [{{rate: 0.25, source: test, from: {BEGIN}}}]\n"
    if terms.get("holders"):
        text += f"holders: {_lines([{'from': BEGIN} | dict(line) for line in terms['holders']])}\n"
    if terms.get("major"):
        text += f"major: [{{from: {BEGIN}}}]\n"
    return parse_entity(text, f"{code}.yaml")


def group(entities: Mapping[str, Mapping[str, Any]]) -> Group:
    return group_of([entity(code, terms) for code, terms in entities.items()])


def terms_of(entities: Mapping[str, Mapping[str, Any]], rates: Sequence[Sequence[Any]] = ()) -> GroupTerms:
    listed = [
        ExchangeRate(
            currency=currency,
            kind=kind,
            starts_on=day(str(one)),
            ends_on=day(str(last)),
            rate=rate(value),
            source="test",
            place="t",
        )
        for currency, kind, one, last, value in rates
    ]
    return GroupTerms(
        group=group(entities),
        chart=CHART,
        rules=RULES,
        rates=exchange_rates(listed),
        classes=CLASSES,
        indirect=INDIRECT,
        accounts=GroupAccounts(),
    )


def entries(lines: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Journal entries with the columns that consolidation reads."""
    table: dict[str, list[Any]] = {
        name: []
        for name in (
            "book",
            "topic",
            "entity",
            "currency",
            "posted_on",
            "debit",
            "credit",
            "debit_column",
            "credit_column",
            "cash_flow",
            "counterparty",
        )
    }
    amounts = []
    for line in lines:
        for name, found in table.items():
            found.append(line.get(name, "CORE" if name == "book" else ""))
        table["posted_on"][-1] = date(day(str(line["on"])))
        table["debit"][-1], table["credit"][-1] = str(line["debit"]), str(line["credit"])
        amounts.append(fen(line["amount"]))
    arrays = {name: pa.array(found, pa.date32() if name == "posted_on" else pa.string()) for name, found in table.items()}
    return pa.table(arrays | {"amount_fen": pa.array(amounts, pa.int64())})


def change_of(line: Mapping[str, Any]) -> Acquisition | Disposal | ShareChange:
    words = dict(line)
    kind = words.pop("kind")
    kinds: dict[str, type[Any]] = {"acquisition": Acquisition, "disposal": Disposal, "share_change": ShareChange}
    amounts = ("consideration", "held_before", "noncontrolling", "retained", "cost", "gain")
    made: dict[str, Any] = {
        f"{name}_fen" if name in amounts else name: fen(value) if name in amounts else value for name, value in words.items()
    }
    made["on"] = day(str(made["on"]))
    if "fair_value" in made:
        made["fair_value_fen"] = {str(account): fen(value) for account, value in made.pop("fair_value").items()}
    found: Acquisition | Disposal | ShareChange = kinds[kind](**made)
    return found


def rows(lines: Sequence[tuple[Any, ...]]) -> Rows:
    """Rows from (entity, account, column, counterparty, day or None, fen)."""
    told = ("entity", "account", "column", "counterparty")
    columns: dict[str, Any] = {name: np.full(len(lines), "", dtype=object) for name in TEXTS}
    for place, name in enumerate(told):
        columns[name] = np.array([line[place] for line in lines], dtype=object)
    columns["posted_on"] = np.array([UNDATED if line[4] is None else line[4] for line in lines], np.int64)
    return Rows(columns=columns | {"amount_fen": np.array([line[5] for line in lines], np.int64)})


def balance(found: Rows, account: str, *columns: str) -> int:
    """The sum of an account, of some columns or all."""
    mask = is_in(found["account"], [account])
    if columns:
        mask &= is_in(found["column"], columns)
    return found.where(mask).total
