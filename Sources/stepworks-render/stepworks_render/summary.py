"""What the result says besides its files."""

from __future__ import annotations

from typing import Any

from . import gpu
from .request import Request
from .scene import Stage


def summarise(request: Request, stage: Stage, graphics: dict[str, Any] | None) -> dict[str, Any]:
    """Engine, device, materials and model; `graphics` is the device that EEVEE or Workbench drew with.

    Raises ToolError when the device that was used is not the one the request insists on.
    """
    if stage.device is not None:
        device = gpu.observed(stage.device, request.cpu_fallback)
    else:
        device = graphics
    return {
        "engine": request.engine,
        "samples": request.samples,
        "width": request.width,
        "height": request.height,
        "view_transform": request.view_transform,
        "background": request.background,
        "device": device,
        "materials": [
            {
                "part": one.part, "material": one.material, "match": one.match, "reason": one.reason,
                "instances": one.instances,
            }
            for one in stage.materials
        ],
        "unresolved": stage.unresolved,
        "triangles": stage.model.triangles,
        "bounds_m": [float(f"{extent:.9g}") for extent in stage.model.size],
    }
