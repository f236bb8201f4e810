"""The soft contact shadow: rendered once from straight above at a low resolution, then laid under the model.

A shadow catcher triples the time of a thumbnail, leaves noise in the alpha channel that no denoiser sees, and its
shadow reaches the borders. The light of a catalogue comes from above and all around, so its shadow is the same
from every angle: one small picture of it serves all views and frames, and every engine.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import pi, radians
from pathlib import Path

import bpy
import numpy as np

from . import output, png
from .graph import Graph
from .placing import Placed

STRENGTH = 0.42
"""Alpha of the darkest shadow: below one half, so that the object's own alpha can be told from it."""
REACH = 0.24
"""How far the shadow goes beyond the model's outline, in radii: at 80 % fill it ends inside the picture."""
BORDER = 0.09
"""The shadow fades out over this part of the picture along each border, so that nothing is cut off there."""
_CONTRAST = 1.5
"""Exponent of the light on the floor: darkens the contact line, which half of the light reaches."""
_PIXELS = 96
_SAMPLES = 16
_LAMP_DEGREES = 110.0
"""Angular diameter of the light: a wide soft box overhead."""


def add_floor(scene: bpy.types.Scene, placed: Placed) -> bpy.types.Object:
    """Lays the shadow of the placed model under it, as a plane that only the camera sees, from above."""
    unit = placed.radius
    low = placed.points[:, :2].min(axis=0) - REACH * unit
    high = placed.points[:, :2].max(axis=0) + REACH * unit
    middle, side = (low + high) / 2, float((high - low).max())
    light = _light_on_floor(placed, middle, side)
    alpha = STRENGTH * (1 - np.clip(light, 0, 1) ** _CONTRAST) * _fading(placed, middle, side)
    return _floor(scene, placed, middle, side, _image(alpha))


def _light_on_floor(placed: Placed, middle: np.ndarray, side: float) -> np.ndarray:
    """How much of the overhead light reaches each point of the floor, 0…1 (rows from -y to +y)."""
    with _small_scene(placed, middle, side) as (small, path):
        bpy.ops.render.render(scene=small.name, write_still=True)
        try:
            png.parse(Path(path).read_bytes())
        except png.PNGError as error:
            raise output.explain_bad_file(Path(path), _PIXELS * _PIXELS * 6, str(error)) from error
        picture = bpy.data.images.load(path, check_existing=False)
        try:
            picture.colorspace_settings.name = "Non-Color"
            pixels = np.empty(_PIXELS * _PIXELS * 4, dtype=np.float32)
            picture.pixels.foreach_get(pixels)
        finally:
            bpy.data.images.remove(picture)
    return _blurred(pixels.reshape(_PIXELS, _PIXELS, 4)[..., 0])


