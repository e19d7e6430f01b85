"""The core install, without the libraries of the platform: every command is there, and says what it needs."""

import subprocess
import sys

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
