"""The command: `stepworks-render REQUEST.json`, `--serve`, `--version`, `--probe`.

Nothing here imports bpy before standard output is claimed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from . import channel
from .errors import ToolError, cannot_write

USAGE = "usage: stepworks-render REQUEST.json | --serve | --version | --probe"


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0, or that of sysexits which fits the error."""
    if arguments == ["--version"]:
        return _answer("version", "describe")
    if arguments == ["--probe"]:
        return _answer("probe", "describe")
    if arguments == ["--probe-graphics"]:
        return _answer("graphics", "draw_test_picture")
    if arguments == ["--serve"]:
        channel.claim()
        from . import serve

        return serve.run()
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        channel.claim()
        return perform(Path(arguments[0]))
    sys.stderr.write(USAGE + "\n")
    return 64


def perform(path: Path) -> int:
    """Does what the request file says, in the working directory; the last line sent is a result or an error."""
    try:
        from . import operations

        operations.perform(path)
        return 0
    except Exception as error:  # noqa: BLE001 -- whatever it is, the caller gets a sentence
        said = explain(error)
        channel.error(said.error_class, said.message)
        return said.status


def explain(error: Exception) -> ToolError:
    """The error as the protocol knows it; what nobody foresaw goes to the log in full."""
    if isinstance(error, ToolError):
        return error
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return ToolError("out_of_memory", "stepworks-render got no more memory; render smaller, or allow it more.", 70)
    if isinstance(error, OSError) and error.filename is not None:
        return cannot_write(error.filename, error)
    if isinstance(error, ImportError):
        return ToolError("missing_tool", f"Blender cannot be loaded ({error}); run scripts/setup.", 69)
    kind = type(error).__name__
    return ToolError("tool_failed", f"stepworks-render failed by a fault of its own ({kind}: {error}).", 70)


def leave(status: int) -> NoReturn:
    """Ends the process at once. Taking Blender down in order costs more than a tenth of a second and can crash in a
    graphics driver when the result is already told; all that it would do for others is done here."""
    bpy = sys.modules.get("bpy")
    if bpy is not None:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _answer(module: str, function: str) -> int:
    """Prints the one JSON object that the function returns."""
    channel.claim()
    try:
        answer: dict[str, Any] = getattr(importlib.import_module(f"{__package__}.{module}"), function)()
    except Exception as error:  # noqa: BLE001
        said = explain(error)
        sys.stderr.write(said.message + "\n")
        return said.status
    channel.send(answer)
    return 0

