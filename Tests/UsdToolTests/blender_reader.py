"""Says as JSON what Blender makes of the USD file that is the argument. Run by the Python of stepworks-render."""

import json
import sys

import bpy
from mathutils import Vector

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.wm.usd_import(filepath=sys.argv[1])
drawn = [
    [one.matrix_world @ Vector(corner) for corner in one.object.bound_box]
    for one in bpy.context.evaluated_depsgraph_get().object_instances if one.object.type == "MESH"]
corners = [corner for box in drawn for corner in box]
print("\n" + json.dumps({
    "drawn": len(drawn), "meshes": len(bpy.data.meshes), "materials": sorted(one.name for one in bpy.data.materials),
    "size": [max(axis) - min(axis) for axis in zip(*corners, strict=True)],
}))
