"""What makes a close stale: everything that it is made by, and nothing else."""

import ast
import shutil
from pathlib import Path

import pytest

import loanbook
from loanbook.stores import rules_hash as hashing

ROOT = Path(loanbook.__file__).parent
NO_RULE = {
    "errors.py",
    "stores/batch_checks.py",
    "stores/durable.py",
    "stores/rules_hash.py",
    "terms/currency.py",
    "terms/rows.py",
}
"""Imported by a close, and no figure depends on it: words of errors, what refuses damaged files and codes of currencies,
moving files, the hash."""


def _imported(path: Path) -> set[Path]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    files = {ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in names if name.startswith("loanbook.")}
    return {file for file in files if file.is_file()}


def _behind(start: str) -> set[str]:
    found: set[Path] = set()
    waiting = {ROOT / start}
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= _imported(path) - found
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_all_that_a_close_is_made_by_counts():
    counted = {path.as_posix() for path in hashing.rule_files()}
    assert _behind("services/closing.py") - counted == NO_RULE
    assert {"terms/measures/loan_volume.yaml", "terms/calendars/china_interbank.yaml", "units.py"} <= counted


def test_what_is_named_is_there_and_what_a_close_never_imports_does_not_count():
    assert [name for name in hashing.RULES if not (ROOT / name).exists()] == []
    counted = {path.as_posix() for path in hashing.rule_files()}
    rooms = ("loans/", "measures/")
    single = {name for name in counted if name.endswith(".py") and not name.startswith(rooms)}
    assert single <= _behind("services/closing.py")
    assert not [name for name in counted if name.split("/")[-2:-1] in (["mandates"], ["strategies"], ["vehicles"], ["online"])]


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        ("services/desk.py", False),
        ("services/drawing.py", False),
        ("stores/online/schema.py", False),
        ("stores/embedded.py", False),
        ("stores/importers/sieve.py", False),
        ("terms/mandate.py", False),
        ("terms/mandates/harbour_trust.yaml", False),
        ("terms/strategies/consumer.yaml", False),
        ("terms/products/cash_loan.yaml", False),
        ("terms/measures/loan_volume.yaml", True),
        ("terms/settings.py", True),
        ("loans/dates.py", True),
        ("stores/event_rows.py", True),
        ("services/findings.py", True),
    ],
)
def test_a_changed_file_makes_closes_stale_only_when_they_are_made_by_it(tmp_path, monkeypatch, name, stale):
    copy = tmp_path / "loanbook"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(loanbook, "__file__", str(copy / "__init__.py"))
    before = hashing.rules_hash.__wrapped__()
    (copy / name).write_text((copy / name).read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert (hashing.rules_hash.__wrapped__() != before) is stale
