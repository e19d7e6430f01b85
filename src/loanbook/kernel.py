"""The one decorator of compiled loan mathematics, and the folder where compiled code is kept.

A kernel is a pure function on integer columns. With ``LOANBOOK_JIT=0`` (or ``NUMBA_DISABLE_JIT=1``) it runs as plain Python:
slow, and with every int64 overflow visible, which is how the test suite runs a second time.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
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


def _stamp(scope: Mapping[str, Any]) -> str:
    """What compiled code takes from its module: numbers, and kernels (with the stamps of their files, which hold theirs)."""
    parts = []
    for name, value in sorted(scope.items()):
        if isinstance(value, int | float):
            parts.append(f"{name}={value!r}")
        elif hasattr(value, "py_func"):
            parts.append(f"{name}: {value._cache._cache_file._source_stamp}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _compile(function: _Function, **options: Any) -> _Function:
    compiled = numba.njit(cache=True, nogil=True, fastmath=False, error_model="python", **options)(function)
    if COMPILED:
        resolve = compiled.get_call_template
        # A constant argument would get a version of its own (mul_div had 26): compile for its type; constants are inlined anyway.
        compiled.get_call_template = lambda args, kws: resolve(
            tuple(numba.types.unliteral(each) for each in args), {name: numba.types.unliteral(each) for name, each in kws.items()}
        )
        file = compiled._cache._cache_file
        file._source_stamp = (file._source_stamp, _stamp(function.__globals__))
    return cast(_Function, compiled)


def kernel(function: _Function) -> _Function:
    """Compile a kernel: cached on disk, without the interpreter lock, no fast-math, division by zero raises.

    Numba renews cached code when the function's own file changes; here also when a kernel or constant that it imports does, or
    an old figure would outlive its rule. A kernel must not call itself: such code crashed when loaded
    from the cache (numba 0.68).
    """
    return _compile(function)


def lean(function: _Function) -> _Function:
    """A kernel that creates no arrays but views of its arguments, compiled without reference counts.

    Counting cost a close of a million loans as much as its arithmetic: 64 ns an instalment with it, 33 without.
    """
    return _compile(function, _nrt=False)


def is_cached(function: Callable[..., Any]) -> bool:
    """Whether a kernel, as its code now stands, was compiled before and lies in the cache; without the compiler nothing waits."""
    return not COMPILED or bool(cast(Any, function)._cache._cache_file._load_index())
