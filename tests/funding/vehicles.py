"""Vehicles of the tests: the shipped examples, read by the house and read again plainly for the naive twin."""

import functools
from typing import Any

from ruamel.yaml import YAML

from loanbook.terms.vehicle import Vehicle
from loanbook.terms.vehicle_file import SHIPPED, read_vehicle
from loanbook.units import parse_decimal


@functools.cache
def vehicle(code: str) -> Vehicle:
    """An example vehicle."""
    return read_vehicle(SHIPPED / f"{code}.yaml")


@functools.cache
def plain_terms(code: str) -> dict[str, Any]:
    """The same file without the house's reader."""
    return YAML(typ="safe").load((SHIPPED / f"{code}.yaml").read_text(encoding="utf-8"))


def fen(amount: Any) -> int:
    """Yuan as fen."""
    return parse_decimal(amount, 100, exact=True)


def yuan(amounts: dict[str, Any]) -> dict[str, int]:
    """Yuan by name as fen by name."""
    return {name: fen(amount) for name, amount in amounts.items()}
