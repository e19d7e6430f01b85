"""Links between pages lead to files that exist, and every page can be reached from the index."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _targets(page: Path) -> list[Path]:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    return [(page.parent / link).resolve() for link in links if "://" not in link]


def test_links_lead_to_files_that_exist():
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    dead = [f"{page.relative_to(ROOT)} -> {target}" for page in pages for target in _targets(page) if not target.exists()]
    assert not dead


def test_every_page_is_reached_from_the_index():
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += _targets(page)
    missing = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {
        page.relative_to(DOCS).as_posix() for page in reached if page.is_relative_to(DOCS)
    }
    assert not missing, f"docs/index.md leads to no {sorted(missing)}"
