"""The tables of a strategy in the rule engine: knock-outs (every row that matches), grade and offer (the first).

Compiled once a strategy from the checked terms to the engine's own form (JDM). Cells test integers, known choices and flags only;
columns have names of ours, because a feature called `in` or `date` would be read as a word of the engine's language.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import zen

from loanbook.errors import EngineError
from loanbook.terms.strategy import Condition, Strategy

Value = int | str | bool | None

_RULES = "rules"
_GRADES = "grades"
_OFFERS = "offers"
_ROW = "row"
_SCORE = "score"
_GRADE = "grade"
_OPEN = "$ == null or "
_NO_CHOICE = ""


class Tables:
    """The compiled tables of one strategy; immutable, shared by threads.

    raises   EngineError when the engine does not answer a cell as its condition does
    """

    __slots__ = ("_engine", "_offer_columns", "_rule_columns")

    def __init__(self, strategy: Strategy) -> None:
        """Compile the tables."""
        self._rule_columns = _columns(test for rule in strategy.rules for test in rule.conditions)
        self._offer_columns = _columns(test for offer in strategy.offers for test in offer.conditions)
        rules = [_cells(rule.conditions, self._rule_columns, or_unknown=True) for rule in strategy.rules]
        grades = [{_SCORE: _at_least(grade.score_least)} for grade in strategy.grades]
        offers = [{**_cells(offer.conditions, self._offer_columns), _GRADE: _is_grade(offer.grade)} for offer in strategy.offers]
        tables = {
            _RULES: _table("collect", tuple(self._rule_columns.values()), rules),
            _GRADES: _table("first", (_SCORE,), grades),
            _OFFERS: _table("first", (_GRADE, *self._offer_columns.values()), offers),
        }
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": tables}})

    @property
    def offer_features(self) -> tuple[str, ...]:
        """The features the offers read; all must be known before `offer` is asked."""
        return tuple(self._offer_columns)

    def rules(self, values: Mapping[str, Value]) -> frozenset[int]:
        """Numbers of the rules none of whose conditions fails; a condition on a value that is None does not fail."""
        if not self._rule_columns:
            return frozenset()
        context = {column: values[name] for name, column in self._rule_columns.items()}
        return frozenset([row[_ROW] for row in self._evaluate(_RULES, context)])

    def grade(self, score: int) -> int | None:
        """Number of the first grade whose score is reached; None: no row matched."""
        number: int | None = self._evaluate(_GRADES, {_SCORE: score}).get(_ROW)
        return number

    def offer(self, grade: str, values: Mapping[str, Value]) -> int | None:
        """Number of the first offer that fits; None: no row matched. All `offer_features` are known."""
        context = {column: values[name] for name, column in self._offer_columns.items()}
        context[_GRADE] = grade
        number: int | None = self._evaluate(_OFFERS, context).get(_ROW)
        return number

    def _evaluate(self, table: str, context: dict[str, Value]) -> Any:
        try:
            return self._engine.evaluate(table, context)["result"]
        except RuntimeError as error:
            raise EngineError(f"the rule engine failed on table {table}: {str(error).splitlines()[0]}") from error


def _columns(tests: Iterable[Condition]) -> dict[str, str]:
    """A column for each feature, in the order in which they are first read."""
    names = dict.fromkeys(test.feature for test in tests)
    return {name: f"f{number}" for number, name in enumerate(names)}


def _cells(tests: Sequence[Condition], columns: Mapping[str, str], *, or_unknown: bool = False) -> dict[str, str]:
    """The cells of a row, by column; with `or_unknown` a cell matches None too."""
    return {columns[test.feature]: _proven(_cell(test, or_unknown=or_unknown), _answers(test, or_unknown)) for test in tests}


def _cell(test: Condition, *, or_unknown: bool) -> str:
    """A condition in the engine's language; `$` is the value of the column.

    No brackets and no `and` beside `or`: the engine takes a bracket for an interval and says nothing, and binds them its own way.
    """
    if test.accepted:
        found = " or ".join(f"$ == {_literal(one)}" for one in test.accepted)
    else:
        found = f"$ in [{test.least}..{test.most}]"
    return f"{_OPEN}{found}" if or_unknown else found


def _at_least(score: int) -> str:
    return _proven(f"$ >= {score}", {score - 1: False, score: True, score + 1: True})


def _is_grade(grade: str) -> str:
    return _proven(f"$ == {_literal(grade)}", {grade: True, _NO_CHOICE: False})


def _literal(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"


def _answers(test: Condition, or_unknown: bool) -> dict[Value, bool]:
    """What a cell must say about values on both sides of its limits."""
    if test.accepted:
        answers: dict[Value, bool] = dict.fromkeys(test.accepted, True)
        answers |= {one: False for one in (_NO_CHOICE, True, False) if one not in test.accepted}
    else:
        answers = {test.least: True, test.most: True, test.least - 1: False, test.most + 1: False}
    return {**answers, None: True} if or_unknown else answers


def _proven(cell: str, answers: Mapping[Value, bool]) -> str:
    """The cell, once the engine has answered as it must: a cell it does not understand would silently match nothing."""
    for value, answer in answers.items():
        try:
            found: object = zen.evaluate_unary_expression(cell, {"$": value})
        except RuntimeError as error:
            found = str(error).splitlines()[0]
        if found is not answer:
            raise EngineError(
                f"the rule engine answers {found} to the cell {cell} for {value!r}, not {answer}. Report this cell."
            )
    return cell


def _table(policy: str, columns: tuple[str, ...], rows: list[dict[str, str]]) -> dict[str, Any]:
    """A decision table whose rows answer with their number."""
    content = {
        "hitPolicy": policy,
        "inputs": [{"id": column, "name": column, "field": column} for column in columns],
        "outputs": [{"id": _ROW, "name": _ROW, "field": _ROW}],
        "rules": [{"_id": f"r{number}", **row, _ROW: str(number)} for number, row in enumerate(rows)],
    }
    nodes = [("in", "inputNode", None), ("table", "decisionTableNode", content), ("out", "outputNode", None)]
    return {
        "nodes": [
            {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}, **({"content": inside} if inside else {})}
            for name, kind, inside in nodes
        ],
        "edges": [
            {"id": f"{start}-{end}", "sourceId": start, "targetId": end, "type": "edge"}
            for start, end in (("in", "table"), ("table", "out"))
        ],
    }
