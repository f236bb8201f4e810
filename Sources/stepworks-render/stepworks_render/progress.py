"""Progress of the renders of one request: pictures, samples and the time that is left.

Cycles reports samples in bursts, at large sizes with gaps of many seconds. Between them the last message is sent
again with a new estimate, but only while the process really computes: one that hangs falls silent, so that the
silence limit finds it.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import channel

SECONDS_BETWEEN_MESSAGES = 0.5
SECONDS_OF_SILENCE = 2.0
"""After this the heartbeat speaks."""
LEAST_CPU_FRACTION = 0.01
"""Part of one core's time that counts as computing; waiting for a GPU takes more than this."""

_SAMPLE = re.compile(r"Sample (\d+)/(\d+)|Rendering (\d+) / (\d+) samples")
"""As Cycles and as EEVEE say it."""
_TILE = re.compile(r"Rendered (\d+)/(\d+) Tiles")

_current: Progress | None = None


class Progress:
    """Progress of one request over `total` pictures, each called `noun` ("view", "frame").

    A context manager: only one is active at a time. Until the first picture begins, and between pictures, `phase`
    says what is being done.
    """

    def __init__(self, noun: str = "view", total: int = 1) -> None:
        self.noun = noun
        self.total = total
        self.done = 0
        self.number = 0
        self.inside = 0.0
        self.text = ""
        self.detail = ""
        self.rendered = 0
        self.started = time.monotonic()
        self.ended = threading.Event()
        self.heartbeat = threading.Thread(target=self._beat, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        global _current
        _current = self
        _install()
        self.heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        global _current
        self.ended.set()
        self.heartbeat.join()
        _current = None

    def phase(self, text: str, fraction: float = 0.0) -> None:
        """Something other than a picture is being made, such as "importing"; `fraction` of all is done."""
        self.number, self.inside, self.text = 0, fraction * self.total - self.done, text
        self._tell()

    def begin(self, number: int) -> None:
        """The picture with this number (from 1) is being rendered."""
        if self.rendered == 0:
            self.started = time.monotonic()
        self.number, self.inside, self.detail = number, 0.0, ""
        self._tell()

    def finish(self, reused: bool = False) -> None:
        """The current picture is published, or was found finished."""
        self.done += 1
        self.inside, self.detail = 0.0, ""
        if not reused:
            self.rendered += 1
        self._tell()

    def stats(self, text: str) -> None:
        """What Blender says about the render that runs."""
        if self.number == 0:
            return  # a small render of the preparation
        sample = _SAMPLE.search(text)
        if sample:
            now, of = (int(number) for number in sample.groups() if number is not None)
            tile = _TILE.search(text)
            tiles, all_tiles = (int(tile[1]), int(tile[2])) if tile else (0, 1)
            self.inside = max(self.inside, min((tiles + now / max(of, 1)) / max(all_tiles, 1), 1.0))
            self.detail = f", sample {now} of {of}"
        if channel.seconds_since_last() >= SECONDS_BETWEEN_MESSAGES:
            self._tell()

    def _tell(self) -> None:
        fraction = (self.done + self.inside) / self.total
        if self.number == 0:
            channel.progress(fraction, self.text)
        else:
            channel.progress(fraction, f"{self.noun} {self.number} of {self.total}{self.detail}{self._time_left()}")

    def _time_left(self) -> str:
        work = self.rendered + self.inside
        left = self.total - self.done - self.inside
        if work < 0.05 or left <= 0:
            return ""
        seconds = (time.monotonic() - self.started) / work * left
        return f", {max(1, round(seconds))} s left" if seconds < 120 else f", {round(seconds / 60)} min left"

    def _beat(self) -> None:
        computed = time.process_time()
        while not self.ended.wait(SECONDS_OF_SILENCE / 4):
            silent = channel.seconds_since_last()
            if silent < SECONDS_OF_SILENCE:
                computed = time.process_time()
            elif time.process_time() - computed >= LEAST_CPU_FRACTION * silent:
                try:
                    self._tell()
                except OSError as error:
                    # The request ends by the same error as soon as it has something to say itself.
                    sys.stderr.write(f"progress could not be sent ({error.strerror})\n")
                    return


@persistent
def _on_stats(text: Any, *_: Any) -> None:
    if _current is not None:
        _current.stats(str(text))


def _install() -> None:
    """Loading a file keeps persistent handlers, but a request must not add a second one."""
    handlers = bpy.app.handlers.render_stats
    if _on_stats not in handlers:
        handlers.append(_on_stats)
