"""Which module does which operation. Imported after standard output was claimed, because this imports Blender."""

from __future__ import annotations

from pathlib import Path

from . import blend, frames, stills
from .request import Request

_OPERATIONS = {"stills": stills.run, "frames": frames.run, "blend": blend.run}


def perform(path: Path) -> None:
    """Reads the request and does it in the working directory. Raises ToolError."""
    request = Request.read(path)
    _OPERATIONS[request.operation](request)
