"""`--version`: quick, without loading Blender, but only when Blender could be loaded."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import subprocess
from pathlib import Path
from typing import Any

from .errors import missing_tool

TOOL = "stepworks-render"
TOOL_VERSION = "1"


def describe() -> dict[str, Any]:
    """Raises ToolError, missing_tool, when bpy is not installed or a library it needs is missing."""
    from . import library

    return {
        "tool": TOOL,
        "version": TOOL_VERSION,
        "blender": _blender_version(),
        "digest": source_digest(),
        "library": library.digest(),
    }


def source_digest() -> str:
    """SHA-256 over the names and contents of the package's own files: what a picture depends on besides Blender."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _blender_version() -> str:
    try:
        version = importlib.metadata.version("bpy")
    except importlib.metadata.PackageNotFoundError as error:
        raise missing_tool("Blender (the Python package bpy) is not installed; run scripts/setup.") from error
    found = importlib.util.find_spec("bpy")
    if found is None or found.origin is None or not Path(found.origin).is_file():
        raise missing_tool("Blender (the Python package bpy) is not complete; run scripts/setup.")
    module = Path(found.origin).with_name("__init__.so")
    try:
        listed = subprocess.run(["ldd", str(module)], capture_output=True, text=True, timeout=15, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise missing_tool(f"Blender's library {module} cannot be examined ({error}); run scripts/setup.") from error
    missing = [line.split()[0] for line in listed.splitlines() if "not found" in line]
    if missing:
        raise missing_tool(f"Blender needs {', '.join(missing)}, which this system lacks; run scripts/setup.")
    return version
