"""Render templates for the tests, made in the tool's Blender."""

import json

_SCRIPT = """
import json, sys
import bpy
path, camera, world, extra = json.loads(sys.argv[1])
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
product = bpy.data.collections.new("Product")
scene.collection.children.link(product)
if camera:
    lens = bpy.data.objects.new("Lens", bpy.data.cameras.new("Lens"))
    lens.location, lens.rotation_euler = (0, -8, 0.5), (1.5708, 0, 0)
    scene.collection.objects.link(lens)
    scene.camera = lens
    if extra == "turned away":
        lens.rotation_euler = (-1.5708, 0, 0)
    if extra == "too near":
        lens.location.y = -1.5
if world == "dark":
    scene.world = bpy.data.worlds.new("Dark")
    scene.world.node_tree.nodes["Background"].inputs[1].default_value = 0
if world == "green":
    scene.world = bpy.data.worlds.new("Green")
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.05, 0.8, 0.05, 1)
if extra == "lamp at the right":
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "SUN"))
    lamp.rotation_euler, lamp.data.energy = (0, 1.5708, 0), 5
    scene.collection.objects.link(lamp)
if extra == "missing image":
    picture = bpy.data.images.new("Logo", 4, 4)
    picture.source, picture.filepath = "FILE", "//logo.png"
    picture.use_fake_user = True
if extra in ("missing library", "library"):
    other = path + ".props.blend"
    shelf = bpy.data.materials.new("Oak")
    bpy.data.libraries.write(other, {shelf}, fake_user=True)
    bpy.data.materials.remove(shelf)
    with bpy.data.libraries.load(other, link=True) as (found, wanted):
        wanted.materials = found.materials
    bench = bpy.data.meshes.new("Bench")
    bench.materials.append(wanted.materials[0])
    scene.collection.objects.link(bpy.data.objects.new("Bench", bench))
bpy.ops.wm.save_as_mainfile(filepath=path)
if extra == "missing library":
    import os
    os.unlink(other)
print("{}")
"""


def make_template(tool, path, camera=True, world="green", extra=None):
    """A .blend with the collection "Product", a camera before it unless `camera` is False, and a world.

    `world` is "green", "dark" or None; `extra` spoils it: "turned away", "too near", "missing image",
    "missing library", leaves it whole but not alone: "library", or lights it: "lamp at the right". Returns the path.
    """
    tool.blender(_SCRIPT, json.dumps([str(path), camera, world, extra]))
    return path
