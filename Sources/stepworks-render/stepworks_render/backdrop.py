"""An example of a render template: the studio in a bowl of seamless paper, the same from every angle.

`python -m stepworks_render.backdrop OUT.blend` writes it. It has light and surroundings but no camera, so every model
is framed from the angle that the request names. Start a template of one's own from it: what it shows is decided in
Blender, and the model goes into its collection "Product".
"""

from __future__ import annotations

import sys
from math import cos, pi, sin
from pathlib import Path

import bpy
import numpy as np

from . import light
from .colours import linear_from_hex
from .placing import Placed
from .template import DEFAULT_COLLECTION

PAPER = "E9E9E7"
_FLOOR_RADIUS = 12.0
_BEND = 5.0
_HEIGHT = 30.0
_AMBIENT = 0.45


def write(path: Path) -> None:
    """Writes the template at `path`, replacing what is there."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.collection.children.link(bpy.data.collections.new(DEFAULT_COLLECTION))
    # Models stand on z = 0 with radius 1; their middle is about half as high as that of a ball.
    ball = Placed(
        points=np.array([(0.0, 0.0, 0.0), (0.0, 0.0, 1.0)]), scale=1.0, radius=1.0, middle_z=0.5,
        size_m=(1.0, 1.0, 1.0), tilt_degrees=0.0, holder=None, meshes=(),
    )  # fmt: skip
    light.build(scene, ball, shadow=False)
    scene.render.film_transparent = False
    # The dome would light the paper inside it and not outside: it is left to the reflections.
    scene.objects["Surround"].visible_diffuse = False
    scene.world = bpy.data.worlds.new("Ambient")
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    background.inputs["Strength"].default_value = _AMBIENT
    scene.collection.objects.link(_paper())
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)


def _paper() -> bpy.types.Object:
    """Paper that lies on the floor, bends upwards far from the model and stands all around."""
    profile = [(0.0, 0.0), (_FLOOR_RADIUS, 0.0)]
    for step in range(1, 25):
        angle = step / 24 * pi / 2
        profile.append((_FLOOR_RADIUS + _BEND * sin(angle), _BEND - _BEND * cos(angle)))
    profile.append((_FLOOR_RADIUS + _BEND, _HEIGHT))
    turns = [2 * pi * step / 96 for step in range(96)]
    corners = [(radius * cos(turn), radius * sin(turn), height) for radius, height in profile for turn in turns]
    faces = [
        (row * 96 + at, row * 96 + (at + 1) % 96, (row + 1) * 96 + (at + 1) % 96, (row + 1) * 96 + at)
        for row in range(len(profile) - 1)
        for at in range(96)
    ]
    mesh = bpy.data.meshes.new("Paper")
    mesh.from_pydata(corners, [], faces)
    mesh.shade_smooth()
    material = bpy.data.materials.new("Paper")
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (*linear_from_hex(PAPER), 1.0)
    shader.inputs["Roughness"].default_value = 0.9
    shader.inputs["Specular IOR Level"].default_value = 0.1
    mesh.materials.append(material)
    return bpy.data.objects.new("Paper", mesh)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m stepworks_render.backdrop OUT.blend", file=sys.stderr)
        return 64
    write(Path(arguments[0]).absolute())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
