"""Accepted findings: a CSV file that a person fills in and that is carried to the next version of the document.

Columns: `finding` (its id, made of its figure's item and period, of what is printed and what is expected, not of lines: another
slip of the same figure is another finding), `severity`, `place`, `message`, `reason`. A row without a reason accepts nothing,
so the file can be written with all open findings and filled in.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.spreadsheet import cell_text
from loanbook.tieout.writing import write_whole

COLUMNS = ("finding", "severity", "place", "message", "reason")


def read_notes(path: Path) -> dict[str, str]:
    """Finding id to the reason for which it is accepted.

    Raises RequestError for a file that cannot be read or lacks a column, and for a finding named twice with different reasons.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in ("finding", "reason") if name not in (rows.fieldnames or ())]
            if missing:
                raise RequestError(f"{path}:1: notes need the columns finding and reason; {', '.join(missing)} is not there.")
            found: dict[str, str] = {}
            for row in rows:
                name, reason = (row["finding"] or "").strip(), (row["reason"] or "").strip()
                if not name or not reason:
                    continue
                if found.setdefault(name, reason) != reason:
                    raise RequestError(f"{path}:{rows.line_num}: {name} is accepted twice, for different reasons. Keep one row.")
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RequestError(f"{path}: notes cannot be read: {error}.") from error


def write_notes(judgement: Judgement, path: Path, kept: Mapping[str, str] | None = None) -> int:
    """Write every finding with the reason it was accepted for, empty where it is open; gives how many are open.

    kept    finding id to a reason that stays where `judgement` accepts the finding for none

    Notes of findings that are gone are left out.
    """
    rows = [
        {
            "finding": finding.id,
            "severity": finding.severity.value,
            "place": cell_text(str(finding.place)),
            "message": cell_text(finding.message),
            "reason": finding.accepted or (kept or {}).get(finding.id, ""),
        }
        for finding in judgement.findings
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())
    return sum(not row["reason"] for row in rows)
