"""`python -m tests.oracles [FILE or FOLDER ...]`: reference contracts against the engine, one line per case.

Each line is a case's id, then `pass`, `fail` with the first difference, or `declined` with the reason; the last line counts
them. Without a name, every file beside the repository in ../shared/oracles. The exit code is 1 when a case fails.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import SHARED
from tests.oracles import actus, fineract


def _format_of(content: Any) -> str | None:
    if isinstance(content, dict) and isinstance(content.get("cases"), list):
        first = content["cases"][0] if content["cases"] else {}
        return "fineract" if "checkpoints" in first or not content["cases"] else None
    if isinstance(content, dict) and content and all(isinstance(case, dict) and "terms" in case for case in content.values()):
        return "actus"
    return None


def _files(names: list[str]) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it was named itself (then an unknown format is an error, not skipped)."""
    for name in names or [str(SHARED / "oracles")]:
        path = Path(name)
        if path.is_dir():
            for file in sorted(path.rglob("*.json")):
                yield file, False
        else:
            yield path, True


def main(names: list[str]) -> int:
    """Run the files; returns the exit code."""
    verdicts: Counter[str] = Counter()
    for path, named in _files(names):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            print(f"{path}: cannot be read: {error}")
            verdicts["unreadable"] += 1
            continue
        kind = _format_of(content)
        if kind is None:
            if named:
                print(f"{path}: neither a Fineract case file (cases with checkpoints) nor an ACTUS test file (cases with terms)")
                verdicts["unreadable"] += 1
            continue
        for case, verdict, detail in fineract.run(path) if kind == "fineract" else actus.run(path):
            print(f"{case} {verdict}{': ' + detail if detail else ''}", flush=True)
            verdicts[verdict] += 1
    total = sum(verdicts.values())
    print(f"{total} cases: " + ", ".join(f"{verdicts[name]} {name}" for name in ("pass", "fail", "declined")), end="")
    print(f", {verdicts['unreadable']} files unreadable" if verdicts["unreadable"] else "")
    return 1 if verdicts["fail"] or verdicts["unreadable"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
