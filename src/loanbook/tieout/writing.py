"""An output file is the old one or the new one: a run that is ended, or that runs beside another, leaves no half."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the file under a name of this process's own, then put it in its place.

    Raises OSError when the file cannot be written; what was written beside it is taken away.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
