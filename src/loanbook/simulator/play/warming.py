"""Kernels that closing and reporting will need are compiled beside the playing, where nothing is compiled yet and a core is free.

Run as a module it closes and reports a tiny book of the columnar world, which compiles them.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from loanbook.services.compiling import is_cold

_LOANS = 100


@contextlib.contextmanager
def warming() -> Iterator[None]:
    """While this lasts another process compiles; waited for at the end. Nothing where it is compiled, or there is one core."""
    if not is_cold() or (os.cpu_count() or 1) < 2:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="loanbook-warming-") as folder:
        # The folder of compiled code is named in the environment since `kernel` was imported, so both write to one.
        environment = os.environ | {"LOANBOOK_HOME": folder}
        words = subprocess.DEVNULL
        child = subprocess.Popen([sys.executable, "-m", __name__], env=environment, stdin=words, stdout=words, stderr=words)
        try:
            yield
            child.wait()
        finally:
            child.kill()
            child.wait()


def _compile() -> None:
    from loanbook.simulator.demo import demonstrate

    demonstrate(name="warming", seed=1, loans=_LOANS, on_progress=lambda stage, done, total: None)


if __name__ == "__main__":
    _compile()
