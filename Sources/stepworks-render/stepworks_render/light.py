"""The catalogue studio: neutral soft boxes, a bright surround for metals to reflect, a floor that only takes shadow.

Everything turns with the camera, so that each angle is lit alike and a turntable shows the object spinning
in a fixed studio: highlights then run over the object, as they do for somebody turning it in the hand.
Sizes are in units of the placed model's radius.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, radians, sin

import bpy
from mathutils import Vector

from .placing import Placed
from .shadow import add_floor


@dataclass(frozen=True)
class _SoftBox:
    name: str
    position: tuple[float, float, float]
    """Seen from the front: right, towards the back, up from the middle of the model."""
    size: tuple[float, float]
    radiance: float
    """Of its surface: 1 shows as white in a mirror. Kept low, so that highlights roll off instead of burning out."""


_SOFT_BOXES = (
    _SoftBox("Key", (-4.0, -3.4, 4.6), (4.6, 4.6), 4.2),
    _SoftBox("Fill", (5.2, -3.4, 2.2), (3.0, 4.4), 2.0),
    _SoftBox("Top", (0.4, 1.2, 5.8), (5.2, 3.2), 3.0),
    _SoftBox("Rim", (3.4, 4.4, 3.0), (1.6, 4.0), 6.0),
)

# What the surround looks like at the height of the model, by the angle from the camera to the right, in degrees.
# A standing cylinder shows all of it: a broad highlight left of the middle, a narrow one right, bright rims, dark between.
_AROUND = (
    (-180, 0.62), (-160, 0.95), (-140, 0.60), (-118, 0.22), (-95, 0.40), (-66, 1.15), (-44, 1.05), (-18, 0.42),
    (6, 0.26), (40, 0.34), (62, 0.85), (78, 0.85), (104, 0.26), (130, 0.20), (150, 0.85), (164, 0.95), (180, 0.62),
)
# How the surround changes from straight down (-90) to straight up (90 degrees), as a factor of what is around.
_UPWARDS = ((-90, 0.75), (-35, 0.85), (-8, 0.62), (0, 0.55), (12, 0.70), (35, 1.0), (90, 1.0))
# Overhead, where around has no meaning: from the front to the back.
_OVERHEAD = ((-1.0, 0.35), (-0.2, 0.60), (0.35, 0.95), (1.0, 0.80))
_BELOW = 0.42
_EXPOSURE = 1.0


@dataclass(frozen=True)
class Studio:
    """The lamps and the surround, ready to be turned."""

    stand: bpy.types.Object
    mapping: bpy.types.Node

    def turn(self, azimuth_degrees: float) -> None:
        """Turns the studio so that its front is at the camera's azimuth."""
        angle = radians(azimuth_degrees)
        self.stand.rotation_euler = (0.0, 0.0, angle)
        # The mapping turns the direction looked up, so it goes the other way.
        self.mapping.inputs["Rotation"].default_value = (0.0, 0.0, -angle)


def build(scene: bpy.types.Scene, placed: Placed, shadow: bool = True) -> Studio:
    """Adds lamps, world and, with `shadow`, the model's contact shadow; the film becomes transparent.

    A white background is the transparent picture laid over white: the same edges and shadow, and no halo.
    """
    scene.render.film_transparent = True
    # Glass shows what the picture is laid over.
    scene.cycles.film_transparent_glass = True
    middle = Vector((0.0, 0.0, placed.middle_z))
    stand = bpy.data.objects.new("Studio", None)
    scene.collection.objects.link(stand)
    for box in _SOFT_BOXES:
        _add_soft_box(scene, stand, box, middle, placed.radius)
    if shadow:
        add_floor(scene, placed)
    return Studio(stand, _build_world(scene))


