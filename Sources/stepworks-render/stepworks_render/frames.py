"""Operation "frames": a chunk of a turntable, resumable at the frame where a crash stopped it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from . import channel, graphics, output, png, rendering, scene, summary
from .errors import cannot_write
from .progress import Progress
from .request import Request, Turntable


def run(request: Request) -> None:
    """Renders the chunk's frames into the frames directory as `frame_0000.png` … and sends the result.

    Frames that are there already, whole and of the same derivation key, are kept. Raises ToolError.
    """
    turntable, directory = request.turntable, request.frames_directory
    assert turntable is not None and directory is not None  # the request was checked
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _sweep(directory, turntable)
    except OSError as error:
        raise cannot_write(directory, error) from error
    finished = {index for index in turntable.indices if _is_finished(directory / frame_file(index), request)}
    pictures: dict[int, dict[str, Any]] = {
        index: {"file": frame_file(index), "reused": True} for index in finished
    }
    with Progress("frame", turntable.count) as progress:
        channel.phase("scene")
        progress.phase(f"preparing {request.model_name}")
        drawn_by = graphics.require(request.engine)
        stage = scene.prepare(request)
        for number, index in enumerate(coarse_first(turntable.indices), start=1):
            progress.begin(number)
            if index not in finished:
                file = frame_file(index)
                picture, entry = rendering.render_picture(
                    stage, request, file, turntable.azimuth_degrees(index), turntable.elevation_degrees, turntable=True
                )
                output.publish(directory / file, picture.data)
                pictures[index] = entry | {"reused": False}
            progress.finish(reused=index in finished)
    outputs = [
        {"role": "frame", "path": frame_file(index), "media_type": "image/png", "frame": index}
        for index in turntable.indices
    ]
    facts = summary.summarise(request, stage, drawn_by)
    facts |= {
        "tilt_degrees": stage.placed.tilt_degrees, "frames_reused": len(finished),
        "pictures": [pictures[index] for index in turntable.indices],
    }  # fmt: skip
    channel.result(outputs, facts)


def frame_file(index: int) -> str:
    return f"frame_{index:04d}.png"


def coarse_first(indices: list[int]) -> list[int]:
    """The same indices, widely spaced ones first: whoever looks early sees the whole turn.

    The order is that of the bit-reversed positions: 0 4 2 6 1 5 3 7 for eight.
    """
    bits = max(len(indices) - 1, 0).bit_length()
    positions = (int(f"{number:0{bits}b}"[::-1], 2) if bits else 0 for number in range(1 << bits))
    return [indices[position] for position in positions if position < len(indices)]


def _is_finished(path: Path, request: Request) -> bool:
    """Whether the frame is whole and was made from exactly what is asked for now."""
    try:
        picture = png.parse(path.read_bytes())
    except FileNotFoundError:
        return False
    except (OSError, png.PNGError) as error:
        channel.log("warning", f"The frame {path.name} of {request.model_name} is rendered again: {error}.")
        return False
    size = (picture.width, picture.height)
    expected = output.provenance(request)
    same = all(picture.text.get(keyword) == value for keyword, value in expected.items())
    return same and size == (request.width, request.height)


def _sweep(directory: Path, turntable: Turntable) -> None:
    """Removes what processes that are gone left half-written for the frames of this chunk."""
    ours = {frame_file(index) for index in turntable.indices}
    for path in directory.glob(".frame_*.partial"):
        found = re.fullmatch(r"\.(frame_\d{4,}\.png)\.(\d+)\.partial", path.name)
        if found and found[1] in ours and not Path(f"/proc/{found[2]}").exists():
            path.unlink(missing_ok=True)
