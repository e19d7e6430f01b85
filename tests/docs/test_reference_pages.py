"""The generated reference is that of this code."""

import pytest

from tests.reference_pages import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), f"docs/reference/{name} is stale: run `make docs`"


def test_there_is_no_page_without_a_writer():
    assert {page.name for page in FOLDER.glob("*.md")} == set(PAGES)