def _add_soft_box(
    scene: bpy.types.Scene, stand: bpy.types.Object, box: _SoftBox, middle: Vector, unit: float
) -> None:
    lamp = bpy.data.lights.new(box.name, "AREA")
    lamp.shape = "RECTANGLE"
    lamp.size, lamp.size_y = (side * unit for side in box.size)
    # An area lamp sends out its radiance times pi times its area.
    lamp.energy = box.radiance * pi * lamp.size * lamp.size_y
    holder = bpy.data.objects.new(box.name, lamp)
    scene.collection.objects.link(holder)
    holder.parent = stand
    offset = Vector(box.position) * unit
    holder.location = middle + offset
    holder.rotation_euler = (-offset).to_track_quat("-Z", "Y").to_euler()


def _build_world(scene: bpy.types.Scene) -> bpy.types.Node:
    """The surround that metals reflect: soft strips all around, brighter upwards, a bright floor.

    Not sampled as a lamp: it is smooth, and building its importance map would cost more than the picture gains.
    """
    world = bpy.data.worlds.new("Studio")
    scene.world = world
    world.cycles.sampling_method = "NONE"
    graph = _Graph(world.node_tree)
    mapping = graph.add("ShaderNodeMapping", Vector=graph.add("ShaderNodeTexCoord").outputs["Generated"])
    x, y, z = graph.add("ShaderNodeSeparateXYZ", Vector=mapping.outputs["Vector"]).outputs

    # Angle to the right of the camera, which stands at -y: -0.5…0.5 of a turn, moved to 0…1.
    turn = graph.math("MULTIPLY", graph.math("ARCTAN2", x, graph.math("MULTIPLY", y, -1.0)), 1 / (2 * pi))
    around = graph.ramp(graph.math("ADD", turn, 0.5), [(angle / 360 + 0.5, grey) for angle, grey in _AROUND])
    height = graph.math("MULTIPLY_ADD", z, 0.5, 0.5)
    upwards = graph.ramp(height, [(sin(radians(angle)) / 2 + 0.5, grey) for angle, grey in _UPWARDS])
    level = graph.math("MULTIPLY", around, upwards)
    overhead = graph.ramp(graph.math("MULTIPLY_ADD", y, 0.5, 0.5), [(at / 2 + 0.5, grey) for at, grey in _OVERHEAD])
    top = graph.ramp(height, [(0.72, 0.0), (0.92, 1.0)])
    bottom = graph.ramp(height, [(0.04, 1.0), (0.30, 0.0)])
    strength = graph.mix(graph.mix(level, overhead, top), _BELOW, bottom)
    strength = graph.math("MULTIPLY", strength, _EXPOSURE)
    background = graph.add("ShaderNodeBackground", Strength=strength)
    graph.add("ShaderNodeOutputWorld", Surface=background.outputs["Background"])
    return mapping


class _Graph:
    """Short words for the shader nodes used above; a socket or a number may stand for a value."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind: str, **inputs: bpy.types.NodeSocket | float) -> bpy.types.Node:
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            self._feed(node.inputs[name], value)
        return node

    def math(self, operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            self._feed(socket, value)
        return node.outputs["Value"]

    def mix(
        self, one: bpy.types.NodeSocket, other: bpy.types.NodeSocket | float, share: bpy.types.NodeSocket
    ) -> bpy.types.NodeSocket:
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type = "FLOAT"
        for socket, value in zip(node.inputs[:1] + node.inputs[2:4], (share, one, other), strict=True):
            self._feed(socket, value)
        return node.outputs[0]

    def ramp(self, value: bpy.types.NodeSocket, stops: Sequence[tuple[float, float]]) -> bpy.types.NodeSocket:
        """Smooth from stop to stop; positions and greys are 0…1 and above 1 for light brighter than white."""
        node = self.tree.nodes.new("ShaderNodeValToRGB")
        node.color_ramp.interpolation = "EASE"
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (position, grey) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (grey, grey, grey, 1.0)
        self._feed(node.inputs["Fac"], value)
        return node.outputs["Color"]

    def _feed(self, socket: bpy.types.NodeSocket, value: bpy.types.NodeSocket | float) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value
