"""The catalogue studio: neutral soft boxes, a surround for metals to reflect, a floor that only takes shadow.

Lamps and surround turn with the camera, so that each angle is lit alike and a turntable shows the object spinning
in a fixed studio: highlights then run over the object, as they do for somebody turning it in the hand. The shadow
is that of light from above and stays with the object. Sizes are in radii of the placed model.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, radians

import bpy
from mathutils import Vector

from .placing import Placed
from .shadow import add_floor
from .surround import SOFT_BOXES, SoftBox, add_dome, set_world


@dataclass(frozen=True)
class Studio:
    """The lamps and the surround, ready to be turned."""

    stand: bpy.types.Object
    world: bpy.types.Node | None
    """The mapping of the world, where the engine needs one."""

    def turn(self, azimuth_degrees: float) -> None:
        """Turns the studio so that its front is at the camera's azimuth."""
        angle = radians(azimuth_degrees)
        self.stand.rotation_euler = (0.0, 0.0, angle)
        if self.world is not None:
            # The mapping turns the direction that is looked up, so it goes the other way.
            self.world.inputs["Rotation"].default_value = (0.0, 0.0, -angle)


def build(scene: bpy.types.Scene, placed: Placed, shadow: bool = True) -> Studio:
    """Adds lamps, surround and, with `shadow`, the model's contact shadow; the film becomes transparent.

    Call it after the scene's engine is set. A white background is the transparent picture laid over white: the
    same edges and shadow, and no halo.
    """
    scene.render.film_transparent = True
    # Glass shows what the picture is laid over.
    scene.cycles.film_transparent_glass = True
    # Glass and shadow would get grain from rays that are ended by chance.
    scene.cycles.min_transparent_bounces = 8
    middle = Vector((0.0, 0.0, placed.middle_z))
    stand = bpy.data.objects.new("Studio", None)
    stand.location = middle
    scene.collection.objects.link(stand)
    for box in SOFT_BOXES:
        _add_soft_box(scene, box, placed.radius).parent = stand
    world = None
    if scene.render.engine == "CYCLES":
        add_dome(scene, placed.radius).parent = stand
    else:
        world = set_world(scene)
    if shadow:
        add_floor(scene, placed)
    return Studio(stand, world)


def _add_soft_box(scene: bpy.types.Scene, box: SoftBox, unit: float) -> bpy.types.Object:
    lamp = bpy.data.lights.new(box.name, "AREA")
    lamp.shape = "RECTANGLE"
    lamp.size, lamp.size_y = (side * unit for side in box.size)
    # An area lamp sends out its radiance times pi times its area.
    lamp.energy = box.radiance * pi * lamp.size * lamp.size_y
    holder = bpy.data.objects.new(box.name, lamp)
    scene.collection.objects.link(holder)
    # Reflections take the soft box from the surround: there its edge is soft, and its mirror image without noise.
    holder.visible_glossy = holder.visible_transmission = False
    holder.location = Vector(box.position) * unit
    holder.rotation_euler = (-holder.location).to_track_quat("-Z", "Y").to_euler()
    return holder
