"""Made-up tapes and the mapping that reads them, for the tests of importers."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from loanbook.stores.importers.mapping_file import read_mapping
from loanbook.stores.importers.reading import FileCount, read_tape

MAPPING = """
mapping: made_up
currency: USD
tapes:
  - name: loans
    files: ["*.csv", "*.csv.gz"]
    format: csv
    nulls: ["", NA]
    events:
      position_opened:
        columns:
          event_id: {template: "{loan_id}:opened"}
          loan_id: id
          happened_on: {from: cutoff, format: MM-DD-YYYY}
          product: {value: auto_loan}
          model: {value: on_balance_sheet}
          originated_on: {from: made, format: MM/YYYY}
          original_principal_fen: amount
          balance_fen: balance
          rate_annual: rate
          installment_count: term
"""

HEADER = "id,cutoff,made,amount,balance,rate,term"
GOOD = "made-up-1,05-31-2017,01/2016,13649.18,11281.52,0.0704,73"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What came of an import that was read and judged, as Python rows."""

    files: tuple[FileCount, ...]
    events: dict[str, list[dict[str, object]]]
    faults: list[dict[str, object]]

    @property
    def file(self) -> FileCount:
        """The only file."""
        (only,) = self.files
        return only


def lines(*rows: str, end: str = "\n") -> str:
    """A tape of the made-up form."""
    return end.join([HEADER, *rows]) + end


def write_mapping(folder: Path, text: str = MAPPING) -> Path:
    """The mapping as a file."""
    path = folder / "made_up.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read_files(folder: Path, files: list[Path], mapping: str = MAPPING, shipped: Path | None = None) -> Read:
    """Read and judge files under a mapping."""
    declared = read_mapping(shipped or write_mapping(folder, mapping))
    with tempfile.TemporaryDirectory() as scratch:
        reading = read_tape(declared, files, Path(scratch), {})
        return Read(
            files=reading.files,
            events={kind: pq.read_table(path).to_pylist() for kind, path in reading.sifted.events.items()},
            faults=pq.read_table(reading.sifted.quarantine).to_pylist(),
        )


def read_text(folder: Path, text: str | bytes, mapping: str = MAPPING, name: str = "tape.csv") -> Read:
    """Read and judge one CSV given as text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_files(folder, [path], mapping)
