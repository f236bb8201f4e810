"""How surfaces and edges take the light: facets become curves, and at large sizes edges catch a highlight.

A model's own smooth normals are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import radians

import bmesh
import bpy
import numpy as np

from .placing import Placed

SHARP_DEGREES = 30.0
"""Faces that meet at more than this are an edge of the part, at less a curve cut into facets."""
_FLAT = 0.9998
"""Cosine (of 1.1°) from which a corner's normal is that of its face."""
_SAME_PLACE = 1e-5
"""Corners nearer than this part of the mesh's size are one."""
EDGE_RADIUS = 0.006
"""Of the rounding that makes edges catch the light, in radii of the model."""
ROUND_FROM_PIXELS = 768
"""Longer side from which the rounding is wider than a pixel and worth a fifth more time."""


def smooth(holders: Iterable[bpy.types.Object]) -> int:
    """Rounds every facetted mesh: no normals in the file, or only those of its triangles. Returns how many.

    A mesh with at least one smooth corner says what its author wanted and is not changed.
    """
    meshes = list(dict.fromkeys(holder.data for holder in holders))
    facetted = [mesh for mesh in meshes if len(mesh.polygons) > 0 and _is_facetted(mesh)]
    for mesh in facetted:
        _round(mesh)
    return len(facetted)


def _is_facetted(mesh: bpy.types.Mesh) -> bool:
    faces = np.empty(len(mesh.polygons) * 3, dtype=np.float32)
    mesh.polygon_normals.foreach_get("vector", faces)
    corners = np.empty(len(mesh.loops) * 3, dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", corners)
    counts = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", counts)
    of_face = np.repeat(faces.reshape(-1, 3), counts, axis=0)
    cosines = (of_face * corners.reshape(-1, 3)).sum(axis=1)
    # Triangles without area have no normal to compare with.
    return not ((cosines < _FLAT) & ((of_face**2).sum(axis=1) > 0.5)).any()


def _round(mesh: bpy.types.Mesh) -> None:
    positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", positions)
    size = float(np.ptp(positions.reshape(-1, 3), axis=0).max())
    shape = bmesh.new()
    try:
        shape.from_mesh(mesh)
        bmesh.ops.remove_doubles(shape, verts=shape.verts, dist=size * _SAME_PLACE)
        shape.to_mesh(mesh)
    finally:
        shape.free()
    if (attribute := mesh.attributes.get("custom_normal")) is not None:
        mesh.attributes.remove(attribute)
    mesh.shade_smooth()
    mesh.set_sharp_from_angle(angle=radians(SHARP_DEGREES))


def round_edges(placed: Placed, longer_side: int) -> bool:
    """Lets the edges of a placed model catch the light as broken edges do, if the picture is large enough to show it.

    Only the shading changes, not the outline, and only in Cycles. Call it after the materials are assigned.
    Returns whether it did anything.
    """
    if longer_side < ROUND_FROM_PIXELS:
        return False
    materials = dict.fromkeys(slot.material for holder in placed.meshes for slot in holder.material_slots)
    for material in materials:
        if material is None or material.node_tree is None:
            continue
        tree = material.node_tree
        for shader in [node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"]:
            if shader.inputs["Normal"].is_linked:
                continue
            rounding = tree.nodes.new("ShaderNodeBevel")
            rounding.samples = 4
            rounding.inputs["Radius"].default_value = EDGE_RADIUS * placed.radius
            tree.links.new(rounding.outputs["Normal"], shader.inputs["Normal"])
    return True
