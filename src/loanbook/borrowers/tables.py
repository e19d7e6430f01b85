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


class Tables:
    """The compiled tables of one strategy; immutable, shared by threads.

    raises   EngineError when the engine does not understand a cell (it would silently match nothing)
    """

    __slots__ = ("_engine", "_offer_columns", "_rule_columns")

    def __init__(self, strategy: Strategy) -> None:
        """Compile the tables."""
        self._rule_columns = _columns(test for rule in strategy.rules for test in rule.conditions)
        self._offer_columns = _columns(test for offer in strategy.offers for test in offer.conditions)
        rules = [_cells(rule.conditions, self._rule_columns) for rule in strategy.rules]
        grades = [{_SCORE: f"$ >= {grade.score_least}"} for grade in strategy.grades]
        offers = [{**_cells(offer.conditions, self._offer_columns), _GRADE: f"$ == '{offer.grade}'"} for offer in strategy.offers]
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
        """Numbers of the rules whose conditions all hold. Meaningless for a rule that reads a value which is None."""
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


def _cells(tests: Sequence[Condition], columns: Mapping[str, str]) -> dict[str, str]:
    return {columns[test.feature]: _cell(test) for test in tests}


def _cell(test: Condition) -> str:
    """A condition in the engine's language; `$` is the value of the column."""
    if not test.accepted:
        return f"$ >= {test.least} and $ <= {test.most}"
    return " or ".join(f"$ == {str(one).lower()}" if isinstance(one, bool) else f"$ == '{one}'" for one in test.accepted)


def _table(policy: str, columns: tuple[str, ...], rows: list[dict[str, str]]) -> dict[str, Any]:
    """A decision table whose rows answer with their number."""
    for row in rows:
        for cell in row.values():
            if zen.validate_unary_expression(cell) is not None:
                raise EngineError(
                    f"the rule engine does not understand the cell {cell!r}. This is an error in Loanbook: report it."
                )
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
