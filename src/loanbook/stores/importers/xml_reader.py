"""ABS-EE asset data (SEC Exhibit 102, auto loans) in batches of text columns: an `assets` element is a row.

Entities, DTD and network are off, and a document type is refused; libxml2's own limits (depth 256, 10 MB a text) stay on.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from lxml import etree

from loanbook.errors import RequestError
from loanbook.stores.importers.binding import Binding, bind
from loanbook.stores.importers.conversion import FAULTS, SourceBatch
from loanbook.stores.importers.mapping import Tape
from loanbook.stores.importers.stream import Stream

BATCH_RECORDS = 20_000
NAMESPACE = "http://www.sec.gov/edgar/document/absee/autoloan/assetdata"
_RECORD = "assets"
_ROOT = "assetData"
_FIELDS_MAX = 400
"""The schema has 74 elements in a record; a record of more than this is not one."""


class XmlReader:
    """One ABS-EE file: `binding` after opening, then `batches()`."""

    def __init__(self, path: Path, tape: Tape, *, progress: Callable[[int], None] | None = None) -> None:
        self._path = path
        self._stream = Stream(path, progress=progress)
        start = self._stream.read(1 << 16)
        if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
            raise self._doctype()
        self._stream.push_back(start)
        self.binding: Binding = bind(tape, None, path.name)

    def batches(self) -> Iterator[SourceBatch]:
        """Batches of records; raises RequestError for a document that is cut off, not well formed, or of another kind."""
        wanted = frozenset(self.binding.needed)
        records: list[dict[str, str]] = []
        given = 0
        try:
            for record in self._records(wanted):
                records.append(record)
                if len(records) == BATCH_RECORDS:
                    yield self._batch(records, given)
                    given += len(records)
                    records = []
        except etree.XMLSyntaxError as error:
            line = error.lineno or 0
            raise RequestError(
                f"{self._path.name}: line {line}: the XML is not well formed or is cut off: {error.msg}."
            ) from error
        if records:
            yield self._batch(records, given)

    def faults(self) -> pa.Table:
        """Nothing: a record that is not whole ends the reading."""
        return FAULTS.empty_table()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _records(self, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
        parser = etree.iterparse(
            cast(Any, self._stream),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = None
        for event, element in parser:
            if root is None:
                root = element
                self._check_root(root)
                continue
            if event == "start" or element.getparent() is not root:
                continue
            if etree.QName(element).localname != _RECORD:
                name = etree.QName(element).localname
                raise RequestError(
                    f"{self._path.name}: line {element.sourceline}: <{name}> stands where <{_RECORD}> is expected."
                )
            yield self._fields(element, wanted)
            root.remove(element)

    def _fields(self, element: Any, wanted: frozenset[str]) -> dict[str, str]:
        if len(element) > _FIELDS_MAX:
            raise RequestError(
                f"{self._path.name}: line {element.sourceline}: a record with {len(element)} elements is no asset."
            )
        record: dict[str, str] = {}
        for child in element:
            name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if name in wanted and child.text is not None:
                # Codes such as zeroBalanceCode may stand several times.
                record[name] = f"{record[name]};{child.text}" if name in record else child.text
        return record

    def _check_root(self, root: Any) -> None:
        if root.getroottree().docinfo.doctype:
            raise self._doctype()
        name = etree.QName(root)
        if name.localname != _ROOT:
            raise RequestError(f"{self._path.name}: the document is <{name.localname}>, not ABS-EE asset data (<{_ROOT}>).")
        if name.namespace != NAMESPACE:
            raise RequestError(
                f"{self._path.name}: the namespace {name.namespace!r} is not that of auto loans ({NAMESPACE}). "
                "Only Exhibit 102 of auto loans is read."
            )

    def _batch(self, records: list[dict[str, str]], given: int) -> SourceBatch:
        columns = {name: pa.array([record.get(name) for record in records], pa.string()) for name in self.binding.needed}
        return SourceBatch(columns=columns, rows=np.arange(given + 1, given + 1 + len(records), dtype=np.int64))

    def _doctype(self) -> RequestError:
        return RequestError(
            f"{self._path.name}: the document declares a DOCTYPE or entities. Asset data has none; they are refused."
        )
