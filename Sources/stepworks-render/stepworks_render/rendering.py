"""One picture: frame it, render it, look at it. What stills and turntable frames have in common."""

from __future__ import annotations

import time
from typing import Any

import bpy

from . import channel, checks, output
from .errors import tool_failed
from .output import Picture
from .request import Request
from .scene import Stage


def render_picture(
    stage: Stage, request: Request, file: str, azimuth_degrees: float, elevation_degrees: float, turntable: bool
) -> tuple[Picture, dict[str, Any]]:
    """Renders from the angle given and checks the picture, which is not published yet.

    Returns it with its entry in the summary; `file` is what sentences call it. Raises ToolError.
    """
    started = time.monotonic()
    channel.phase("render")
    stage.aim(request, azimuth_degrees, elevation_degrees, turntable)
    try:
        ended = bpy.ops.render.render(write_still=False)
    except RuntimeError as error:
        raise tool_failed(f"{request.engine} could not render {request.model_name} ({_reason(error)}).") from error
    if "FINISHED" not in ended:
        raise tool_failed(f"{request.engine} gave up rendering {request.model_name} without a reason.")
    channel.phase("check")
    picture = output.take_picture(request)
    transparent = stage.scene.render.film_transparent
    measures = checks.measure(picture.pixels, transparent)
    # A turntable is filled by the whole turn; a single frame of a long part may well be narrower.
    found = checks.findings(measures, request, stage.framed, bool(stage.unresolved))
    if turntable:
        found = [one for one in found if one.check != "fill"]
    for warning in checks.judge(file, found, request):
        channel.log("warning", warning)
    return picture, {
        "file": file,
        "fill": _rounded(measures.fill),
        "coverage": _rounded(measures.coverage),
        "mean_luminance": _rounded(measures.mean_luminance),
        "magenta_fraction": _rounded(measures.magenta_fraction),
        "seconds": round(time.monotonic() - started, 3),
    }


def _reason(error: Exception) -> str:
    return " ".join(str(error).removeprefix("Error: ").split())[:300]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
