"""What metals reflect: a studio of soft strips and soft boxes, painted rather than lit.

Cycles sees the painting on a dome around the model: near enough that a flat face mirrors a gradient instead of one
grey. Engines without ray tracing see it as the world. Neither is sampled as a lamp: it is smooth. It is an image and
not shader nodes because every path ends on it: looking it up saves a tenth of a render.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import bmesh
import bpy
import numpy as np

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
_WIDTH, _HEIGHT = 512, 256


def add_dome(scene: bpy.types.Scene, unit: float) -> bpy.types.Object:
    """A sphere around the model that shows the painting to reflections and takes no light from lamps."""
    mesh = bpy.data.meshes.new("Surround")
    shape = bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=3, radius=_DOME_RADIUS * unit)
    shape.to_mesh(mesh)
    shape.free()
    material = bpy.data.materials.new("Surround")
    material.cycles.emission_sampling = "NONE"
    graph = Graph(material.node_tree)
    place = graph.add("ShaderNodeTexCoord").outputs["Object"]
    shine = graph.add("ShaderNodeEmission", Strength=_radiance(graph, place))
    graph.add("ShaderNodeOutputMaterial", Surface=shine.outputs["Emission"])
    mesh.materials.append(material)
    dome = bpy.data.objects.new("Surround", mesh)
    dome.visible_camera = dome.visible_shadow = False
    scene.collection.objects.link(dome)
    return dome


def set_world(scene: bpy.types.Scene) -> bpy.types.Node:
    """Makes the painting the scene's world; returns the mapping whose rotation turns it."""
    world = bpy.data.worlds.new("Surround")
    scene.world = world
    world.cycles.sampling_method = "NONE"
    graph = Graph(world.node_tree)
    mapping = graph.add("ShaderNodeMapping", Vector=graph.add("ShaderNodeTexCoord").outputs["Generated"])
    shine = graph.add("ShaderNodeBackground", Strength=_radiance(graph, mapping.outputs["Vector"]))
    graph.add("ShaderNodeOutputWorld", Surface=shine.outputs["Background"])
    return mapping


def mirrored(graph: Graph) -> bpy.types.NodeSocket:
    """Radiance of the painting in the mirror direction of the surface shaded, without tracing a ray.

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
    return _channels(graph, direction.outputs["Vector"])[0]


def _radiance(graph: Graph, direction: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """What a ray meets. Diffuse materials have the lamps in place of the painted boxes, and less of the rest."""
    reflected, ambient = _channels(graph, direction)
    return graph.mix(reflected, ambient, graph.add("ShaderNodeLightPath").outputs["Is Diffuse Ray"])


def _channels(graph: Graph, direction: bpy.types.NodeSocket) -> tuple[bpy.types.NodeSocket, bpy.types.NodeSocket]:
    """The painting in a direction of any length, the camera being at -y: as metals and as diffuse materials see it."""
    image = bpy.data.images.new("Surround", _WIDTH, _HEIGHT, float_buffer=True, is_data=True)
    image.pixels.foreach_set(_painting())
    image.pack()
    texture = graph.add("ShaderNodeTexEnvironment", Vector=direction)
    texture.image = image
    reflected, ambient, _ = graph.add("ShaderNodeSeparateColor", Color=texture.outputs["Color"]).outputs
    return reflected, ambient


@lru_cache(maxsize=1)
def _painting() -> np.ndarray:
    """Red: what metals mirror; green: what diffuse materials get. Equirectangular as Blender reads it, flat, RGBA."""
    # From left to right the longitude falls from half a turn to minus half a turn, from x towards y.
    longitude = (0.5 - (np.arange(_WIDTH) + 0.5) / _WIDTH) * 2 * np.pi
    latitude = ((np.arange(_HEIGHT) + 0.5) / _HEIGHT - 0.5)[:, None] * np.pi
    level_out = np.cos(latitude)
    x, y, z = np.broadcast_arrays(level_out * np.cos(longitude), level_out * np.sin(longitude), np.sin(latitude))
    direction = np.stack([x, y, z], axis=-1)
    level = _ramp(np.degrees(np.arctan2(x, -y)), _AROUND) * _ramp(np.degrees(np.arcsin(z)), _UPWARDS)
    above = _ramp(z, ((0.44, 0.0), (0.84, 1.0)))
    below = _ramp(z, ((-0.92, 1.0), (-0.40, 0.0)))
    smooth = level + (_ramp(y, _OVERHEAD) - level) * above
    smooth = smooth + (_BELOW - smooth) * below
    reflected = smooth + sum(box.mirrored * _soft_square(direction, box) for box in SOFT_BOXES)
    flat = np.zeros((_HEIGHT, _WIDTH, 4), dtype=np.float32)
    flat[..., 0], flat[..., 1], flat[..., 3] = reflected, smooth * _AMBIENT, 1.0
    return flat.ravel()


def _ramp(values: np.ndarray, stops: Sequence[tuple[float, float]]) -> np.ndarray:
    """Smooth from stop to stop, level outside them."""
    positions, greys = (np.array(one, dtype=np.float64) for one in zip(*stops, strict=True))
    after = np.clip(np.searchsorted(positions, values), 1, len(positions) - 1)
    share = np.clip((values - positions[after - 1]) / (positions[after] - positions[after - 1]), 0, 1)
    share = share**2 * (3 - 2 * share)
    return greys[after - 1] + (greys[after] - greys[after - 1]) * share


def _soft_square(direction: np.ndarray, box: SoftBox) -> np.ndarray:
    """1 where a direction meets the soft box as seen from the model, 0 elsewhere, with a soft edge."""
    distance = np.linalg.norm(box.position)
    towards = np.array(box.position) / distance
    across = np.cross(towards, (0.0, 0.0, 1.0))
    across /= np.linalg.norm(across)
    ahead = np.maximum(direction @ towards, 1e-3)
    share = np.ones(direction.shape[:2])
    for axis, side in ((across, box.size[0]), (np.cross(across, towards), box.size[1])):
        of_side = np.abs(direction @ axis) / ahead * distance / side
        share = share * _ramp(of_side, ((0.36, 1.0), (0.56, 0.0)))
    return share
