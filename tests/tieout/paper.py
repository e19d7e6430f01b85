"""A PDF with text at stated places, for tests of reading: one font, no compression."""

Text = tuple[float, float, float, str]
"""Left edge, base line (points from the page's lower left corner), size, words."""

WIDTHS = {**dict.fromkeys("0123456789$", 556), **dict.fromkeys(",. ", 278), **dict.fromkeys("()-", 333), "%": 889}
"""Of Helvetica, in thousandths of the size."""


def width(words: str, size: float) -> float:
    return sum(WIDTHS[letter] for letter in words) * size / 1000


def right_aligned(y: float, label: str, cells: list[str], rights: tuple[int, ...] = (330, 410, 490, 570)) -> list[Text]:
    """A row: its label at the margin, its cells against the right edges of their columns."""
    return [(50, y, 9, label)] + [(right - width(cell, 9), y, 9, cell) for right, cell in zip(rights, cells, strict=True)]


def pdf(pages: list[list[Text]]) -> bytes:
    """The bytes of a document."""
    objects = [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", b""]
    kids = []
    for page in pages:
        shown = "".join(f"/F1 {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(words)}) Tj\n" for x, y, size, words in page if words)
        stream = f"BT\n{shown}ET".encode("cp1252")
        objects.append(b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream")
        resources = b"/Resources << /Font << /F1 1 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] %s /Contents %d 0 R >>" % (resources, len(objects)))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    out = b"%PDF-1.4\n"
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size + table
    start = len(out) - len(table) - len(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    return out + b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, len(objects), start)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
