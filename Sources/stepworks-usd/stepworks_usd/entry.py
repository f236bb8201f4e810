"""The command: `stepworks-usd REQUEST.json`, `--version`.

Nothing here imports pxr before standard output is claimed.
"""

from __future__ import annotations

import importlib
import os
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from . import channel
from .errors import ToolError, cannot_write

USAGE = "usage: stepworks-usd REQUEST.json | --version"


LEAST_MEMORY = 3 << 29
"""Bytes of address space: OpenUSD and NumPy reserve 1.1 GB for themselves, and crash without."""

_OUT_OF_MEMORY = ToolError(
    "out_of_memory",
    "stepworks-usd got no more memory; ask for a coarser preset, or raise tools.cadMemoryMegabytes.",
    70,
)


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0, or that of sysexits which fits the error."""
    channel.claim()
    # NumPy's linear algebra takes memory for each processor when it is loaded, and there is none of it here.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    match arguments:
        case ["--version"]:
            return _guarded(_say_version, lambda said: sys.stderr.write(said.message + "\n"))
        case [path] if not path.startswith("-"):
            return _guarded(lambda: _perform(Path(path)), _tell)
    sys.stderr.write(USAGE + "\n")
    return 64


def _say_version() -> None:
    channel.send(importlib.import_module(f"{__package__}.version").describe())


def _perform(request: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_MEMORY:
        raise _OUT_OF_MEMORY
    importlib.import_module(f"{__package__}.export").perform(request)


def explain(error: Exception) -> ToolError:
    """The error as the protocol knows it; what nobody foresaw goes to the log in full."""
    if isinstance(error, ToolError):
        return error
    traceback.print_exception(error)
    if isinstance(error, MemoryError):
        return _OUT_OF_MEMORY
    if isinstance(error, OSError):
        return cannot_write(error.filename or "what stepworks-usd has to say", error)
    if isinstance(error, ImportError):
        return _explain_import(error)
    kind = type(error).__name__
    return ToolError("tool_failed", f"stepworks-usd failed by a fault of its own ({kind}: {error}).", 70)


def _explain_import(error: BaseException) -> ToolError:
    """The first cause has the reason, and says it first."""
    while error.__cause__ is not None:
        error = error.__cause__
    fact = str(error).strip().partition("\n")[0]
    return ToolError("missing_tool", f"OpenUSD cannot be loaded ({fact}); run scripts/setup.", 69)


def _tell(said: ToolError) -> None:
    """Sends the error as the last message. Where nobody can read it, the log and the exit status must do."""
    try:
        channel.error(said.error_class, said.message)
    except OSError as lost:
        sys.stderr.write(f"{said.message}\nand that could not be sent ({lost.strerror})\n")


def _guarded(work: Callable[[], None], report: Callable[[ToolError], object]) -> int:
    try:
        work()
        return 0
    except Exception as error:  # noqa: BLE001 -- whatever it is, the caller gets a sentence and a fitting status
        said = explain(error)
        report(said)
        return said.status
