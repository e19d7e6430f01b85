"""The whole tie-out in one call: files in, judgement out."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.read import read_document, read_figures
from loanbook.tieout.read.naming import short_names
from loanbook.tieout.relate import relate, with_concepts


def tie_out(
    files: Sequence[Path], *, notes: Mapping[str, str] | None = None, on_read: Callable[[Path], None] | None = None
) -> Judgement:
    """Read the documents, relate their figures within and across them, and judge every figure.

    files     results documents of one issuer: text, Markdown, HTML, CSV, TSV or PDF with text; each once
    notes     finding id to the reason for which a person accepted it
    on_read   told each file when it has been read

    Raises RequestError for a file that is missing, given twice, too large or of a kind that is not read.
    """
    if not files:
        raise RequestError("Nothing to tie out: name at least one document.")
    seen: dict[Path, Path] = {}
    for file in files:
        same = seen.setdefault(file.resolve(), file)
        if same is not file:
            raise RequestError(f"{file} is {same} again; name each document once, or everything in it would tie to itself.")
    readings = []
    contents: dict[bytes, Path] = {}
    for file, name in zip(files, short_names(files), strict=True):
        document = read_document(file)
        copied = contents.setdefault(hashlib.blake2b(file.read_bytes()).digest(), file)
        if copied is not file and document.blocks:
            raise RequestError(f"{file} is a copy of {copied}; name each document once, or everything in it would tie to itself.")
        readings.append((document, read_figures(document, name)))
        if on_read:
            on_read(file)
    readings = with_concepts(readings)
    return judge(readings, relate(readings), notes or {})
