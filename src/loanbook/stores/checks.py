"""What a batch must fulfil before it is committed: rules on rows, and one content per event id.

Each function works on the engine's views `given_<kind>` (staged rows with their `place`) and leaves tables `refused_<kind>`
(place, event_id, where_from, reason, value, expected) and `seen_<kind>` (place of rows that are held already).
"""

from collections.abc import Sequence
from pathlib import Path

from loanbook.errors import StateError
from loanbook.events import KINDS, Kind
from loanbook.stores.book import Book
from loanbook.stores.engine import Engine, quote, scan
from loanbook.stores.event_scan import scan_events
from loanbook.stores.schema import Rule, content_columns, rules

LISTED = 1000
"""Findings named one by one; all of them are in the quarantine file."""

_SHOWN = 5

_MET = "hash(event_id) IN (SELECT h FROM twice UNION SELECT h FROM taken)"
_TAKEN = "hash(event_id) IN (SELECT h FROM taken)"


def currencies(engine: Engine, kinds: Sequence[Kind]) -> list[str]:
    """The currencies that the batch names, in order."""
    parts = [f"SELECT currency FROM given_{kind.name}" for kind in kinds if _has_currency(kind)]
    if not parts:
        return []
    union = " UNION ".join(parts)
    return [row[0] for row in engine.rows(f"SELECT DISTINCT currency FROM ({union}) WHERE currency IS NOT NULL ORDER BY 1")]


def first_broken(kind: Kind, currency: str) -> dict[str, str]:
    """SQL on rows of a kind: `test` (is one broken), and of the first broken `column`, `reason`, `value`, `expected`."""
    broken = [(_breaks(rule), rule) for rule in rules(kind)]
    if _has_currency(kind) and currency:
        other = Rule(column="currency", broken="the book has another currency", expected=currency)
        broken.append((f"currency <> {quote(currency)}", other))

    def choose(pick: list[str]) -> str:
        return "CASE " + " ".join(f"WHEN {test} THEN {value}" for (test, _), value in zip(broken, pick, strict=True)) + " END"

    return {
        "test": " OR ".join(f"({test})" for test, _ in broken),
        "column": choose([quote(rule.column) for _, rule in broken]),
        "reason": choose([quote(rule.broken) for _, rule in broken]),
        "value": choose([f'CAST("{rule.column}" AS VARCHAR)' for _, rule in broken]),
        "expected": choose([quote(rule.expected) for _, rule in broken]),
    }


def refuse(engine: Engine, kind: Kind, currency: str) -> None:
    """Find the rows that break a rule of their kind; the first broken rule, in column order, is the reason."""
    sql = first_broken(kind, currency)
    engine.keep(
        f"refused_{kind.name}",
        f"SELECT place, event_id, source AS where_from, {sql['reason']} AS reason, {sql['value']} AS value, "
        f"{sql['expected']} AS expected FROM given_{kind.name} WHERE {sql['test']}",
    )
    engine.view(
        f"sound_{kind.name}",
        f"SELECT * FROM given_{kind.name} WHERE place NOT IN (SELECT place FROM refused_{kind.name})",
    )


def _breaks(rule: Rule) -> str:
    if rule.required:
        return f'"{rule.column}" IS NULL OR CAST("{rule.column}" AS VARCHAR) = \'\''
    if rule.words:
        return f'"{rule.column}" NOT IN ({", ".join(quote(word) for word in rule.words)})'
    if rule.most is not None:
        return f'"{rule.column}" > {rule.most}'
    return f'"{rule.column}" < {rule.least}'


def _has_currency(kind: Kind) -> bool:
    return any(column.name == "currency" for column in kind.columns)


