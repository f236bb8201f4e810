"""What the result says besides its files."""

from __future__ import annotations

import json
from typing import Any

from . import gpu
from .links import Link
from .request import Request
from .scene import Stage

MOST_LISTED = 500
"""Entries of a list in the summary; a count beside it says how many there are."""
LISTED_BYTES = 128 * 1024
"""What such a list may take of the result's line: names of parts have any length."""


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
        "materials": _listed(_materials(stage)),
        "materials_total": len(stage.materials),
        "unresolved": _listed(stage.unresolved),
        "unresolved_total": len(stage.unresolved),
        "template_links": _links(stage.template_links),
        "library_links": _links(stage.library_links),
        "triangles": stage.model.triangles,
        "bounds_m": [float(f"{extent:.9g}") for extent in stage.model.size],
    }


def _materials(stage: Stage) -> list[dict[str, Any]]:
    """What did not resolve comes first: it must not be what a long list leaves out."""
    return [
        {
            "part": one.part, "material": one.material, "match": one.match, "reason": one.reason,
            "instances": one.instances,
        }
        for one in sorted(stage.materials, key=lambda one: one.match != "none")
    ]  # fmt: skip


def _links(links: tuple[Link, ...]) -> list[dict[str, str]]:
    return _listed([{"path": str(one.path), "sha256": one.sha256} for one in links])


def _listed(entries: list[Any]) -> list[Any]:
    """The first entries, as many as a line of the protocol has room for; the log has them all."""
    kept, room = [], LISTED_BYTES
    for entry in entries[:MOST_LISTED]:
        room -= len(json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace"))
        if room < 0:
            break
        kept.append(entry)
    return kept
