"""Commands that are killed: `python -m tests.commands.killing` loads the command line once and forks it for each request.

A request is a line of JSON: `home`, `words` (the command), and when to send SIGKILL: `step` (before the n-th time that the
command opens, flushes or renames a file for the commit; 0: never), or `seconds` after its start. The answer: `code` (-9 when
killed), `steps` taken (a letter each: o, f, r), `seconds`.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import ibis.backends.duckdb  # noqa: F401  (loaded when first used; here once for all forks)

import loanbook.cli


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        taken, told = os.pipe()
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.close(taken)
            _run(request, told)
        os.close(told)
        if request.get("seconds"):
            time.sleep(request["seconds"])
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(taken, "rb") as steps:
            letters = steps.read().decode()
        answer = {"code": os.waitstatus_to_exitcode(status), "steps": letters, "seconds": time.perf_counter() - start}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _run(request: dict[str, Any], told: int) -> None:
    os.environ["LOANBOOK_HOME"] = request["home"]
    sys.argv = ["loanbook", *request["words"]]
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    left = request.get("step", 0)

    def counted(letter: bytes, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            os.write(told, letter)
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return wrapped

    os.replace, os.fsync, os.open = counted(b"r", os.replace), counted(b"f", os.fsync), counted(b"o", os.open)
    code = 0
    try:
        loanbook.cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