def reject_conflicts(engine: Engine, kinds: Sequence[Kind], book: Book) -> None:
    """Find the rows whose event id is taken, in the batch or in the book.

    Leaves `seen_<kind>`: place of every row that is held already with the same content, and whether its `recorded_at` differs.
    raises   StateError naming the first ids whose content differs, and the columns
    """
    if not kinds:
        return
    given = " UNION ALL ".join(f"SELECT hash(event_id) AS h FROM sound_{kind.name}" for kind in kinds)
    engine.keep("twice", f"SELECT h FROM ({given}) GROUP BY h HAVING count(*) > 1")
    stored = {kind: book.files(kind.name) for kind in KINDS if book.files(kind.name)}
    held = " UNION ALL ".join(f"SELECT hash(event_id) AS h FROM {scan(files)}" for files in stored.values())
    if held:
        engine.keep("taken", f"SELECT DISTINCT h FROM ({given}) WHERE h IN (SELECT h FROM ({held}))")
    else:
        engine.keep("taken", "SELECT h FROM twice LIMIT 0")
    _reject_shared_ids(engine, kinds, stored)
    for kind in kinds:
        names = ", ".join(f'"{name}"' for name in ("event_id", "recorded_at", *content_columns(kind)))
        parts = [f"SELECT place, {names} FROM sound_{kind.name} WHERE {_MET}"]
        if kind in stored:
            parts.append(f"SELECT -1 AS place, {names} FROM {scan_events(kind, stored[kind])} WHERE {_TAKEN}")
        engine.keep(f"candidates_{kind.name}", " UNION ALL ".join(parts))
        _compare(engine, kind, book)


def _compare(engine: Engine, kind: Kind, book: Book) -> None:
    content = content_columns(kind)
    differs = [f'a."{name}" IS DISTINCT FROM f."{name}"' for name in content]
    columns = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for test, name in zip(differs, content, strict=True))
    engine.keep(
        f"compared_{kind.name}",
        f"""WITH firsts AS (
              SELECT c.* FROM candidates_{kind.name} AS c
              JOIN (SELECT event_id, min(place) AS place FROM candidates_{kind.name} GROUP BY event_id) USING (event_id, place))
            SELECT a.place, a.event_id, a.recorded_at IS DISTINCT FROM f.recorded_at AS again,
                   concat_ws(', ', {columns}) AS differing
            FROM candidates_{kind.name} AS a JOIN firsts AS f ON a.event_id = f.event_id
            WHERE a.place > f.place""",
    )
    count = engine.number(f"SELECT count(DISTINCT event_id) FROM compared_{kind.name} WHERE differing <> ''")
    if count:
        rows = engine.rows(
            f"SELECT event_id, min(differing) FROM compared_{kind.name} WHERE differing <> '' "
            f"GROUP BY 1 ORDER BY 1 LIMIT {_SHOWN}"
        )
        shown = "; ".join(f"{event_id} ({differing})" for event_id, differing in rows)
        raise StateError(
            f"{book.folder}: {count} event id(s) of {kind.name} come with other content than the same id has in the book or "
            f"earlier in the batch: {shown}. Nothing was appended. An event is never edited: give a correction an id of its own "
            "and take the old event back with event_reversed."
        )
    engine.keep(f"seen_{kind.name}", f"SELECT place, again FROM compared_{kind.name}")


def _reject_shared_ids(engine: Engine, kinds: Sequence[Kind], stored: dict[Kind, tuple[Path, ...]]) -> None:
    parts = [f"SELECT event_id, '{k.name}' AS kind FROM sound_{k.name} WHERE {_MET}" for k in kinds]
    parts += [f"SELECT event_id, '{k.name}' AS kind FROM {scan(files)} WHERE {_TAKEN}" for k, files in stored.items()]
    union = " UNION ALL ".join(parts)
    rows = engine.rows(
        f"SELECT event_id, string_agg(DISTINCT kind, ', ' ORDER BY kind) FROM ({union}) GROUP BY 1 "
        f"HAVING count(DISTINCT kind) > 1 ORDER BY 1 LIMIT {_SHOWN}"
    )
    if rows:
        shown = "; ".join(f"{event_id} ({names})" for event_id, names in rows)
        raise StateError(
            f"Event ids are used by two kinds of event: {shown}. Nothing was appended. Give each event an id of its own."
        )


def seen_before(engine: Engine, kind: Kind) -> tuple[int, int]:
    """How many rows of a kind are held already, and how many of them came with another `recorded_at`."""
    ((count, again),) = engine.rows(f"SELECT count(*), coalesce(sum(again::BIGINT), 0) FROM seen_{kind.name}")
    return int(count), int(again)
