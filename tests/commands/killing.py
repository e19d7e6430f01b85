"""Work that is killed: `python -m tests.commands.killing` loads the command line once and forks it for each request.

A request is a line of JSON: what `work` is to do (here `home` and `words`, the command), and when to send SIGKILL: `step`
(before the n-th time that the work opens, flushes or renames a file for the commit; 0: never), or `seconds` after its start.
The answer: `code` (-9 when killed), `steps` taken (a letter each: o, f, r), `seconds`.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Killer:
    """A process of a module like this one, and the requests that it is asked."""

    def __init__(self, module: str = __name__) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, **request: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def serve(work: Callable[[dict[str, Any]], None]) -> None:
    """Answer requests until the input ends, each in a fork of its own."""
    for line in sys.stdin:
        request = json.loads(line)
        taken, told = os.pipe()
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.close(taken)
            _run(work, request, told)
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


def _run(work: Callable[[dict[str, Any]], None], request: dict[str, Any], told: int) -> None:
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
    code = 1
    try:
        work(request)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        os._exit(code)


def _command(request: dict[str, Any]) -> None:
    import loanbook.cli

    os.environ["LOANBOOK_HOME"] = request["home"]
    sys.argv = ["loanbook", *request["words"]]
    loanbook.cli.main()


if __name__ == "__main__":
    import ibis.backends.duckdb  # noqa: F401  (loaded when first used; here once for all forks)

    import loanbook.cli  # noqa: F401  (as above)

    serve(_command)
