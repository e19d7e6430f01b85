"""From a file to a document: which reader a file needs, and what is refused before any of it is read."""

import stat
from pathlib import Path

from loanbook.errors import RequestError
from loanbook.tieout.document import Document
from loanbook.tieout.read.delimited import read_rows
from loanbook.tieout.read.draft import document_blocks
from loanbook.tieout.read.glyphs import plain_glyphs
from loanbook.tieout.read.html import read_elements
from loanbook.tieout.read.limits import Limits, Meter
from loanbook.tieout.read.pdf import read_pages
from loanbook.tieout.read.text import read_lines

_ARCHIVES = {
    b"PK\x03\x04": "a zip archive (or an Office file)",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\xd0\xcf\x11\xe0": "an old Office file",
}
DEFAULT_LIMITS = Limits()


def read_document(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """A results document as blocks in reading order.

    path     .txt, .md, .html, .htm, .xhtml, .csv, .tsv or .pdf; another name is read as what its first bytes are
    limits   bounds that a hostile file meets
    raises   RequestError for a file that cannot be read, is an archive or passes a limit: what, where, the numbers
    """
    path = Path(path)
    name = str(path)
    try:
        found = path.stat()
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise RequestError(f"{name} is a pipe or a device, which may never end. Save the document as a file and name that.")
        if found.st_size > limits.file_bytes:
            raise RequestError(
                f"{name}: {found.st_size:,} bytes; a results document has at most {limits.file_bytes:,}. "
                "Split it, or read it with higher limits."
            )
        with path.open("rb") as file:
            content = file.read(limits.file_bytes + 1)
    except OSError as error:
        raise RequestError(f"{name}: cannot be read ({error.strerror or error}).") from error
    return document_of(content, name, limits)


def document_of(content: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """A document from the bytes of a file; `name` tells its kind and stands in every place."""
    if len(content) > limits.file_bytes:
        raise RequestError(f"{name}: {len(content):,} bytes; a results document has at most {limits.file_bytes:,}.")
    for magic, kind in _ARCHIVES.items():
        if content.startswith(magic):
            raise RequestError(
                f"{name} is {kind}; archives are not opened. Give the document inside it as text, HTML, CSV or PDF."
            )
    meter = Meter(name, limits)
    kind = _kind(content, name)
    if kind == "pdf":
        return Document(file=name, blocks=document_blocks(read_pages(content, name, meter)))
    text = plain_glyphs(_decoded(content, name))
    if kind == "html":
        return Document(file=name, blocks=document_blocks(read_elements(text, name, meter)))
    if kind == "csv":
        return Document(file=name, blocks=document_blocks(read_rows(text, name, meter)))
    return Document(file=name, blocks=document_blocks(read_lines(text, name, meter)))


def _kind(content: bytes, name: str) -> str:
    suffix = Path(name).suffix.lower()
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content[:1024].find(b"%PDF-") >= 0 and (suffix == ".pdf" or start.startswith(b"%pdf-")):
        return "pdf"
    if suffix == ".pdf":
        raise RequestError(f"{name} is named .pdf but does not begin as one. Give the document under its own kind.")
    if suffix in (".html", ".htm", ".xhtml") or start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "html"
    return "csv" if suffix in (".csv", ".tsv") else "text"


def _decoded(content: bytes, name: str) -> str:
    """UTF-8 with or without mark, UTF-16 and UTF-32 with mark, else Windows' Latin; a file of many nulls is no text."""
    if content.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return content.decode("utf-32", errors="replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\x00" in content[:65536]:
        raise RequestError(f"{name} is no text: it holds null bytes. Give it as text, HTML, CSV or PDF.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
