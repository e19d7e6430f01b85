"""The code blocks of a page, and how each is run.

* ```python runs in process; the blocks of one page share their names.
* ```bash holds lines that begin with `loanbook` (a trailing backslash continues one); they run through the command line.
  `NAME=$(loanbook ...)` keeps what it prints, and "$NAME" in a later line of the page stands for it.
  A line that must fail is followed by an output block that begins with `error:`.
* ```text right after a block is its output: its lines are found there in this order; a line `...` stands for any others.
* `<!-- not run: reason -->` before a block leaves it out. Any other language is not code to run.
"""

import contextlib
import io
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loanbook.cli import main

_FENCE = re.compile(r"^```(\w*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_KEPT = re.compile(r"([A-Z_]+)=\$\((.*)\)\s*")
_NAME = re.compile(r"\$([A-Z_]+)")
_NOT_RUN = re.compile(r"<!--\s*not run:\s*(\S[^>]*?)\s*-->\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its language, text, first line in the file, why it is not run, and the output the page shows."""

    language: str
    text: str
    line: int
    not_run: str
    shown: str | None


def blocks(page: str) -> list[Block]:
    """The runnable blocks of a page's text, in order."""
    fences = list(_FENCE.finditer(page))
    found = []
    for number, fence in enumerate(fences):
        language, text = fence.groups()
        if language not in ("python", "bash"):
            continue
        reason = _NOT_RUN.search(page[: fence.start()])
        shown = None
        if (
            number + 1 < len(fences)
            and fences[number + 1][1] == "text"
            and not page[fence.end() : fences[number + 1].start()].strip()
        ):
            shown = fences[number + 1][2]
        line = page.count("\n", 0, fence.start()) + 2
        found.append(Block(language=language, text=text, line=line, not_run=reason[1] if reason else "", shown=shown))
    return found


def run_page(path: Path, *, name: str) -> int:
    """Run every block of a page in the current folder; returns how many ran. Fails the test with file and line."""
    names: dict[str, Any] = {"__name__": "__page__"}
    kept: dict[str, str] = {}
    ran = 0
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.not_run:
            continue
        place = f"{name}:{block.line}"
        output = _run_python(block, names, place) if block.language == "python" else _run_bash(block, kept, place)
        if block.shown is not None:
            _compare(output, block.shown, place)
        ran += 1
    return ran


def _run_python(block: Block, names: dict[str, Any], place: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * (block.line - 1) + block.text, place.rpartition(":")[0], "exec"), names)
    return printed.getvalue()


def _run_bash(block: Block, kept: dict[str, str], place: str) -> str:
    printed = ""
    fails = (block.shown or "").startswith("error:")
    for line in block.text.replace("\\\n", "").splitlines():
        keeps = _KEPT.fullmatch(line)
        words = [_known(word, kept) for word in shlex.split(keeps[2] if keeps else line, comments=True)]
        if not words:
            continue
        if words[0] != "loanbook":
            pytest.fail(f"{place}: `{line}` cannot be run here. Begin with `loanbook`, or write <!-- not run: reason --> above.")
        code, said = command(words[1:])
        if keeps:
            kept[keeps[1]] = said.strip()
        else:
            printed += said
        if (code != 0) != fails:
            pytest.fail(f"{place}: `{line}` ended with {code}:\n{said}")
    return printed


def _known(word: str, kept: dict[str, str]) -> str:
    """A word of a line with what the page kept in the place of its names."""
    return _NAME.sub(lambda name: kept[name[1]], word)


def command(words: list[str]) -> tuple[int, str]:
    """One command line in this process: its exit code, and what it printed to both streams."""
    printed = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        patch.setattr("sys.argv", ["loanbook", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return code, printed.getvalue()


def _compare(output: str, shown: str, place: str) -> None:
    rest = [line.rstrip() for line in output.splitlines() if line.strip()]
    skip = True
    for line in (line.rstrip() for line in shown.splitlines() if line.strip()):
        if line.strip() == "...":
            skip = True
            continue
        if line not in rest or (not skip and rest[0] != line):
            pytest.fail(f"{place}: the page shows\n{line}\nthe output is\n{output}")
        rest = rest[rest.index(line) + 1 :]
        skip = False
