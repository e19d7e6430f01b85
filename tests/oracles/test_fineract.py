"""The Fineract reference loans, every checkpoint to the cent; and that the comparison can fail and decline."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.oracles import fineract
from tests.oracles.__main__ import main
from tests.oracles.fineract_terms import DeclinedError, read_setting

FILE = SHARED / "oracles" / "fineract_cases.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []
needs_file = pytest.mark.skipif(not CASES, reason=f"{FILE.name} is not beside the repository")


@needs_file
@pytest.mark.plain
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_every_checkpoint_agrees_to_the_cent(case: dict[str, Any]) -> None:
    fineract.run_case(case)


def _verdict(case: dict[str, Any], folder: Path) -> tuple[str, str]:
    file = folder / "cases.json"
    file.write_text(json.dumps({"cases": [case]}), encoding="utf-8")
    ((_, verdict, detail),) = fineract.run(file)
    return verdict, detail


@needs_file
@pytest.mark.parametrize("column", [4, 5, 6, 9, 10, 11, 13])
def test_one_cent_more_is_a_difference(column: int, tmp_path: Path) -> None:
    case = copy.deepcopy(next(case for case in CASES if case["id"] == "FIN-018"))
    case["checkpoints"][-1]["schedule"][2][column] += 0.01
    verdict, detail = _verdict(case, tmp_path)
    assert verdict == "fail"
    assert f"row 2, {fineract.COLUMNS[column]} is" in detail


@needs_file
@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("product", "recalculation_compounding", "INTEREST"),
        ("product", "capitalized_income_enabled", True),
        ("product", "schedule_type", "OTHER"),
        ("loan", "amortization", "BALLOON"),
        ("loan", "interest_free_period", 2),
    ],
)
def test_a_setting_that_is_not_carried_is_declined_by_name(where: str, key: str, value: Any, tmp_path: Path) -> None:
    case = copy.deepcopy(next(case for case in CASES if case["id"] == "FIN-018"))
    case[where][key] = value
    verdict, detail = _verdict(case, tmp_path)
    assert verdict == "declined"
    assert key in detail
    with pytest.raises(DeclinedError):
        read_setting(case["product"], case["loan"])


@needs_file
def test_an_operation_that_is_not_carried_is_declined_by_name(tmp_path: Path) -> None:
    case = copy.deepcopy(CASES[0])
    case["events"].insert(4, {"event": "undo_disbursal"})
    case["checkpoints"][0]["after_event"] = 5
    assert _verdict(case, tmp_path) == ("declined", "event undo_disbursal is not carried")


def test_the_runner_names_files_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    assert main([str(broken)]) == 1
    assert "cannot be read" in capsys.readouterr().out
