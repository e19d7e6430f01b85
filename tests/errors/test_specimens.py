"""`docs/errors.md` shows messages as the code makes them: every specimen stands there, and nothing else does."""

import re
from pathlib import Path

import pytest

from tests.errors.specimens import SPECIMENS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
CASES = [(family, number) for family, specimens in SPECIMENS.items() for number in range(len(specimens))]


def _shown(family: str) -> list[str]:
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = (section for section in sections if section.startswith(f"{family}\n"))
    return [" ".join(text.split()) for text in re.findall(r"^```text\n(.*?)^```", section, re.MULTILINE | re.DOTALL)]


def _made(family, number, folder: Path, monkeypatch) -> str:
    monkeypatch.setenv("LOANBOOK_HOME", str(folder / "home"))
    with pytest.raises(family) as caught:
        SPECIMENS[family][number](folder)
    assert type(caught.value) is family
    return " ".join(str(caught.value).replace(str(folder), "FOLDER").split())


@pytest.mark.parametrize(("family", "number"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_page_shows_the_message(family, number, tmp_path, monkeypatch):
    assert _made(family, number, tmp_path, monkeypatch) in _shown(family.__name__)


@pytest.mark.parametrize("family", SPECIMENS)
def test_the_page_shows_no_message_without_a_specimen(family):
    assert len(_shown(family.__name__)) == len(SPECIMENS[family])


@pytest.mark.parametrize(("family", "number"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_message_is_sentences_and_names_a_value_or_a_place(family, number, tmp_path, monkeypatch):
    message = _made(family, number, tmp_path, monkeypatch)
    assert message.endswith((".", "?"))
    assert re.search(r"'[^']+'|FOLDER|:\d+:|\d|[a-z]+_[a-z]+", message)
