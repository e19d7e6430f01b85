"""Compiled code is renewed when what it imports changes: an old figure must not outlive its rule."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import loanbook
from loanbook.kernel import COMPILED

RULE = "from loanbook.kernel import kernel\nFACTOR = {factor}\n@kernel\ndef twice(a):\n    return a * {figure}\n"
USER = (
    "from loanbook.kernel import kernel\nfrom loanbook.made_up_rule import FACTOR, twice\n"
    "@kernel\ndef used(a):\n    return twice(a) + FACTOR\nprint(used(10))\n"
)


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled with LOANBOOK_JIT=0")
def test_a_kernel_follows_the_kernels_and_constants_it_imports(tmp_path):
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "made_up_rule.py").touch()

    def said(figure, factor):
        (tmp_path / "made_up_rule.py").write_text(RULE.format(figure=figure, factor=factor))
        path = f"import loanbook, runpy; loanbook.__path__.append({str(tmp_path)!r}); "
        start = path + "runpy.run_path('user.py', run_name='user')"
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "compiled"), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(
            [sys.executable, "-c", start], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return int(run.stdout)

    assert said(2, 1) == 21
    assert said(2, 1) == 21
    assert said(3, 1) == 31
    assert said(3, 5) == 35


def test_no_kernel_calls_itself():
    # A cached kernel that called itself crashed the interpreter when it was loaded again (numba 0.68).
    found = []
    for path in Path(loanbook.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(ast.unparse(mark) == "kernel" for mark in node.decorator_list):
                calls = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                found += [f"{path.name}:{node.lineno}: {node.name}"] if node.name in calls else []
    assert not found
