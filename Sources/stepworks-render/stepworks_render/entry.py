"""The command: `stepworks-render REQUEST.json`, `--serve`, `--version`, `--probe`.

Nothing here imports bpy before standard output is claimed.
"""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from . import channel
from .errors import ToolError, cannot_write

_ONLY_WRITES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EPIPE)

USAGE = "usage: stepworks-render REQUEST.json | --serve | --version | --probe"


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0, or that of sysexits which fits the error."""
    channel.claim()
    match arguments:
        case ["--version"]:
            return _guarded(lambda: _answer("version", "describe"), _say_plainly)
        case ["--probe"]:
            return _guarded(lambda: _answer("probe", "describe"), _say_plainly)
        case ["--probe-graphics"]:
            return _guarded(lambda: _answer("graphics", "draw_test_picture"), _say_plainly)
        case ["--serve"]:
            return _guarded(lambda: _module("serve").run(), tell)
        case [path] if not path.startswith("-"):
            return _guarded(lambda: _module("operations").perform(Path(path)), tell)
    sys.stderr.write(USAGE + "\n")
    return 64


def explain(error: Exception) -> ToolError:
    """The error as the protocol knows it; what nobody foresaw goes to the log in full."""
    if isinstance(error, ToolError):
        return error
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return ToolError("out_of_memory", "stepworks-render got no more memory; render smaller, or allow it more.", 70)
    if isinstance(error, OSError):
        return _explain_file(error)
    if isinstance(error, ImportError):
        return ToolError("missing_tool", f"Blender cannot be loaded ({error}); run scripts/setup.", 69)
    kind = type(error).__name__
    return ToolError("tool_failed", f"stepworks-render failed by a fault of its own ({kind}: {error}).", 70)


def _explain_file(error: OSError) -> ToolError:
    """An error that does not say whether it was a read or a write, unless only one of them meets it."""
    if error.errno in _ONLY_WRITES:
        return cannot_write(error.filename or "what stepworks-render has to say", error)
    what = error.filename or "a file"
    return ToolError(
        "tool_failed", f"stepworks-render cannot use {what} ({error.strerror or error}); check that it is there and open "
        "to the user that the worker runs as.", 74)  # fmt: skip


def tell(said: ToolError) -> None:
    """Sends the error as the last message. Where nobody can read it, the log and the exit status must do."""
    try:
        channel.error(said.error_class, said.message)
    except OSError as lost:
        _say_plainly(said)
        sys.stderr.write(f"and that could not be sent ({lost.strerror})\n")


def _say_plainly(said: ToolError) -> None:
    sys.stderr.write(said.message + "\n")


def _guarded(work: Callable[[], None], report: Callable[[ToolError], None]) -> int:
    try:
        work()
        return 0
    except Exception as error:  # noqa: BLE001 -- whatever it is, the caller gets a sentence and a fitting status
        said = explain(error)
        report(said)
        return said.status


def leave(status: int) -> NoReturn:
    """Ends the process at once. Taking Blender down in order costs more than a tenth of a second and can crash in a
    graphics driver when the result is already told; all that it would do for others is done here."""
    bpy = sys.modules.get("bpy")
    if bpy is not None:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _module(name: str) -> Any:
    """Imports late: whatever loads Blender must find standard output claimed."""
    return importlib.import_module(f"{__package__}.{name}")


def _answer(module: str, function: str) -> None:
    """Prints the one JSON object that the function returns."""
    channel.send(getattr(_module(module), function)())
