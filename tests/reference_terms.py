"""Pages of the reference on mandates, vehicles and strategies: an example with every setting, what its parts and words mean."""

import dataclasses
import enum
import inspect
from pathlib import Path
from types import ModuleType

from loanbook.terms import currency, mandate, mandate_file, strategy, strategy_catalogue, strategy_file, vehicle, vehicle_file
from loanbook.units import date
from tests.reference_writing import joined, members, page, table


def mandate_page() -> str:
    """The settings of mandates."""
    lines = [*_settings("Mandates", mandate_file), "", "## Business models", ""]
    heads = ("model", "principal", "interest", "fee", "loss")
    lines += ["What of a loan our own vehicles may hold at origination: least to most, in hundredths.", ""]
    lines += table(heads, [(f"`{model}`", *_bounds(bounds)) for model, bounds in mandate.MODEL_BOUNDS.items()])
    lines += _parts(mandate)
    shipped = [(f"`{each.code}`", each.title, each.model, str(date(each.effective_from))) for each in mandate_file.mandates_in()]
    lines += ["", "## Shipped mandates", "", *table(("mandate", "title", "model", "effective from"), shipped)]
    lines += _whole(mandate.SHIPPED / "juniper_finance_guaranteed.yaml")
    return page("src/loanbook/terms/mandate.py, mandate_file.py and mandates/", lines)


def _bounds(bounds: dict[mandate.Component, tuple[int, int]]) -> list[str]:
    scale = mandate.SHARES_WHOLE // 100
    found = [bounds.get(component) for component in mandate.Component]
    return ["any" if each is None else f"{-(-each[0] // scale)} to {each[1] // scale}" for each in found]


def vehicle_page() -> str:
    """The settings of vehicles."""
    lines = [*_settings("Vehicles", vehicle_file), *_parts(vehicle)]
    shipped = [
        (f"`{each.code}`", each.title, each.kind.value, str(date(each.effective_from))) for each in vehicle_file.vehicles_in()
    ]
    lines += ["", "## Shipped vehicles", "", *table(("vehicle", "title", "kind", "effective from"), shipped)]
    lines += _whole(vehicle_file.SHIPPED / "bluewater_abs_1.yaml")
    return page("src/loanbook/terms/vehicle.py, vehicle_file.py and vehicles/", lines)


def strategy_page() -> str:
    """The settings of strategies."""
    lines = [*_settings("Strategies", strategy_file), *_parts(strategy)]
    found = strategy_catalogue.strategies_in()
    shipped = [(f"`{each.code}`", each.title, str(date(each.effective_from)), str(len(each.rules))) for each in found]
    lines += ["", "## Shipped strategies", "", *table(("strategy", "title", "effective from", "rules"), shipped)]
    return page("src/loanbook/terms/strategy.py, strategy_file.py and strategies/", lines)


def currency_page() -> str:
    """The currencies there are."""
    said = inspect.cleandoc(currency.__doc__ or "").split("\n\n")
    lines = ["# Currencies", "", *(line for part in said for line in (joined(part), ""))]
    head = [
        line.removeprefix("#").strip() for line in currency.SHIPPED.read_text(encoding="utf-8").splitlines() if line[0] == "#"
    ]
    lines += ["```text", *head, "```", ""]
    rows = [
        (f"`{each.code}`", each.name, str(each.minor_units), str(each.replaced_in or ""), ", ".join(each.also))
        for each in currency.currencies().values()
    ]
    lines += table(("code", "name", "decimals", "replaced in", "also written"), rows)
    return page("src/loanbook/terms/currency.py and currencies/iso_4217.csv", lines)


def _settings(title: str, module: ModuleType) -> list[str]:
    """Title, what the module says, and its example of every setting."""
    sentence, _, example = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
    return [f"# {title}", "", joined(sentence), "", "```yaml", example.rstrip(), "```"]


def _parts(module: ModuleType) -> list[str]:
    """The words that settings take, and what each part of the terms is."""
    own = [found for found in vars(module).values() if isinstance(found, type) and found.__module__ == module.__name__]
    lines: list[str] = []
    for found in own:
        if issubclass(found, enum.Enum):
            words = [(each.value if isinstance(each, str) else each.name.lower(), text) for each, text in members(module, found)]
            rows = [(f"`{word}`", text) for word, text in words]
            lines += ["", f"## {found.__name__}", "", joined(found.__doc__ or ""), "", *table(("word", "meaning"), rows)]
        elif dataclasses.is_dataclass(found):
            lines += ["", f"## {found.__name__}", "", "```text", inspect.cleandoc(found.__doc__ or ""), "```", ""]
            lines += [f"Parts: {', '.join(f'`{field.name}`' for field in dataclasses.fields(found))}."]
    return lines


def _whole(path: Path) -> list[str]:
    return ["", "One of them in full:", "", "```yaml", path.read_text(encoding="utf-8").rstrip(), "```"]
