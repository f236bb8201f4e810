"""Brings a GLB into the open scene and proves that it holds something that can be seen.

The scene must be open already (empty or a template); the model's objects are linked to the active collection.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from .errors import invalid_input
from .glb import check_glb

FLAT = 1e-9
"""Area of a part over the square of its diagonal: what float32 leaves of triangles whose corners lie on one line."""


@dataclass
class Model:
    """What was imported, in Blender's axes (Z up, metres, front towards -Y)."""

    name: str
    """What people call the file."""
    roots: list[bpy.types.Object]
    """Objects without a parent; moving, scaling or turning these moves all."""
    meshes: list[bpy.types.Object]
    """Every mesh object; repeated parts share their mesh data."""
    objects: list[bpy.types.Object] = field(default_factory=list)
    """All objects: roots, groups and meshes."""
    bounds_min: Vector = field(default_factory=Vector)
    bounds_max: Vector = field(default_factory=Vector)
    """The exact bounding box in metres of all vertices as they were imported."""
    triangles: int = 0
    """Triangles over all instances."""

    @property
    def size(self) -> Vector:
        return self.bounds_max - self.bounds_min


def load(path: Path, model_name: str) -> Model:
    """Imports the GLB at `path`.

    Raises ToolError: missing_input; invalid_input for what is no GLB, is damaged, depends on other files, holds
    no geometry, no area, or positions that are not numbers.
    """
    check_glb(path, model_name)
    known = set(bpy.data.objects)
    camera = bpy.context.scene.camera
    try:
        bpy.ops.import_scene.gltf(
            filepath=str(path), import_shading="NORMALS", merge_vertices=False, import_pack_images=True,
            disable_bone_shape=True,
        )  # fmt: skip
    except RuntimeError as error:
        raise invalid_input(
            f"{model_name} cannot be imported ({_reason(error)}); export it again."
        ) from error
    bpy.context.scene.camera = camera
    model = Model(name=model_name, roots=[], meshes=[])
    for one in [one for one in bpy.data.objects if one not in known]:
        if one.type in ("CAMERA", "LIGHT"):
            # The studio or the template has its own. A group may hang from it, so it stays, unseen.
            one.hide_render = True
        one.animation_data_clear()
        model.objects.append(one)
    bpy.context.view_layer.update()
    model.roots = [one for one in model.objects if one.parent is None]
    model.meshes = [one for one in model.objects if one.type == "MESH"]
    _measure(model)
    return model


def _reason(error: Exception) -> str:
    """The last thing that the importer said. The stack trace before it and the place after it are for the log."""
    sys.stderr.write(f"{error}\n")
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Location:")]
    return (lines[-1] if lines else "no reason given").removeprefix("Error: ")[:300]


def _measure(model: Model) -> None:
    low = np.full(3, np.inf)
    high = np.full(3, -np.inf)
    has_surface = False
    shapes: dict[bpy.types.Mesh, tuple[np.ndarray, np.ndarray]] = {}
    for one in model.meshes:
        if one.data not in shapes:
            shapes[one.data] = _triangles(one.data)
        positions, corners = shapes[one.data]
        if len(corners) == 0:
            continue
        world = np.array(one.matrix_world, dtype=np.float64)
        positions = positions @ world[:3, :3].T + world[:3, 3]
        wrong = len(positions) - int(np.isfinite(positions).all(axis=1).sum())
        if wrong:
            raise invalid_input(
                f"{model.name} has {wrong} positions that are not numbers in the part '{one.name}'; export it again."
            )
        model.triangles += len(corners)
        low = np.minimum(low, positions.min(axis=0))
        high = np.maximum(high, positions.max(axis=0))
        has_surface = has_surface or _area(positions, corners) > FLAT * float((np.ptp(positions, axis=0) ** 2).sum())
    if model.triangles == 0:
        raise invalid_input(f"{model.name} holds no triangles, so there is nothing to render; export it with geometry.")
    if not has_surface:
        raise invalid_input(
            f"{model.name} has no surface: its {model.triangles} triangles have no area; export it again."
        )
    model.bounds_min, model.bounds_max = Vector(low), Vector(high)


def _area(positions: np.ndarray, corners: np.ndarray) -> float:
    a, b, c = (positions[corners[:, i]] for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()) / 2


def _triangles(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n × 3, metres, local) and vertex indices (m × 3) of the triangulated mesh."""
    mesh.calc_loop_triangles()
    positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", positions)
    corners = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    return positions.reshape(-1, 3).astype(np.float64), corners.reshape(-1, 3)
