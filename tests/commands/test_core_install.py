"""The core install, without the libraries of the platform: every command is there, and says what it needs."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_WITHOUT = """
import sys
PLATFORM = {"psycopg", "psycopg_pool", "sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "zen", "cryptography"}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in PLATFORM:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from loanbook.cli import main
sys.argv = ["loanbook", *sys.argv[1:]]
main()
"""


def run(*arguments):
    return subprocess.run([sys.executable, "-c", _WITHOUT, *arguments], capture_output=True, text=True, check=False)


def test_commands_of_the_book_need_no_library_of_the_platform():
    done = run("measures")
    assert done.returncode == 0, done.stderr


def test_commands_of_the_platform_say_what_to_install():
    for arguments in (["serve"], ["call", "register", "{}"], ["day", "close"], ["key", "list"]):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "pip install 'loanbook[api]'" in done.stderr


def test_every_library_that_the_source_imports_is_declared():
    """A library that only the tools of development bring is missing for everybody else; one that a declared one needs is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    declared = {named(each) for each in wanted}
    needed = {named(each) for name in declared if has(name) for each in requires(name) or () if "extra ==" not in each}
    brought = packages_distributions()
    imported = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            found += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            imported.update({each.partition(".")[0]: path for each in found})
    for name, path in imported.items():
        if name not in sys.stdlib_module_names and name != "loanbook":
            by = {named(each) for each in brought.get(name, [name])}
            assert by & (declared | needed), f"{path}: {name} is not among the dependencies of pyproject.toml"


def named(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def has(name: str) -> bool:
    return any(named(each) == name for found in packages_distributions().values() for each in found)
