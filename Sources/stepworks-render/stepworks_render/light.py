"""The catalogue studio: neutral soft boxes, a bright surround for metals to reflect, a floor that only takes shadow.

Everything turns with the camera, so that each angle is lit alike and a turntable shows the object spinning
in a fixed studio: highlights then run over the object, as they do for somebody turning it in the hand.
Sizes are in units of the placed model's radius.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import radians

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
    watts: float


_SOFT_BOXES = (
    _SoftBox("Key", (-3.2, -3.0, 4.6), (3.4, 3.4), 620.0),
    _SoftBox("Fill", (4.6, -3.0, 1.8), (3.0, 4.0), 160.0),
    _SoftBox("Top", (0.0, 0.8, 5.6), (5.0, 3.0), 380.0),
    _SoftBox("Rim", (3.0, 4.2, 2.8), (1.4, 3.6), 300.0),
)


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


def build(
    scene: bpy.types.Scene, placed: Placed, meshes: Sequence[bpy.types.Object], shadow: bool = True
) -> Studio:
    """Adds lamps, world and, with `shadow`, the contact shadow of `meshes`; the film becomes transparent.

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
        add_floor(scene, placed, meshes)
    return Studio(stand, _build_world(scene))


def _add_soft_box(
    scene: bpy.types.Scene, stand: bpy.types.Object, box: _SoftBox, middle: Vector, unit: float
) -> None:
    lamp = bpy.data.lights.new(box.name, "AREA")
    lamp.shape = "RECTANGLE"
    lamp.size, lamp.size_y = (side * unit for side in box.size)
    lamp.energy = box.watts * unit**2
    holder = bpy.data.objects.new(box.name, lamp)
    scene.collection.objects.link(holder)
    holder.parent = stand
    offset = Vector(box.position) * unit
    holder.location = middle + offset
    holder.rotation_euler = (-offset).to_track_quat("-Z", "Y").to_euler()


def _build_world(scene: bpy.types.Scene) -> bpy.types.Node:
    """A surround that brightens upwards, with soft vertical bands and a bright floor: what metals reflect.

    Not sampled as a lamp: it is smooth, and building its importance map would cost more than the picture gains.
    """
    world = bpy.data.worlds.new("Studio")
    scene.world = world
    world.cycles.sampling_method = "NONE"
    tree = world.node_tree
    tree.nodes.clear()
    node = tree.nodes.new
    link = tree.links.new

    coordinates = node("ShaderNodeTexCoord")
    mapping = node("ShaderNodeMapping")
    mapping.vector_type = "POINT"
    link(coordinates.outputs["Generated"], mapping.inputs["Vector"])
    parts = node("ShaderNodeSeparateXYZ")
    link(mapping.outputs["Vector"], parts.inputs["Vector"])

    height = node("ShaderNodeMapRange")
    height.inputs["From Min"].default_value = -1.0
    link(parts.outputs["Z"], height.inputs["Value"])
    elevation = node("ShaderNodeValToRGB")
    _set_ramp(elevation, ((0.0, 0.62), (0.42, 0.50), (0.50, 0.16), (0.62, 0.30), (0.80, 0.75), (1.0, 1.0)))
    link(height.outputs["Result"], elevation.inputs["Fac"])

    around = node("ShaderNodeMath")
    around.operation = "ARCTAN2"
    link(parts.outputs["Y"], around.inputs[0])
    link(parts.outputs["X"], around.inputs[1])
    wave = node("ShaderNodeMath")
    wave.operation = "SINE"
    thrice = node("ShaderNodeMath")
    thrice.operation = "MULTIPLY"
    thrice.inputs[1].default_value = 3.0
    link(around.outputs["Value"], thrice.inputs[0])
    link(thrice.outputs["Value"], wave.inputs[0])
    bands = node("ShaderNodeMapRange")
    bands.inputs["From Min"].default_value = -1.0
    bands.inputs["To Min"].default_value = 0.55
    bands.inputs["To Max"].default_value = 1.15
    link(wave.outputs["Value"], bands.inputs["Value"])

    strength = node("ShaderNodeMath")
    strength.operation = "MULTIPLY"
    link(elevation.outputs["Color"], strength.inputs[0])
    link(bands.outputs["Result"], strength.inputs[1])
    background = node("ShaderNodeBackground")
    link(strength.outputs["Value"], background.inputs["Strength"])
    output = node("ShaderNodeOutputWorld")
    link(background.outputs["Background"], output.inputs["Surface"])
    return mapping


def _set_ramp(ramp: bpy.types.Node, stops: tuple[tuple[float, float], ...]) -> None:
    elements = ramp.color_ramp.elements
    ramp.color_ramp.interpolation = "EASE"
    while len(elements) < len(stops):
        elements.new(0.5)
    for element, (position, grey) in zip(elements, stops, strict=True):
        element.position = position
        element.color = (grey, grey, grey, 1.0)
