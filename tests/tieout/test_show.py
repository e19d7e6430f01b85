"""What a tie-out shows: records for programs, a page for people."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from loanbook.tieout.checking import tie_out
from loanbook.tieout.notes import write_notes
from loanbook.tieout.relation import Status
from loanbook.tieout.show.page import page, write_page
from loanbook.tieout.show.records import records, write_csv, write_json
from tests.tieout.judged import SENTENCE, judged
from tests.tieout.pictures import ANNEX
from tests.tieout.releases.us_bank import us_bank


def test_the_json_file_holds_every_figure_with_place_value_status_and_relations(tmp_path: Path) -> None:
    write_json(judged(), tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["counts"] == {"figures": 5, "ticked": 1, "noted": 2, "failed": 1, "not_checkable": 1}
    by_id = {each["id"]: each for each in found["figures"]}
    total = by_id["total"]
    assert (total["line"], total["row"], total["column"], total["text"], total["value"]) == (7, 2, 1, "31", "31")
    assert (total["scale"], total["currency"], total["period"]) == ("1000000", "CNY", "2024-01-01..2024-03-31")
    assert total["relations"] == ["r1", "r2"]
    assert total["status"] == "failed"
    assert found["findings"][0]["line"] == 7
    assert found["findings"][0]["expected"] == "30"
    assert found["relations"][0]["terms"] == [{"figure": "fees", "factor": "1"}, {"figure": "interest", "factor": "1"}]
    assert found["numerals"][0]["kind"] == "date"


def test_the_csv_files_hold_the_same_rows(tmp_path: Path) -> None:
    written = write_csv(judged(), tmp_path / "rows")
    rows = {path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in written}
    assert {name: len(found) for name, found in rows.items()} == {"figures": 5, "relations": 2, "findings": 1}
    assert rows["relations"][0]["terms"] == "1*fees 1*interest"


def test_every_figure_of_the_document_is_marked_once_on_the_page_with_its_status() -> None:
    shown: Any = html.fromstring(page(judged()))
    marked = shown.xpath("//main//span[contains(@class, 'figure')]")
    assert [(each.text, each.get("class").split()[1]) for each in marked] == [
        ("RMB31 million", "ticked"),
        ("12", "not_checkable"),
        ("10", "noted"),
        ("20", "noted"),
        ("31", "failed"),
    ]
    sentence = re.sub(r"[✓●✗○]", "", shown.xpath("//main//p[@class='paragraph']")[0].text_content())
    assert sentence == SENTENCE


def test_what_stands_behind_a_figure_is_on_the_page_and_the_documents_own_mark_up_is_not() -> None:
    text = page(judged())
    behind = json.loads(re.findall(r'<script type="application/json" id="relations">(.*?)</script>', text, re.DOTALL)[0])
    (total,) = [rows for rows in behind.values() if len(rows) == 3]
    assert [row[0] for row in total] == ["finding", "broken", "holds"]
    assert total[1][2] == "10 + 20 = 30, printed 31"
    assert "</script>." not in text.replace("&lt;/script&gt;.", "")
    assert "million <b>" not in text


def test_a_page_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    path.write_text("old")
    write_page(judged(), path)
    assert path.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_every_status_has_a_sign_a_name_and_a_count() -> None:
    assert set(judged().counts()) == set(Status)


def test_a_damage_that_was_repaired_is_said_to_be_so_and_an_open_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / "heron.txt"
    path.write_text(ANNEX, encoding="utf-8")
    found = records(tie_out([path]))
    assert [(each["line"], each["repaired"]) for each in found["damages"]] == [(6, True)]
    assert [(each["kind"], each["file"], each["line"]) for each in found["findings"]] == [("repaired", str(path), 6)]
    bank = records(tie_out([us_bank(1).save(tmp_path)]))
    ends = [(each["expected_low"], float(each["difference"])) for each in bank["relations"] if each["kind"] == "inequality"]
    assert ends
    assert all(low is None and -1e6 < difference <= 0 for low, difference in ends)


def test_an_accepted_finding_is_shown_with_its_reason() -> None:
    found = judged()
    accepted = replace(found, findings=(replace(found.findings[0], accepted="agreed <with> the preparer"),))
    shown: Any = html.fromstring(page(accepted))
    (row,) = shown.xpath("//ol[@class='findings']/li")
    assert row.get("class") == "error accepted"
    assert row.xpath(".//p[@class='reason']")[0].text_content() == "accepted: agreed <with> the preparer"
    assert records(accepted)["findings"][0]["accepted"] == "agreed <with> the preparer"
    assert records(found)["findings"][0]["accepted"] is None


def test_every_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError("ended")

    found = judged()
    files = [tmp_path / name for name in ("a.html", "a.json", "notes.csv", "figures.csv", "relations.csv", "findings.csv")]
    writes = (
        lambda: write_page(found, files[0]),
        lambda: write_json(found, files[1]),
        lambda: write_notes(found, files[2]),
        lambda: write_csv(found, tmp_path),
    )
    for write in writes:
        write()
    before = {path: path.read_bytes() for path in files}
    monkeypatch.setattr(Path, "write_bytes", ended)
    for write in writes:
        with pytest.raises(OSError, match="ended"):
            write()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
