"""EEVEE and Workbench draw with OpenGL, which aborts the process where it is missing: asked in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from typing import Any

from . import channel
from .errors import unavailable

PROBE_SECONDS = 20
"""Less than whoever asks for `--probe` waits for all of it."""
_HINT = "install libegl1 and a graphics driver (libgl1-mesa-dri draws in software), or use the engine cycles"


def require(engine: str) -> dict[str, Any] | None:
    """The device that `engine` will draw with; None for Cycles, which needs none.

    A software rasteriser is allowed, but warned about. Raises ToolError, tool_failed, when nothing can draw; the
    engine is never swapped for another.
    """
    if engine == "cycles":
        return None
    found = probe()
    if not found["available"]:
        raise unavailable(f"The engine {engine} cannot draw on this machine ({found['reason']}); {_HINT}.")
    if found["software"]:
        channel.log(
            "warning",
            f"The engine {engine} draws in software ({found['name']}), which is slow; use the engine cycles, "
            "or a machine with a GPU.",
        )
    return {
        "requested": "gpu",
        "used": "cpu" if found["software"] else "gpu",
        "backend": found["backend"],
        "name": found["name"],
        "driver": found["version"],
        "uuid": None,
        "fallback_reason": "only a software rasteriser is there" if found["software"] else None,
    }


@cache
def probe() -> dict[str, Any]:
    """Whether something can draw: {available, software, reason, backend, name, version}. Asked once per process."""
    nothing = {"available": False, "software": False, "backend": None, "name": None, "version": None}
    with tempfile.TemporaryDirectory(prefix="stepworks-probe-") as scratch:
        try:
            done = subprocess.run(
                [sys.executable, "-IB", "-m", __package__, "--probe-graphics"],
                capture_output=True, timeout=PROBE_SECONDS, check=False, cwd=scratch,
                env=dict(os.environ, TMPDIR=scratch),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return nothing | {"reason": f"a test picture was not drawn within {PROBE_SECONDS} s"}
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(done.stderr.decode(errors="replace")[-4000:])
    if done.returncode < 0:
        return nothing | {"reason": f"drawing a test picture ended Blender with signal {-done.returncode}"}
    return nothing | {"reason": f"drawing a test picture failed with status {done.returncode}"}


def draw_test_picture() -> dict[str, Any]:
    """Draws 16 pixels with Workbench and says who drew them. Aborts the process where OpenGL is missing."""
    import bpy
    import gpu as blender_gpu

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    lens = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(lens)
    scene.camera = lens
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x = scene.render.resolution_y = 16
    bpy.ops.render.render(write_still=False)
    platform = blender_gpu.platform
    return {
        "available": True,
        "software": platform.device_type_get() == "SOFTWARE",
        "reason": None,
        "backend": platform.backend_type_get(),
        "name": platform.renderer_get(),
        "version": platform.version_get(),
    }
