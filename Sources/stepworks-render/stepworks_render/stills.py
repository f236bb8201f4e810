"""Operation "stills": one PNG for each view, all from one process and one import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import channel, graphics, output, rendering, scene, summary
from .progress import Progress
from .request import Request


def run(request: Request) -> None:
    """Renders every view into the working directory as `<name>-<view>.png` and sends the result.

    No file appears under its name before its picture passed the checks. Raises ToolError.
    """
    outputs: list[dict[str, Any]] = []
    pictures = []
    with Progress("view", len(request.views)) as progress:
        channel.phase("scene")
        progress.phase(f"preparing {request.model_name}")
        drawn_by = graphics.require(request.engine)
        stage = scene.prepare(request)
        for number, view in enumerate(request.views, start=1):
            file = f"{request.name}-{view.name}.png"
            progress.begin(number)
            picture, entry = rendering.render_picture(
                stage, request, file, view.azimuth_degrees, view.elevation_degrees, turntable=False
            )
            output.publish(Path.cwd() / file, picture.data)
            outputs.append({"role": "still", "path": file, "media_type": "image/png", "view": view.name})
            pictures.append(entry)
            progress.finish()
    facts = summary.summarise(request, stage, drawn_by)
    channel.result(outputs, facts | {"pictures": pictures})
