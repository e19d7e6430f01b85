"""The one decorator of compiled loan mathematics, and the folder where compiled code is kept.

A kernel is a pure function on integer columns. With ``LOANBOOK_JIT=0`` (or ``NUMBA_DISABLE_JIT=1``) it runs as plain Python:
slow, and with every int64 overflow visible, which is how the test suite runs a second time.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])


def home() -> Path:
    """The user's folder: ``LOANBOOK_HOME``, else ``~/.loanbook``. Not created here."""
    return Path(os.environ.get("LOANBOOK_HOME") or Path.home() / ".loanbook").expanduser()


COMPILED = os.environ.get("LOANBOOK_JIT", "1") != "0" and os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"

if COMPILED and "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = str(home() / "compiled")
if not COMPILED:
    os.environ["NUMBA_DISABLE_JIT"] = "1"

import numba  # noqa: E402  (the two settings above must stand before numba reads them)


def kernel(function: _Function) -> _Function:
    """Compile a kernel: cached on disk, without the interpreter lock, no fast-math, division by zero raises."""
    return cast(_Function, numba.njit(cache=True, nogil=True, fastmath=False, error_model="python")(function))
