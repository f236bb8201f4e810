"""The camera against many shapes and angles: projections are computed here, from the camera that Blender has."""

import pytest

PROJECT = """
import json, sys
from types import SimpleNamespace
import bpy, numpy as np
from bpy_extras.object_utils import world_to_camera_view
from stepworks_render import camera, placing

def model(points, shift, scale):
    # A fan of triangles uses every point.
    mesh = bpy.data.meshes.new("part")
    faces = [(0, at, at + 1) for at in range(1, len(points) - 1)]
    mesh.from_pydata((np.asarray(points) * scale + shift).tolist(), [], faces)
    holder = bpy.data.objects.new("part", mesh)
    bpy.context.scene.collection.objects.link(holder)
    return SimpleNamespace(roots=[holder], meshes=[holder])

def seen(scene, holder):
    bpy.context.view_layer.update()
    places = [world_to_camera_view(scene, scene.camera, holder.matrix_world @ one.co) for one in holder.data.vertices]
    return np.array(places)
"""

STILLS = PROJECT + """
random = np.random.default_rng(7)
worst = {"fill": 0.0, "centre": 0.0, "clipped": 0, "foot": 0.0}
for case in range(60):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    stretch = 10.0 ** random.uniform(-1.5, 0, 3)
    points = random.normal(size=(40, 3)) * stretch
    size = 10.0 ** random.uniform(-4, 1.5)
    one = model(points, random.normal(size=3) * 20 * size, size)
    placed = placing.place(scene, one)
    width, height = [(256, 256), (640, 360), (200, 800)][case % 3]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    azimuth, elevation = random.uniform(-360, 720), random.uniform(-90, 90)
    framing = camera.frame(scene, placed, azimuth, elevation, width, height)
    places = seen(scene, one.meshes[0])
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    worst["fill"] = max(worst["fill"], abs((high - low).max() - 0.8), abs(framing.fill - 0.8))
    worst["centre"] = max(worst["centre"], abs((high + low) / 2 - 0.5).max())
    lens = scene.camera.data
    worst["clipped"] += int((places[:, 2] <= lens.clip_start).sum() + (places[:, 2] >= lens.clip_end).sum())
    worst["foot"] = max(worst["foot"], abs(placed.points[:, 2].min()), abs(placed.radius - 1))
    assert lens.lens == 85 and lens.shift_x == lens.shift_y == 0
print(json.dumps({name: float(value) for name, value in worst.items()}))
"""

TURN = PROJECT + """
random = np.random.default_rng(11)
extremes = []
for case in range(12):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    one = model(random.normal(size=(40, 3)) * 10.0 ** random.uniform(-1.5, 0, 3), random.normal(size=3), 0.01)
    placed = placing.place(scene, one)
    width, height = [(320, 320), (640, 360), (360, 640)][case % 3]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    distances, low, high, axis = set(), np.ones(2), np.zeros(2), []
    for azimuth in np.arange(0, 360, 3.0):
        framing = camera.frame(scene, placed, float(azimuth), 20, width, height, turntable=True)
        places = seen(scene, one.meshes[0])
        low, high = np.minimum(low, places[:, :2].min(axis=0)), np.maximum(high, places[:, :2].max(axis=0))
        distances.add(round(framing.distance, 9))
        axis.append(world_to_camera_view(scene, scene.camera, placed.holder.matrix_world.to_translation() * 0)[:2])
    extremes.append({
        "covered": float((high - low).max()), "low": float(low.min()), "high": float(high.max()),
        "distances": len(distances), "wobble": float(np.ptp(np.array(axis), axis=0).max()),
        "middle": float(abs((high + low) / 2 - 0.5).max())})
print(json.dumps(extremes))
"""

AXIS = PROJECT + """
# A knob with three lobes: its axis is not in the middle of its bounding box.
turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
ring = [(np.cos(a) * (1 + 0.3 * np.cos(3 * a)), np.sin(a) * (1 + 0.3 * np.cos(3 * a)), h) for h in (0, 1) for a in turn]
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
one = model(np.array(ring), np.array([3.0, -2.0, 1.0]), 1.0)
placed = placing.place(bpy.context.scene, one)
print(json.dumps((placed.points[:, :2].mean(axis=0)).tolist()))
"""

FACES_ONLY = PROJECT + """
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
one = model(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]), 0, 1.0)
one.meshes[0].data.vertices.add(1)
one.meshes[0].data.vertices[4].co = (100, 100, 100)
placed = placing.place(bpy.context.scene, one)
print(json.dumps(list(placed.size_m)))
"""

MANY = PROJECT + """
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
random = np.random.default_rng(3)
points = random.normal(size=(500_000, 3))
points /= np.linalg.norm(points, axis=1, keepdims=True)
thinned = placing._outermost(points * (1.0, 0.5, 0.2))
print(json.dumps([len(thinned), np.ptp(thinned, axis=0).tolist(), np.ptp(points * (1.0, 0.5, 0.2), axis=0).tolist()]))
"""


def test_any_shape_from_any_angle_fills_four_fifths_and_stands_in_the_middle(tool):
    worst = tool.blender(STILLS)
    assert worst["fill"] < 5e-4 and worst["centre"] < 2e-4, worst
    assert worst["clipped"] == 0
    assert worst["foot"] < 1e-5


def test_in_a_turntable_nothing_is_cropped_pumps_or_wobbles(tool):
    for one in tool.blender(TURN):
        assert one["distances"] == 1, one
        assert one["wobble"] < 1e-4, one
        assert one["middle"] < 0.01, one
        # Exact for the swept body; angles 3° apart may miss the very corner.
        assert 0.78 < one["covered"] < 0.802 and one["low"] > 0.09 and one["high"] < 0.91, one


def test_a_part_with_three_lobes_turns_about_its_axis_and_not_about_the_middle_of_its_box(tool):
    assert tool.blender(AXIS) == pytest.approx([0, 0], abs=2e-3)


def test_points_that_no_face_uses_do_not_count(tool):
    assert tool.blender(FACES_ONLY) == pytest.approx([1, 1, 1])


def test_thinning_a_large_cloud_keeps_its_extent(tool):
    kept, thinned, whole = tool.blender(MANY)
    assert kept < 500_000
    assert thinned == pytest.approx(whole, rel=1e-9)


def test_the_standard_views_are_the_six_of_the_catalogue(tool):
    script = "import json; from stepworks_render import camera; print(json.dumps(camera.STANDARD_VIEWS))"
    assert {name: tuple(angles) for name, angles in tool.blender(script).items()} == {
        "front_0deg": (0, 15), "right_90deg": (90, 15), "back_180deg": (180, 15), "left_270deg": (270, 15),
        "top_90deg": (0, 90), "three_quarter_45deg": (45, 30)}
