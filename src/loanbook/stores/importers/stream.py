"""The bytes of a tape, unpacked and guarded: truncated archives, binary content, bombs and wrong encodings end in clear words."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from loanbook.errors import RequestError

GZIP_MAGIC = b"\x1f\x8b"
_OTHER_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook. Unpack it, or save the sheet as CSV.",
    b"PAR1": "a Parquet file. Give it the extension the mapping expects, or use a mapping with format: parquet.",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as CSV.",
    b"\xff\xfe": "UTF-16 text. Set encoding: utf-16 in the mapping's tape, or save the file as UTF-8.",
    b"\xfe\xff": "UTF-16 text. Set encoding: utf-16 in the mapping's tape, or save the file as UTF-8.",
    b"BZh": "a bzip2 archive. Unpack it first; .gz is read as it is.",
    b"(\xb5/\xfd": "a zstd archive. Unpack it first; .gz is read as it is.",
    b"\xfd7zXZ": "an xz archive. Unpack it first; .gz is read as it is.",
}
_FREE_BYTES = 64 << 20
_RATIO_MAX = 250
"""Real tapes shrink 5 to 60 times; beyond 64 MiB more than 250 times is taken for a bomb (the format's limit is 1,032)."""


class Stream(io.RawIOBase):
    """Bytes of a text tape, read once from the start; gzip is recognised by its content.

    encoding   other than UTF-8 is recoded while reading, so that the reader behind sees UTF-8
    progress   told how many bytes of the file were read, for a progress bar
    raises     RequestError while reading: truncated or damaged archive, bomb, NUL bytes
    """

    def __init__(self, path: Path, *, encoding: str = "utf-8", progress: Callable[[int], None] | None = None) -> None:
        super().__init__()
        self.path = path
        self.name = path.name
        self._raw: BinaryIO = open_bytes(path)
        start = self._raw.read(8)
        self._raw.seek(0)
        self._packed = start.startswith(GZIP_MAGIC)
        self._bytes: BinaryIO = gzip.GzipFile(fileobj=self._raw, mode="rb") if self._packed else self._raw  # type: ignore[assignment]
        self._recode = codecs.lookup(encoding).name != "utf-8"
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict") if self._recode else None
        self._left = b""
        self._progress = progress
        self.count = 0
        self.last = b""
        if not self._packed:
            refuse_other_formats(self.name, start, encoding)

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        """The next bytes, as UTF-8."""
        if self._left:
            part, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
            return part
        part = self._next(size)
        if self._progress is not None:
            self._progress(self._raw.tell())
        if part:
            self.last = part[-1:]
        return part

    def push_back(self, part: bytes) -> None:
        """Bytes that will be read again."""
        self._left = part + self._left

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
        super().close()

    def _next(self, size: int) -> bytes:
        try:
            part = self._bytes.read(size)
        except EOFError as error:
            raise RequestError(
                f"{self.name}: the archive is cut off after {self.count:,} unpacked bytes. Fetch the file again."
            ) from error
        except (OSError, zlib.error) as error:
            raise RequestError(f"{self.name}: the archive is damaged after {self.count:,} unpacked bytes ({error}).") from error
        if self._packed and self.count == 0 and part:
            refuse_other_formats(self.name, part[:8], self._encoding)
        self.count += len(part)
        self._refuse_bomb()
        if self._decoder is not None:
            return self._recoded(part)
        if b"\0" in part:
            where = self.count - len(part) + part.index(b"\0")
            raise RequestError(f"{self.name}: byte {where:,} is NUL: this is not a text file, or it is damaged. Export it again.")
        return part

    def _recoded(self, part: bytes) -> bytes:
        assert self._decoder is not None
        try:
            text = self._decoder.decode(part, final=not part)
        except UnicodeDecodeError as error:
            where = self.count - len(part) + error.start
            raise RequestError(
                f"{self.name}: the bytes near {where:,} are not {self._encoding} text. Correct encoding in the mapping's tape."
            ) from error
        if "\0" in text:
            raise RequestError(
                f"{self.name}: there is a NUL before byte {self.count:,}: this is not a text file, or it is damaged."
            )
        if part and not text:
            return self._next(len(part))
        return text.removeprefix("\ufeff").encode()

    def _refuse_bomb(self) -> None:
        if self._packed and self.count > _FREE_BYTES and self.count > _RATIO_MAX * max(self._raw.tell(), 1):
            raise RequestError(
                f"{self.name}: the archive unpacks to more than {_RATIO_MAX} times its size ({self.count:,} bytes so far). "
                "That is no loan tape. If it is, unpack it yourself and import the plain file."
            )


def open_bytes(path: Path) -> BinaryIO:
    """A file for reading; RequestError in words when it cannot be, or is empty."""
    try:
        file = path.open("rb")
        empty = path.stat().st_size == 0
    except IsADirectoryError:
        raise RequestError(f"{path}: this is a folder. Name the files in it.") from None
    except OSError as error:
        raise RequestError(f"{path}: the file cannot be read: {error.strerror}.") from error
    if empty:
        file.close()
        raise RequestError(f"{path.name}: the file is empty.")
    return file


def refuse_other_formats(name: str, start: bytes, encoding: str = "utf-8") -> None:
    """Raise when the first bytes are those of a known format that is no plain text."""
    if codecs.lookup(encoding).name.startswith("utf-16") and start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    for magic, words in _OTHER_MAGIC.items():
        if start.startswith(magic):
            raise RequestError(f"{name}: this is {words}")


def find_bad_text(path: Path) -> str:
    """Words that name the first byte of a file that is not UTF-8, and its line."""
    with Stream(path) as stream:
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        line = 1
        while part := stream.read(1 << 20):
            try:
                decoder.decode(part)
            except UnicodeDecodeError as error:
                line += part.count(b"\n", 0, error.start)
                return (
                    f"{path.name}: line {line} has the byte {error.object[error.start]:#04x}, which is not UTF-8 text. "
                    "Set encoding in the mapping's tape (latin-1, gb18030, ...), or save the file as UTF-8."
                )
            line += part.count(b"\n")
    return f"{path.name}: the text ends in the middle of a character; the file may be cut off."
