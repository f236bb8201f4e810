"""What somebody would write without Stepworks: one process a picture, on the same Blender.

    python plain.py MODEL.glb PICTURE.png [--size 256] [--samples 16] [--seed 0] [--reference]

The scene is that of stepworks-render: it takes camera, light, materials and settings from it as a library, so that
the picture is the same. It is what is left when these are left out: the supervisor, the queue and the job's row; the
private copy of the model and its digest; the check of the GLB's tables, of its vertices and areas, and whether it is
facetted; the reset between requests; the look for a GPU; messages and progress; decoding, verifying and looking at
the picture; provenance, fsync and rename; sentences for errors. Like any script it ends by the interpreter's own end.

`--reference` renders exactly so many samples, without denoising: what others are measured by.
"""

import argparse
import os

import bpy
from stepworks_render import camera, importing, light, materials, placing, scene
from stepworks_render.request import MaterialSpec, Request, View

VIEW = "three_quarter_45deg"
AZIMUTH_DEGREES, ELEVATION_DEGREES = 45.0, 30.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("picture")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reference", action="store_true")
    options = parser.parse_args()

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    stage = bpy.context.scene
    scene.configure(stage, quality(options))
    if options.reference:
        stage.cycles.use_adaptive_sampling = stage.cycles.use_denoising = False
    bpy.ops.import_scene.gltf(filepath=options.model, import_shading="NORMALS", merge_vertices=False)
    objects = list(bpy.data.objects)
    model = importing.Model(
        options.model, [one for one in objects if one.parent is None], [one for one in objects if one.type == "MESH"])
    materials.apply(model, MaterialSpec("source", None, {}, "Failed", None), lambda level, message: None)
    placed = placing.place(stage, model)
    studio = light.build(stage, placed)
    stage.cycles.use_light_tree = False
    camera.frame(stage, placed, AZIMUTH_DEGREES, ELEVATION_DEGREES, options.size, options.size)
    studio.turn(AZIMUTH_DEGREES)

    stage.render.image_settings.media_type = "IMAGE"
    stage.render.image_settings.file_format = "PNG"
    stage.render.image_settings.color_mode = "RGBA"
    stage.render.filepath = os.path.abspath(options.picture)
    bpy.ops.render.render(write_still=True)


def quality(options):
    """Size and samples, as the tool's settings take them."""
    return Request(
        operation="stills", model=options.model, model_name=options.model, name="plain", derivation_key="",
        input_sha256="", engine="cycles", device="cpu", cpu_fallback="warn", width=options.size, height=options.size,
        samples=options.samples, seed=options.seed, background="transparent",
        view_transform="khronos_pbr_neutral", views=(View(VIEW, AZIMUTH_DEGREES, ELEVATION_DEGREES),),
        turntable=None, frames_directory=None, template=None, template_collection=None,
        materials=MaterialSpec("source", None, {}, "Failed", None), checks={})


main()
