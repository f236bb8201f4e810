"""Operation "blend": a production .blend with model, materials, camera and light inside, and nothing outside."""

from __future__ import annotations

import os
from pathlib import Path

import bpy

from . import camera, channel, output, scene, summary
from .errors import cannot_write, tool_failed
from .progress import Progress
from .request import Request, View

STANDARD_VIEW = "three_quarter_45deg"
"""Where the camera stands when the request names no view."""
ZSTANDARD_MAGIC = b"\x28\xb5\x2f\xfd"


def run(request: Request) -> None:
    """Saves `<name>.blend` into the working directory, proves that it opens, and sends the result.

    Raises ToolError.
    """
    with Progress() as progress:
        _make(request, progress)


def _make(request: Request, progress: Progress) -> None:
    channel.phase("scene")
    progress.phase(f"preparing {request.model_name}")
    stage = scene.prepare(request)
    standard = camera.STANDARD_VIEWS[STANDARD_VIEW]
    view = request.views[0] if request.views else View(STANDARD_VIEW, *standard)
    stage.aim(request, view.azimuth_degrees, view.elevation_degrees)
    for keyword, value in output.provenance(request).items():
        stage.scene[keyword.lower().replace("-", "_")] = value
    stage.scene.render.filepath = "//"
    facts = summary.summarise(request, stage, None)
    triangles = _triangles(stage.scene)
    channel.phase("write")
    progress.phase("packing", 0.5)
    path = Path.cwd() / f"{request.name}.blend"
    partial = output.partial_name(path, os.getpid()).with_suffix(".partial.blend")
    try:
        _save(partial, path.name)
        channel.phase("check")
        progress.phase("checking", 0.8)
        _verify(partial, path.name, triangles)
        output.publish_file(partial, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
    files = [{"role": "blend", "path": path.name, "media_type": "application/x-blender"}]
    channel.result(files, facts)


def _save(partial: Path, name: str) -> None:
    bpy.ops.object.make_local(type="ALL")
    for library in list(bpy.data.libraries):
        bpy.data.libraries.remove(library)
    try:
        bpy.ops.file.pack_all()
        bpy.ops.wm.save_as_mainfile(filepath=str(partial), compress=True, copy=True, relative_remap=False)
    except RuntimeError as error:
        raise output.explain_bad_file(partial, 1 << 24, _reason(error)) from error
    with partial.open("rb+") as file:
        magic = file.read(4)
        os.fsync(file.fileno())
    if magic != ZSTANDARD_MAGIC:
        raise tool_failed(f"Blender saved {name} uncompressed or damaged; run it again.")


def _verify(partial: Path, name: str, triangles: int) -> None:
    """Opens what was saved and counts; a truncated file opens as little or not at all."""
    try:
        bpy.ops.wm.open_mainfile(filepath=str(partial), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise output.explain_bad_file(partial, 1 << 24, f"it does not open again ({_reason(error)})") from error
    found = _triangles(bpy.context.scene)
    if found != triangles:
        raise tool_failed(f"{name} holds {found} of {triangles} triangles after it was saved; run it again.")
    if bpy.context.scene.camera is None:
        raise tool_failed(f"{name} has no camera after it was saved; run it again.")
    outside = [one.filepath for one in bpy.data.libraries]
    outside += [one.filepath for one in bpy.data.images if one.source == "FILE" and not one.packed_file]
    if outside:
        raise tool_failed(f"{name} still depends on {outside[0]}, which could not be packed.")


def _triangles(opened: bpy.types.Scene) -> int:
    total = 0
    for one in opened.objects:
        if one.type == "MESH":
            one.data.calc_loop_triangles()
            total += len(one.data.loop_triangles)
    return total


def _reason(error: Exception) -> str:
    return " ".join(str(error).removeprefix("Error: ").split())[:300]
