"""`--serve`: a warm process. One request a line on standard input, each answered as a cold process would.

    {"request":"/…/request.json","directory":"/…/attempt"}

The answer's last line, after a result or an error, is {"ready":{"resident_bytes":…}}; one such line is also sent
at the start. End of input ends the process. A picture is the same, bit for bit, whatever was rendered before.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
from pathlib import Path

from . import channel, entry
from .errors import invalid_input, tool_failed


def run() -> None:
    """Serves until standard input ends. Raises OSError when nobody can read the answers any more."""
    from . import operations, scene  # the half second that is saved for every request

    scene.reset()
    home = os.getcwd()
    # What Blender and its add-ons have loaded stays; looking at it after every request would cost 30 ms each time.
    gc.collect()
    gc.freeze()
    _ready()
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            request, directory = _parse(line)
            _enter(directory)
            operations.perform(request)
        except Exception as error:  # noqa: BLE001 -- a request that fails must not end the others
            entry.tell(entry.explain(error))
        finally:
            scene.reset()
            os.chdir(home)
            _give_memory_back()
        _ready()


def _parse(line: bytes) -> tuple[Path, Path]:
    try:
        members = json.loads(line)
        request, directory = members["request"], members["directory"]
        if not request.startswith("/") or not directory.startswith("/"):
            raise ValueError("paths must be absolute")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise invalid_input(f"The line on standard input is no request with a directory ({error}).") from error
    return Path(request), Path(directory)


def _enter(directory: Path) -> None:
    """Temporary files go where the request's files go, so that they vanish with its attempt."""
    try:
        os.chdir(directory)
    except OSError as error:
        raise tool_failed(f"The directory {directory} cannot be entered ({error.strerror}); it must be there.") from error
    tempfile.tempdir = str(directory)


def _give_memory_back() -> None:
    """The importer leaves cycles of objects that hold whole meshes, and the C library keeps what it was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def _ready() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    channel.send({"ready": {"resident_bytes": pages * os.sysconf("SC_PAGE_SIZE")}})
