"""Every page's code runs: in a user's folder of its own that holds the small demo book."""

import base64
import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest

from loanbook.stores.embedded import online_dsn
from tests.docs.blocks import blocks, command, run_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
DEMO = ["demo", "--loans", "2000"]


def _runs(page: Path) -> bool:
    return any(not block.not_run for block in blocks(page.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory):
    """A user's folder with the demo book, made once a session."""
    home = tmp_path_factory.mktemp("demo-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOANBOOK_HOME", str(home))
        code, said = command(DEMO)
    assert code == 0, said
    return home


@pytest.fixture
def online_folder():
    """Where a page's PostgreSQL may lie: a path that its account can reach and a socket's name has room in."""
    folder = Path(tempfile.mkdtemp(prefix="loanbook-docs-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "online"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("page", [page for page in PAGES if _runs(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_the_page_runs(page, demo_home, online_folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("LOANBOOK_HOME", str(home))
    monkeypatch.setenv("LOANBOOK_ONLINE", str(online_folder))
    monkeypatch.setenv("LOANBOOK_MASTER_KEY", base64.b64encode(b"1" * 32).decode())
    monkeypatch.chdir(here)
    # One server for all commands of a page: each would start and stop its own.
    with online_dsn() if "$(loanbook call" in page.read_text(encoding="utf-8") else contextlib.nullcontext():
        assert run_page(page, name=str(page.relative_to(ROOT))) > 0


def test_the_pages_with_blocks_that_are_not_run_are_those_the_index_names():
    left_out = {page for page in PAGES for block in blocks(page.read_text(encoding="utf-8")) if block.not_run}
    said = (ROOT / "docs/index.md").read_text(encoding="utf-8").partition("Five blocks are not run:")[2].partition("\n\n")[0]
    assert {page.relative_to(ROOT).as_posix() for page in left_out} == {
        "README.md",
        "docs/aart.md",
        "docs/guides/demo.md",
        "docs/guides/import.md",
    }
    assert sum(bool(block.not_run) for page in PAGES for block in blocks(page.read_text(encoding="utf-8"))) == 5
    assert all(f"]({link})" in said for link in ("../README.md", "aart.md", "guides/demo.md", "guides/import.md"))
