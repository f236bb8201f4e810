"""Reads the frame of a GLB before Blender does: damaged files get a sentence instead of a stack trace.

Format: glTF 2.0, section 4 (binary glTF): a header of 12 bytes, then chunks of length, type and data.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ToolError, invalid_input, missing_input

UNDERSTOOD = {
    "KHR_draco_mesh_compression", "KHR_lights_punctual", "KHR_materials_anisotropy", "KHR_materials_clearcoat",
    "KHR_materials_emissive_strength", "KHR_materials_ior", "KHR_materials_iridescence", "KHR_materials_sheen",
    "KHR_materials_specular", "KHR_materials_transmission", "KHR_materials_unlit", "KHR_materials_variants",
    "KHR_materials_volume", "KHR_materials_pbrSpecularGlossiness", "KHR_mesh_quantization",
    "KHR_texture_transform", "EXT_mesh_gpu_instancing", "EXT_texture_webp",
}  # fmt: skip

_JSON_CHUNK, _BINARY_CHUNK = 0x4E4F534A, 0x004E4942
_FLOAT = 5126


@dataclass(frozen=True)
class _Contents:
    document: dict[str, Any]
    binary: np.ndarray
    """The binary chunk's bytes; empty when there is none."""


def check_glb(path: Path, name: str) -> None:
    """Raises ToolError, missing_input or invalid_input, unless `path` is one whole, self-contained GLB whose
    positions are numbers: Blender imports others without a word."""
    try:
        contents = _read(path, name)
    except OSError as error:
        raise missing_input(f"{name} cannot be read ({error.strerror}).") from error
    try:
        _refuse_other_files(contents.document, name)
        _refuse_unknown_extensions(contents.document, name)
        for part, positions in _positions(contents):
            wrong = len(positions) - int(np.isfinite(positions).all(axis=1).sum())
            if wrong:
                raise invalid_input(
                    f"{name} has {wrong} positions that are not numbers in the part '{part}'; export it again."
                )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise invalid_input(f"{name} is damaged: its tables do not fit together ({error}); export it again.") from error


def _refuse_other_files(document: dict[str, Any], name: str) -> None:
    for kind in ("buffers", "images"):
        for entry in document.get(kind, []):
            uri = entry.get("uri")
            if uri is not None and not uri.startswith("data:"):
                raise invalid_input(f"{name} depends on another file, {uri[:120]}; export it as one GLB.")


def _refuse_unknown_extensions(document: dict[str, Any], name: str) -> None:
    for extension in document.get("extensionsRequired", []):
        if extension not in UNDERSTOOD:
            raise invalid_input(
                f"{name} needs the glTF extension {extension}, which Blender can't read; export it without."
            )


def _positions(contents: _Contents) -> Iterator[tuple[str, np.ndarray]]:
    """Name and positions (n × 3) of every mesh whose positions are plain floats in the file."""
    document = contents.document
    seen: set[int] = set()
    for mesh in document.get("meshes", []):
        for primitive in mesh["primitives"]:
            index = primitive["attributes"].get("POSITION")
            if index is None or index in seen:
                continue
            seen.add(index)
            accessor = document["accessors"][index]
            if "bufferView" not in accessor or accessor["componentType"] != _FLOAT or accessor["type"] != "VEC3":
                continue  # compressed or quantised: there is no such number in integers
            view = document["bufferViews"][accessor["bufferView"]]
            if "uri" in document["buffers"][view["buffer"]]:
                continue
            start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
            stride = view.get("byteStride", 12)
            end = start + (accessor["count"] - 1) * stride + 12
            if start < 0 or stride < 12 or accessor["count"] < 1 or end > len(contents.binary):
                raise ValueError(f"the positions of '{mesh.get('name', '')}' lie outside of the file")
            yield str(mesh.get("name", "")), np.ndarray(
                (accessor["count"], 3), "<f4", contents.binary, offset=start, strides=(stride, 4)
            )


def _read(path: Path, name: str) -> _Contents:
    data = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.zeros(0, dtype=np.uint8)
    size = len(data)
    if bytes(data[:4]) != b"glTF":
        raise invalid_input(f"{name} is not a GLB file; a binary glTF 2.0 file is needed.")
    if size < 12:
        raise _truncated(name, 12, size)
    version, length = struct.unpack("<II", bytes(data[4:12]))
    if version != 2:
        raise invalid_input(f"{name} is glTF version {version}; version 2 is needed.")
    if length > size:
        raise _truncated(name, length, size)
    document, binary = None, data[:0]
    at = 12
    while at + 8 <= length:
        chunk_length, chunk_type = struct.unpack("<II", bytes(data[at : at + 8]))
        body = data[at + 8 : at + 8 + chunk_length]
        if at + 8 + chunk_length > length:
            raise invalid_input(f"{name} is damaged: a chunk at byte {at} is longer than the file; export it again.")
        if document is None:
            document = _json_object(body, chunk_type, name)
        elif chunk_type == _BINARY_CHUNK:
            binary = body
        at += 8 + chunk_length
    if document is None:
        raise invalid_input(f"{name} is damaged: it has no JSON chunk; export it again.")
    return _Contents(document, binary)


def _json_object(body: np.ndarray, chunk_type: int, name: str) -> dict[str, Any]:
    if chunk_type != _JSON_CHUNK:
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