@contextmanager
def _small_scene(placed: Placed, middle: np.ndarray, side: float) -> Iterator[tuple[bpy.types.Scene, str]]:
    """A scene with the model on a white floor and one lamp overhead; gone without a trace afterwards."""
    unit = placed.radius
    small = bpy.data.scenes.new("Shadow")
    floor_mesh = _plane("Shadow floor", side)
    floor = bpy.data.objects.new("Shadow floor", floor_mesh)
    floor.location = (*middle, -2e-3 * unit)
    white = bpy.data.materials.new("Shadow floor")
    graph = Graph(white.node_tree)
    diffuse = graph.add("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (1, 1, 1, 1)
    graph.add("ShaderNodeOutputMaterial", Surface=diffuse.outputs["BSDF"])
    floor_mesh.materials.append(white)
    lamp = bpy.data.lights.new("Shadow lamp", "SUN")
    lamp.angle = radians(_LAMP_DEGREES)
    lamp.energy = pi
    lamp_holder = bpy.data.objects.new("Shadow lamp", lamp)
    lens = bpy.data.cameras.new("Shadow camera")
    lens.type = "ORTHO"
    lens.ortho_scale = side
    lens.clip_start = 1e-4 * unit
    lens.clip_end = 1e-2 * unit
    camera = bpy.data.objects.new("Shadow camera", lens)
    # Between the model and the floor: it sees nothing but the floor, over the shortest way.
    camera.location = (*middle, -1e-3 * unit)
    own = [floor, lamp_holder, camera]
    for one in [*own, *placed.meshes]:
        small.collection.objects.link(one)
    small.camera = camera
    handle, path = tempfile.mkstemp(suffix=".png", dir=bpy.app.tempdir or None)
    os.close(handle)
    _settings(small, path)
    try:
        yield small, path
    finally:
        os.unlink(path)
        bpy.data.scenes.remove(small)
        bpy.data.batch_remove([*own, floor_mesh, white, lamp, lens])


def _settings(small: bpy.types.Scene, path: str) -> None:
    small.render.engine = "CYCLES"
    small.render.resolution_x = small.render.resolution_y = _PIXELS
    small.render.resolution_percentage = 100
    small.render.filepath = path
    small.render.image_settings.media_type = "IMAGE"
    small.render.image_settings.file_format = "PNG"
    small.render.image_settings.color_mode = "RGB"
    small.render.image_settings.color_depth = "16"
    small.display_settings.display_device = "sRGB"
    small.view_settings.view_transform = "Raw"
    cycles = small.cycles
    cycles.device = "CPU"
    cycles.samples = _SAMPLES
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.seed = 0
    cycles.max_bounces = 0
    cycles.use_light_tree = False
    cycles.transparent_max_bounces = cycles.min_transparent_bounces = 8


def _fading(placed: Placed, middle: np.ndarray, side: float) -> np.ndarray:
    """1 under the model's outline, falling smoothly to 0 at REACH beyond it."""
    angles = np.linspace(0, 2 * pi, 64, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    farthest = (placed.points[:, :2] @ directions).max(axis=0)
    steps = ((np.arange(_PIXELS) + 0.5) / _PIXELS - 0.5) * side
    grid = np.stack(np.meshgrid(middle[0] + steps, middle[1] + steps), axis=-1)
    beyond = (grid @ directions - farthest).max(axis=-1) / (REACH * placed.radius)
    return (1 - np.clip(beyond, 0, 1)) ** 2


def _blurred(values: np.ndarray) -> np.ndarray:
    """A small Gaussian: takes the noise of the few samples, keeps the contact line."""
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.6) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        edges = [(4, 4) if one == axis else (0, 0) for one in (0, 1)]
        padded = np.pad(values, edges, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=axis)
        values = windows @ kernel
    return values


def _image(alpha: np.ndarray) -> bpy.types.Image:
    image = bpy.data.images.new("Floor shadow", _PIXELS, _PIXELS, float_buffer=True, is_data=True)
    pixels = np.ones((_PIXELS, _PIXELS, 4), dtype=np.float32)
    pixels[..., :3] = alpha[..., None]
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    return image


def _floor(
    scene: bpy.types.Scene, placed: Placed, middle: np.ndarray, side: float, image: bpy.types.Image
) -> bpy.types.Object:
    mesh = _plane("Floor", side)
    floor = bpy.data.objects.new("Floor", mesh)
    # A hair below the model, so that faces lying on it don't flicker.
    floor.location = (*middle, -1e-3 * placed.radius)
    mesh.materials.append(_shadow_material(image))
    for ray in ("diffuse", "glossy", "transmission", "volume_scatter", "shadow"):
        setattr(floor, f"visible_{ray}", False)
    scene.collection.objects.link(floor)
    return floor


def _shadow_material(image: bpy.types.Image) -> bpy.types.Material:
    """Black as far as the shadow goes; nothing elsewhere, from below, and at the borders of the picture."""
    material = bpy.data.materials.new("Floor")
    graph = Graph(material.node_tree)
    texture = graph.add("ShaderNodeTexImage")
    texture.image = image
    texture.extension = "CLIP"
    from_below = graph.add("ShaderNodeNewGeometry").outputs["Backfacing"]
    seen_at = graph.add("ShaderNodeSeparateXYZ", Vector=graph.add("ShaderNodeTexCoord").outputs["Window"])
    amount = graph.math("MULTIPLY", texture.outputs["Color"], graph.math("SUBTRACT", 1.0, from_below))
    for along in seen_at.outputs[:2]:
        from_border = graph.math("SUBTRACT", 0.5, graph.math("ABSOLUTE", graph.math("SUBTRACT", along, 0.5)))
        amount = graph.math("MULTIPLY", amount, graph.ramp(from_border, [(0.005, 0.0), (BORDER, 1.0)]))
    clear = graph.add("ShaderNodeBsdfTransparent")
    black = graph.add("ShaderNodeEmission", Strength=0.0)
    mixed = graph.add("ShaderNodeMixShader", Fac=amount)
    graph.tree.links.new(clear.outputs["BSDF"], mixed.inputs[1])
    graph.tree.links.new(black.outputs["Emission"], mixed.inputs[2])
    graph.add("ShaderNodeOutputMaterial", Surface=mixed.outputs["Shader"])
    # For EEVEE, which otherwise dithers what is partly transparent.
    material.surface_render_method = "BLENDED"
    return material


def _plane(name: str, side: float) -> bpy.types.Mesh:
    half = side / 2
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(
        [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)]
    )
    corners = mesh.uv_layers.new(name="UVMap")
    corners.uv.foreach_set("vector", (0, 0, 1, 0, 1, 1, 0, 1))
    return mesh
