"""Reads the frame of a GLB before Blender does: damaged files get a sentence instead of a stack trace.

Format: glTF 2.0, section 4 (binary glTF): a header of 12 bytes, then chunks of length, type and data.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from .errors import ToolError, invalid_input, missing_input

UNDERSTOOD = {
    "KHR_draco_mesh_compression", "KHR_lights_punctual", "KHR_materials_anisotropy", "KHR_materials_clearcoat",
    "KHR_materials_emissive_strength", "KHR_materials_ior", "KHR_materials_iridescence", "KHR_materials_sheen",
    "KHR_materials_specular", "KHR_materials_transmission", "KHR_materials_unlit", "KHR_materials_variants",
    "KHR_materials_volume", "KHR_materials_pbrSpecularGlossiness", "KHR_mesh_quantization",
    "KHR_texture_transform", "EXT_mesh_gpu_instancing", "EXT_texture_webp",
}  # fmt: skip


def check_glb(path: Path, name: str) -> None:
    """Raises ToolError, missing_input or invalid_input, unless `path` is one whole, self-contained GLB."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            document = _document(file, size, name)
    except OSError as error:
        raise missing_input(f"{name} cannot be read ({error.strerror}).") from error
    for kind in ("buffers", "images"):
        entries = document.get(kind, [])
        for entry in entries if isinstance(entries, list) else []:
            uri = entry.get("uri") if isinstance(entry, dict) else None
            if uri is not None and not str(uri).startswith("data:"):
                raise invalid_input(f"{name} depends on another file, {str(uri)[:120]}; export it as one GLB.")
    required = document.get("extensionsRequired", [])
    for extension in required if isinstance(required, list) else []:
        if extension not in UNDERSTOOD:
            raise invalid_input(f"{name} needs the glTF extension {extension}, which Blender can't read; export it plainly.")


def _document(file: Any, size: int, name: str) -> dict[str, Any]:
    header = file.read(12)
    if header[:4] != b"glTF":
        raise invalid_input(f"{name} is not a GLB file; a binary glTF 2.0 file is needed.")
    if len(header) < 12:
        raise _truncated(name, 12, size)
    _, version, length = struct.unpack("<4sII", header)
    if version != 2:
        raise invalid_input(f"{name} is glTF version {version}; version 2 is needed.")
    if length > size:
        raise _truncated(name, length, size)
    document = None
    at = 12
    while at + 8 <= length:
        file.seek(at)
        chunk_length, chunk_type = struct.unpack("<II", file.read(8))
        if at + 8 + chunk_length > length:
            raise invalid_input(f"{name} is damaged: a chunk at byte {at} is longer than the file; export it again.")
        if document is None:
            if chunk_type != 0x4E4F534A:  # "JSON"
                raise invalid_input(f"{name} is damaged: its first chunk is not JSON; export it again.")
            try:
                document = json.loads(file.read(chunk_length).decode("utf-8"))
            except (ValueError, RecursionError) as error:
                raise invalid_input(f"{name} is damaged: its JSON cannot be read ({error}); export it again.") from error
        at += 8 + chunk_length
    if not isinstance(document, dict):
        raise invalid_input(f"{name} is damaged: it has no JSON object; export it again.")
    return document


def _truncated(name: str, wanted: int, found: int) -> ToolError:
    return invalid_input(f"{name} is truncated: it has {found} of {wanted} bytes; export it again.")
