"""Every page's code runs: in a user's folder of its own that holds the small demo book."""

import shutil
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("page", [page for page in PAGES if _runs(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_the_page_runs(page, demo_home, tmp_path, monkeypatch):
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.setenv("LOANBOOK_HOME", str(home))
    monkeypatch.chdir(here)
    assert run_page(page, name=str(page.relative_to(ROOT))) > 0
