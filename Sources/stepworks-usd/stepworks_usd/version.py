"""`--version`: what the tool and its library are; said only when the library can be loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pxr import Usd

TOOL = "stepworks-usd"
TOOL_VERSION = "1"


def describe() -> dict[str, Any]:
    """Raises ImportError when OpenUSD is not installed or a library it needs is missing."""
    return {"tool": TOOL, "version": TOOL_VERSION, "openusd": openusd(), "digest": source_digest()}


def openusd() -> str:
    """The version as its package counts it, such as 26.11."""
    _, year, month = Usd.GetVersion()
    return f"{year}.{month:02}"


def source_digest() -> str:
    """SHA-256 over the names and contents of the package's own files: what a file depends on besides OpenUSD."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
