"""The scene of one request: emptied, filled with the model and its light, and set to the request's quality."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import bpy
from mathutils import Matrix

from . import camera, channel, checks, gpu, importing, light, links, materials, placing, shading, template
from .importing import Model
from .links import Link
from .placing import Placed
from .request import Request

VIEW_TRANSFORM_NAMES = {"standard": "Standard", "agx": "AgX", "khronos_pbr_neutral": "Khronos PBR Neutral"}
ENGINE_NAMES = {"cycles": "CYCLES", "eevee": "BLENDER_EEVEE", "workbench": "BLENDER_WORKBENCH"}

ADAPTIVE_THRESHOLD = 0.05
"""Noise at which Cycles stops sampling a pixel: −27 % time at 64 samples for 0.1 dB."""
EXACT_DENOISING_PIXELS = range(256 * 256 + 1, 1024 * 1024 + 1)
"""At these sizes the denoiser filters its guides first: without, metals keep their grain. In larger pictures it takes
5 s, in smaller ones a sixth of the time for less than 0.1 dB."""
SHARED_GEOMETRY_TRIANGLES = 200_000
"""From here on, keeping the acceleration structure between the pictures of a request pays."""


@dataclass
class Stage:
    """A scene that is ready to be framed and rendered."""

    scene: bpy.types.Scene
    model: Model
    placed: Placed
    upright: Matrix
    """How the model stands before anything turns it."""
    studio: light.Studio | None
    """None when the template lights the scene."""
    framed: bool
    """The tool places the camera; False when the template's own camera is used."""
    materials: list[materials.Resolution]
    device: gpu.Choice | None
    """None for engines other than Cycles, and where nothing is rendered."""
    template_links: tuple[Link, ...]
    library_links: tuple[Link, ...]

    def aim(self, request: Request, azimuth_degrees: float, elevation_degrees: float, turntable: bool = False) -> None:
        """Shows the model from the angle given.

        A template's own camera stays as it is: the model turns before it. In a turntable it also turns in a template's
        own light, which would else wander over the pictures.
        """
        if not self.framed or (turntable and self.studio is None):
            turn = Matrix.Rotation(radians(-azimuth_degrees), 4, "Z")
            self.placed.holder.matrix_world = turn @ self.upright
            azimuth_degrees = 0.0
        if not self.framed:
            return
        camera.frame(
            self.scene, self.placed, azimuth_degrees, elevation_degrees, request.width, request.height,
            turntable=turntable,
        )  # fmt: skip
        if self.studio is not None:
            self.studio.turn(azimuth_degrees)

    @property
    def unresolved(self) -> list[str]:
        return materials.unresolved(self.materials)


def reset() -> None:
    """An empty factory file; nothing of a request before is left. Preferences, with the devices found, are kept."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def prepare(request: Request) -> Stage:
    """Builds the scene that the request describes. Raises ToolError."""
    reset()
    own = template.open_template(request.template, request.template_collection) if request.template else None
    scene = bpy.context.scene
    configure(scene, request)
    device = None
    if request.engine == "cycles" and request.operation != "blend":
        device = gpu.choose(request.device, request.cpu_fallback)
    template_links = links.examine(links.outside()) if own is not None else ()
    model = importing.load(request.model, request.model_name)
    if own is not None:
        template.adopt(own, model.objects)
    shading.smooth(model.meshes)
    known = links.outside()
    resolutions = materials.apply(model, request.materials, channel.log)
    library = request.materials.library
    library_links = links.examine(links.outside() - known - {library.resolve()}) if library is not None else ()
    warnings = checks.judge_materials(materials.unresolved(resolutions), request)
    warnings += links.warnings(request.template, template_links) + links.warnings(library, library_links)
    for warning in warnings:
        channel.log("warning", warning)
    tilt = request.turntable.tilt_degrees if request.turntable else 0.0
    placed = placing.place(scene, model, true_size=own is not None and own.true_size, tilt_degrees=tilt)
    studio = None
    own_film = scene.render.film_transparent
    if own is None or not own.has_light:
        shadow = request.background != "template" and request.engine != "workbench"
        studio = light.build(scene, placed, shadow=shadow)
        # Choosing among a handful of lamps costs a sixth of the time and makes no picture better.
        scene.cycles.use_light_tree = False
    scene.render.film_transparent = own_film if request.background == "template" else True
    scene.render.use_persistent_data = model.triangles >= SHARED_GEOMETRY_TRIANGLES
    if request.engine == "cycles" and request.operation != "blend":
        shading.round_edges(placed, max(request.width, request.height))
    framed = own is None or not own.has_camera
    upright = placed.holder.matrix_world.copy()
    return Stage(
        scene, model, placed, upright, studio, framed, resolutions, device, template_links, library_links
    )  # fmt: skip


def configure(scene: bpy.types.Scene, request: Request) -> None:
    """Size, engine and quality; also over what a template says, because the request names them."""
    render = scene.render
    render.engine = ENGINE_NAMES[request.engine]
    render.resolution_x, render.resolution_y, render.resolution_percentage = request.width, request.height, 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.use_border = render.use_sequencer = render.use_multiview = render.use_stamp = False
    render.threads_mode = "AUTO"  # as many as the process may use: its CPU affinity says how many
    render.dither_intensity = 0.0  # a white or transparent background is exactly that
    render.use_motion_blur = False
    scene.display_settings.display_device = "sRGB"
    scene.view_settings.view_transform = VIEW_TRANSFORM_NAMES[request.view_transform]
    scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0
    if request.engine == "cycles":
        _configure_cycles(scene, request)
    elif request.engine == "eevee":
        scene.eevee.taa_render_samples = request.samples
        scene.eevee.use_raytracing = True
    else:
        _configure_workbench(scene, request)


def _configure_cycles(scene: bpy.types.Scene, request: Request) -> None:
    cycles = scene.cycles
    cycles.samples = request.samples
    cycles.seed = request.seed
    cycles.use_animated_seed = False
    cycles.sample_offset = 0
    cycles.tile_size = 8192  # tiles go through files in the temporary directory
    cycles.time_limit = 0.0
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = ADAPTIVE_THRESHOLD
    cycles.adaptive_min_samples = 0
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    exact = request.width * request.height in EXACT_DENOISING_PIXELS
    cycles.denoising_prefilter = "ACCURATE" if exact else "FAST"
    cycles.denoising_quality = "BALANCED"
    cycles.denoising_use_gpu = False
    # Enough for metal between metal and for glass; more is not visible in a product picture.
    cycles.max_bounces = 6
    cycles.diffuse_bounces, cycles.glossy_bounces = 3, 4
    cycles.transmission_bounces, cycles.transparent_max_bounces = 6, 8
    cycles.volume_bounces = 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 3.0


def _configure_workbench(scene: bpy.types.Scene, request: Request) -> None:
    samples = min((5, 8, 11, 16, 32), key=lambda count: abs(count - request.samples))
    scene.display.render_aa = str(samples)
    shading = scene.display.shading
    shading.light = "STUDIO"
    shading.color_type = "MATERIAL"
    shading.show_cavity = True

