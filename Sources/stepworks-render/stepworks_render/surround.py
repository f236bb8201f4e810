"""What metals reflect: a studio of soft strips and soft boxes, painted rather than lit.

Painted twice. Cycles sees a dome around the model: near enough that a flat face mirrors a gradient instead of one
grey. Engines without ray tracing see a world of the same pattern. Neither is sampled as a lamp: both are smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, radians, sin

import bmesh
import bpy
from mathutils import Vector

from .graph import Graph


@dataclass(frozen=True)
class SoftBox:
    """A rectangle that shines at the model; lengths are in radii of the model."""

    name: str
    position: tuple[float, float, float]
    """Seen from the camera: right, towards the back, up from the middle of the model."""
    size: tuple[float, float]
    radiance: float
    """Of its surface, as diffuse materials see it; 1 is the white of the picture."""
    mirrored: float
    """Its radiance in reflections; 0 leaves it out. Low enough for highlights to roll off instead of burning out."""


SOFT_BOXES = (
    SoftBox("Key", (-4.0, -3.4, 4.6), (4.6, 4.6), 5.0, 5.0),
    SoftBox("Fill", (5.2, -3.4, 2.2), (2.6, 4.6), 1.7, 2.6),
    SoftBox("Top", (0.4, 1.2, 5.8), (5.2, 3.2), 3.4, 0.0),
    SoftBox("Rim", (3.4, 4.4, 3.0), (1.6, 4.0), 6.0, 6.0),
)

# What is seen at the height of the model, by the angle from the camera to the right, in degrees. A standing cylinder
# shows all of it: a broad highlight left of the middle, a narrow one right, bright rims, dark between.
_AROUND = (
    (-180, 0.95), (-160, 1.25), (-136, 0.75), (-122, 0.40), (-106, 0.95), (-92, 1.55), (-62, 1.60), (-44, 0.85),
    (-20, 0.42), (14, 0.34), (36, 0.62), (50, 1.05), (64, 0.95), (84, 0.34), (112, 0.26), (136, 0.60), (158, 1.25),
    (180, 0.95),
)  # fmt: skip
# How it changes from straight down (-90) to straight up (90 degrees), as a factor of what is around.
_UPWARDS = ((-90, 0.80), (-40, 0.95), (-12, 0.80), (0, 0.72), (14, 0.85), (34, 1.10), (90, 1.10))
# Overhead, where around has no meaning: from the front (-1) to the back (1).
_OVERHEAD = ((-1.0, 0.45), (-0.35, 0.60), (0.05, 0.95), (0.5, 1.35), (1.0, 1.0))
_BELOW = 0.42
_AMBIENT = 0.6
_DOME_RADIUS = 3.0


def add_dome(scene: bpy.types.Scene, unit: float) -> bpy.types.Object:
    """A sphere around the model that shows the pattern to reflections and takes no light from lamps."""
    mesh = bpy.data.meshes.new("Surround")
    shape = bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=3, radius=_DOME_RADIUS * unit)
    shape.to_mesh(mesh)
    shape.free()
    material = bpy.data.materials.new("Surround")
    material.cycles.emission_sampling = "NONE"
    graph = Graph(material.node_tree)
    place = graph.add("ShaderNodeTexCoord").outputs["Object"]
    direction = graph.add("ShaderNodeVectorMath")
    direction.operation = "NORMALIZE"
    graph.tree.links.new(place, direction.inputs[0])
    shine = graph.add("ShaderNodeEmission", Strength=_pattern(graph, direction.outputs["Vector"]))
    graph.add("ShaderNodeOutputMaterial", Surface=shine.outputs["Emission"])
    mesh.materials.append(material)
    dome = bpy.data.objects.new("Surround", mesh)
    dome.visible_camera = dome.visible_shadow = False
    scene.collection.objects.link(dome)
    return dome


def set_world(scene: bpy.types.Scene) -> bpy.types.Node:
    """Gives the scene a world of the pattern; returns the mapping whose rotation turns it."""
    world = bpy.data.worlds.new("Surround")
    scene.world = world
    world.cycles.sampling_method = "NONE"
    graph = Graph(world.node_tree)
    mapping = graph.add("ShaderNodeMapping", Vector=graph.add("ShaderNodeTexCoord").outputs["Generated"])
    shine = graph.add("ShaderNodeBackground", Strength=_pattern(graph, mapping.outputs["Vector"]))
    graph.add("ShaderNodeOutputWorld", Surface=shine.outputs["Background"])
    return mapping


def mirrored(graph: Graph) -> bpy.types.NodeSocket:
    """Radiance of the pattern in the mirror direction of the surface shaded, without tracing a ray.

    The studio turns with the camera, so right and depth are the camera's; height is the world's.
    """
    geometry = graph.add("ShaderNodeNewGeometry")
    reflect = graph.add("ShaderNodeVectorMath")
    reflect.operation = "REFLECT"
    graph.tree.links.new(geometry.outputs["Incoming"], reflect.inputs[0])
    graph.tree.links.new(geometry.outputs["Normal"], reflect.inputs[1])
    # Incoming points to the viewer; the mirrored ray is its reflection turned round.
    away = graph.add("ShaderNodeVectorMath")
    away.operation = "SCALE"
    graph.tree.links.new(reflect.outputs["Vector"], away.inputs[0])
    away.inputs["Scale"].default_value = -1.0
    to_camera = graph.add("ShaderNodeVectorTransform", Vector=away.outputs["Vector"])
    to_camera.vector_type, to_camera.convert_from, to_camera.convert_to = "VECTOR", "WORLD", "CAMERA"
    right, _, ahead = graph.add("ShaderNodeSeparateXYZ", Vector=to_camera.outputs["Vector"]).outputs
    up = graph.add("ShaderNodeSeparateXYZ", Vector=away.outputs["Vector"]).outputs["Z"]
    square = graph.math("SUBTRACT", 1.0, graph.math("MULTIPLY_ADD", right, right, graph.math("MULTIPLY", up, up)))
    depth = graph.math("MULTIPLY", graph.math("SQRT", graph.math("MAXIMUM", square, 0.0)), graph.math("SIGN", ahead))
    direction = graph.add("ShaderNodeCombineXYZ", X=right, Y=depth, Z=up)
    return _pattern(graph, direction.outputs["Vector"])


def _pattern(graph: Graph, direction: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """Radiance by the direction (of length 1) from the model, the camera being at -y."""
    x, y, z = graph.add("ShaderNodeSeparateXYZ", Vector=direction).outputs
    # -0.5…0.5 of a turn to the right of the camera, moved to 0…1.
    turn = graph.math("MULTIPLY", graph.math("ARCTAN2", x, graph.math("MULTIPLY", y, -1.0)), 1 / (2 * pi))
    around = graph.ramp(graph.math("ADD", turn, 0.5), [(angle / 360 + 0.5, grey) for angle, grey in _AROUND])
    height = graph.math("MULTIPLY_ADD", z, 0.5, 0.5)
    upwards = graph.ramp(height, [(sin(radians(angle)) / 2 + 0.5, grey) for angle, grey in _UPWARDS])
    level = graph.math("MULTIPLY", around, upwards)
    depth = graph.math("MULTIPLY_ADD", y, 0.5, 0.5)
    overhead = graph.ramp(depth, [(at / 2 + 0.5, grey) for at, grey in _OVERHEAD])
    above = graph.ramp(height, [(0.72, 0.0), (0.92, 1.0)])
    below = graph.ramp(height, [(0.04, 1.0), (0.30, 0.0)])
    smooth = graph.mix(graph.mix(level, overhead, above), _BELOW, below)
    mirrored = smooth
    for box in SOFT_BOXES:
        if box.mirrored:
            mirrored = graph.math("MULTIPLY_ADD", _soft_square(graph, direction, box), box.mirrored, mirrored)
    # Diffuse materials have the lamps in place of the painted boxes, and less of the rest: it lights all sides alike.
    ambient = graph.math("MULTIPLY", smooth, _AMBIENT)
    return graph.mix(mirrored, ambient, graph.add("ShaderNodeLightPath").outputs["Is Diffuse Ray"])


def _soft_square(graph: Graph, direction: bpy.types.NodeSocket, box: SoftBox) -> bpy.types.NodeSocket:
    """1 where a direction meets the soft box as seen from the model, 0 elsewhere, with a soft edge."""
    towards = Vector(box.position)
    across = towards.cross((0.0, 0.0, 1.0)).normalized()
    upward = across.cross(towards).normalized()
    ahead = graph.math("MAXIMUM", graph.dot(direction, towards.normalized()), 1e-3)
    share: bpy.types.NodeSocket | float = 1.0
    for axis, side in ((across, box.size[0]), (upward, box.size[1])):
        slope = graph.math("DIVIDE", graph.dot(direction, axis), ahead)
        of_side = graph.math("MULTIPLY", graph.math("ABSOLUTE", slope), towards.length / side)
        share = graph.math("MULTIPLY", graph.ramp(of_side, [(0.36, 1.0), (0.56, 0.0)]), share)
    return share
