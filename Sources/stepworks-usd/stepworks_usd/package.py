"""Writes .usdz: a zip file of stored entries whose data begin at multiples of 64 bytes (the USDZ specification)."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

from .errors import invalid_output

ALIGNMENT = 64
_HEADER = 30
"""Bytes of a local header before the name."""
_PADDING = 0x1986
"""Kind of an extra field that holds nothing: the one that OpenUSD pads with."""
_MOST_BYTES = (1 << 32) - (1 << 20)


def package(layer: Path, name: str, path: Path) -> None:
    """Packs one layer under `name`; the same layer gives the same bytes. Raises OSError, and ToolError for a layer too
    large for a zip file without extensions."""
    if layer.stat().st_size > _MOST_BYTES:
        raise invalid_output("A .usdz cannot hold more than 4 GiB; ask for a coarser preset, or for .usdc alone.")
    # The earliest time that a zip file can say: what a clock says is no part of the result.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_STORED
    entry.file_size = layer.stat().st_size
    padding = -(_HEADER + len(name.encode()) + 4) % ALIGNMENT
    entry.extra = struct.pack("<HH", _PADDING, padding) + bytes(padding)
    with zipfile.ZipFile(path, "w") as archive, layer.open("rb") as data, archive.open(entry, "w") as inside:
        shutil.copyfileobj(data, inside, 1 << 20)
