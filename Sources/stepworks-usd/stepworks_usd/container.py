"""The frame of a GLB: a header, a JSON chunk, a binary chunk (glTF 2.0, section 4.4)."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ToolError, invalid_input, missing_input

_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942

_SIZES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}


class Damage(Exception):
    """Tables that do not fit together; says which, in a few words."""


@dataclass(frozen=True)
class Container:
    document: dict[str, Any]
    binary: np.ndarray
    """The binary chunk's bytes; empty when there is none."""

    def array(self, index: int) -> np.ndarray:
        """The values of an accessor, n × its size, as they lie in the file. Raises Damage, and LookupError, TypeError
        or ValueError where a table has not what it must have."""
        accessor = self._entry("accessors", index)
        if "sparse" in accessor or "bufferView" not in accessor:
            raise Damage("it keeps values in sparse form; export it without")
        view = self._entry("bufferViews", accessor["bufferView"])
        if view.get("buffer") != 0 or "uri" in self._entry("buffers", 0):
            raise Damage("it keeps values outside of its binary chunk; export it as one self-contained GLB")
        kind, size, count = np.dtype(_TYPES[accessor["componentType"]]), _SIZES[accessor["type"]], accessor["count"]
        start, length = view.get("byteOffset", 0), view["byteLength"]
        inside = accessor.get("byteOffset", 0)
        stride = view.get("byteStride", size * kind.itemsize)
        if count < 1 or min(start, inside) < 0 or stride < size * kind.itemsize:
            raise Damage(f"accessor {index} has an impossible size or place")
        if inside + (count - 1) * stride + size * kind.itemsize > length or start + length > len(self.binary):
            raise Damage(f"accessor {index} lies outside of the file")
        return np.ndarray((count, size), kind, self.binary, start + inside, (stride, kind.itemsize))

    def _entry(self, table: str, index: int) -> dict[str, Any]:
        entries = self.document.get(table, [])
        if not isinstance(index, int) or not 0 <= index < len(entries):
            raise Damage(f"{table} has no entry {index}")
        return entries[index]


def read_container(path: Path, name: str) -> Container:
    """Raises ToolError, missing_input or invalid_input, unless `path` is one whole GLB."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise missing_input(f"{name} cannot be read ({error.strerror}); check its path and permissions.") from error
    if bytes(data[:4]) != b"glTF":
        raise invalid_input(f"{name} is not a GLB file; a binary glTF 2.0 file is needed.")
    if len(data) < 12:
        raise _truncated(name, 12, len(data))
    version, length = struct.unpack("<II", bytes(data[4:12]))
    if version != 2:
        raise invalid_input(f"{name} is glTF version {version}; version 2 is needed.")
    if length > len(data):
        raise _truncated(name, length, len(data))
    document, binary, at = None, data[:0], 12
    while at + 8 <= length:
        size, kind = struct.unpack("<II", bytes(data[at : at + 8]))
        if at + 8 + size > length:
            raise invalid_input(f"{name} is damaged: a chunk at byte {at} is longer than the file; export it again.")
        body = data[at + 8 : at + 8 + size]
        if document is None:
            document = _json_object(body, kind, name)
        elif kind == _BINARY_CHUNK:
            binary = body
        at += 8 + size
    if document is None:
        raise invalid_input(f"{name} is damaged: it has no JSON chunk; export it again.")
    return Container(document, binary)


def _json_object(body: np.ndarray, kind: int, name: str) -> dict[str, Any]:
    if kind != _JSON_CHUNK:
        raise invalid_input(f"{name} is damaged: its first chunk is not JSON; export it again.")
    try:
        document = json.loads(bytes(body).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise invalid_input(f"{name} is damaged: its JSON cannot be read ({error}); export it again.") from error
    if not isinstance(document, dict):
        raise invalid_input(f"{name} is damaged: its JSON is no object; export it again.")
    return document


def _truncated(name: str, wanted: int, found: int) -> ToolError:
    return invalid_input(f"{name} is truncated: it has {found} of {wanted} bytes; export it again.")
