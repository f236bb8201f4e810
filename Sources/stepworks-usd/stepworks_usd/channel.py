"""The tool's side of the protocol: JSON lines on what was standard output when the process started.

OpenUSD is C++ and may print; `claim` keeps that descriptor for messages and sends whatever else is printed to standard
error, so it must run before pxr is imported.
"""

from __future__ import annotations

import json
import os
from typing import Any

LONGEST_SENTENCE = 8192
"""Letters of a log line or an error: names of parts have any length, a line of the protocol has not."""

_descriptor = 1


def claim() -> None:
    """Keeps standard output for messages; everything printed from now on goes to standard error."""
    global _descriptor
    _descriptor = os.dup(1)
    os.set_inheritable(_descriptor, False)
    os.dup2(2, 1)


def send(message: dict[str, Any]) -> None:
    """Writes one message as one line. Raises OSError when nobody can read it any more."""
    line = (json.dumps(message, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")
    while line:
        line = line[os.write(_descriptor, line) :]


def warning(message: str) -> None:
    send({"log": "warning", "message": _short(message)})


def progress(fraction: float, message: str) -> None:
    """`fraction` is of the whole request, 0…1."""
    send({"progress": round(fraction, 4), "message": message})


def phase(name: str) -> None:
    """A part of the request that is timed begins, and the one before ends."""
    send({"phase": name})


def error(error_class: str, message: str) -> None:
    send({"error": {"class": error_class, "message": _short(message)}})


def result(outputs: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    send({"result": {"outputs": outputs, "summary": summary}})


def _short(message: str) -> str:
    return message if len(message) <= LONGEST_SENTENCE else message[:LONGEST_SENTENCE] + "…"
