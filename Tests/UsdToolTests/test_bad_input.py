"""Broken models and requests: one sentence each, with a class and a fitting status, and no file left behind."""

import struct

import models
import numpy as np
import pytest


def assert_refused(run, fact, status=65, error_class="invalid_input"):
    assert (run.status, run.error["class"]) == (status, error_class), run.lines[-1]
    assert fact in run.error["message"]
    assert "fault of its own" not in run.error["message"]
    assert "\n" not in run.error["message"]
    assert run.files == []


@pytest.fixture
def sound(one_box):
    return one_box


def test_a_missing_file(tool, tmp_path):
    assert_refused(tool.run(tmp_path / "job", tmp_path / "gone.glb"), "gone.glb cannot be read", 66, "missing_input")


BYTES = {
    "nothing": (lambda data: b"", "is not a GLB file"),
    "another format": (lambda data: b"ISO-10303-21;" + data, "is not a GLB file"),
    "a header alone": (lambda data: data[:8], "is truncated"),
    "half of it": (lambda data: data[: len(data) // 2], "is truncated"),
    "version 1": (lambda data: data[:4] + b"\1\0\0\0" + data[8:], "is glTF version 1"),
    "a chunk too long": (lambda data: data[:12] + b"\xff\xff\xff\x7f" + data[16:], "longer than the file"),
    "no JSON": (lambda data: data[:20] + b"!" + data[21:], "its JSON cannot be read"),
    "no chunk": (lambda data: struct.pack("<4sII", b"glTF", 2, 12), "no JSON chunk"),
}


@pytest.mark.parametrize("damage", BYTES)
def test_damaged_bytes(tool, sound, tmp_path, damage):
    change, fact = BYTES[damage]
    path = tmp_path / "bad.glb"
    path.write_bytes(change(sound.read_bytes()))
    assert_refused(tool.run(tmp_path / "job", path), fact)


TABLES = {
    "no scene node": (lambda d: d["scenes"][0].update(nodes=[]), "shows no mesh"),
    "no scenes": (lambda d: d.update(scenes=[]), "shows no mesh"),
    "a node that is not there": (lambda d: d["scenes"][0].update(nodes=[7]), "nodes has no entry 7"),
    "a node below itself": (lambda d: d["nodes"][0].update(children=[0]), "two places in the tree"),
    "a mesh that is not there": (lambda d: d["nodes"][0].update(mesh=5), "damaged"),
    "an accessor that is not there": (
        lambda d: d["meshes"][0]["primitives"][0]["attributes"].update(POSITION=99), "accessors has no entry 99"),
    "an accessor beyond the file": (lambda d: d["accessors"][0].update(count=10**9), "outside of the file"),
    "a negative count": (lambda d: d["accessors"][0].update(count=-1), "impossible size"),
    "a negative offset": (lambda d: d["accessors"][0].update(byteOffset=-4), "impossible size"),
    "another component": (lambda d: d["accessors"][0].update(componentType=17), "damaged"),
    "indices beyond the points": (lambda d: d["accessors"][0].update(count=3), "points but 36 normals"),
    "sparse values": (lambda d: d["accessors"][0].update(sparse={}), "sparse form"),
    "values in another file": (lambda d: d["buffers"][0].update(uri="a.bin"), "outside of its binary chunk"),
    "points as short integers": (lambda d: d["accessors"][0].update(componentType=5122), "quantised"),
    "Draco": (lambda d: d.update(extensionsRequired=["KHR_draco_mesh_compression"]), "KHR_draco_mesh_compression"),
    "a skin": (lambda d: d["nodes"][0].update(skin=0), "skinned"),
    "morph targets": (lambda d: d["meshes"][0]["primitives"][0].update(targets=[{}]), "morph targets"),
    "textures": (
        lambda d: d["materials"][0]["pbrMetallicRoughness"].update(baseColorTexture={"index": 0}), "textures"),
    "vertex colours": (
        lambda d: d["meshes"][0]["primitives"][0]["attributes"].update(COLOR_0=0), "vertex colours"),
    "instances by extension": (
        lambda d: d["nodes"][0].update(extensions={"EXT_mesh_gpu_instancing": {}}), "EXT_mesh_gpu_instancing"),
    "a turn by nothing": (lambda d: d["nodes"][0].update(rotation=[0, 0, 0, 0]), "quaternion"),
    "a matrix of words": (lambda d: d["nodes"][0].update(matrix=["a"] * 16), "damaged"),
    "a place beyond numbers": (lambda d: d["nodes"][0].update(translation=[1e999, 0, 0]), "no number"),
    "a place far beyond the world": (lambda d: d["nodes"][0].update(scale=[1e31, 1, 1]), "of this world"),
    "a colour of two numbers": (
        lambda d: d["materials"][0]["pbrMetallicRoughness"].update(baseColorFactor=[1, 1]), "wrong number"),
    "a roughness beyond numbers": (
        lambda d: d["materials"][0]["pbrMetallicRoughness"].update(roughnessFactor=1e999), "no number"),
    "a material that is not there": (
        lambda d: d["meshes"][0]["primitives"][0].update(material=9), "materials has no entry 9"),
    "a list for an object": (lambda d: d.update(nodes={"0": 1}), "damaged"),
    "an empty document": (lambda d: d.clear(), "shows no mesh"),
}


@pytest.mark.parametrize("damage", TABLES)
def test_tables_that_do_not_fit_or_hold_more_than_usd_gets(tool, sound, tmp_path, damage):
    change, fact = TABLES[damage]
    assert_refused(tool.run(tmp_path / "job", models.changed(sound, tmp_path / "bad.glb", change)), fact)


def test_positions_that_are_no_numbers(tool, tmp_path):
    positions, normals, triangles = models.box()
    positions[3] = np.nan
    glb = models.write_glb(
        tmp_path / "a.glb", [models.mesh("Box", [((positions, normals, triangles), 0)])], [models.node("B", mesh=0)])
    assert_refused(tool.run(tmp_path / "job", glb), "'Box' has 1 points or normals that are no numbers")


def test_triangles_of_points_that_are_not_there(tool, tmp_path):
    positions, normals, triangles = models.box()
    glb = models.write_glb(
        tmp_path / "a.glb", [models.mesh("Box", [((positions, normals, triangles + 9), 0)])], [models.node("B", mesh=0)])
    assert_refused(tool.run(tmp_path / "job", glb), "points that are not there")


def test_a_model_without_area(tool, tmp_path):
    flat = np.zeros((3, 3))
    mesh = models.mesh("Nothing", [((flat, None, [[0, 1, 2]]), 0)])
    glb = models.write_glb(tmp_path / "a.glb", [mesh], [models.node("N", mesh=0)])
    assert_refused(tool.run(tmp_path / "job", glb), "only triangles without area")


def test_one_part_without_area_is_told_and_the_others_are_exported(tool, tmp_path):
    meshes = [models.mesh("Nothing", [((np.zeros((3, 3)), None, [[0, 1, 2]]), 0)]), models.mesh("B", [(models.box(), 0)])]
    nodes = [models.node("Top", 1, 2), models.node("N", mesh=0), models.node("B", mesh=1)]
    run = tool.run(tmp_path / "job", models.write_glb(tmp_path / "a.glb", meshes, nodes))
    assert run.summary["parts"] == 2
    assert any("'Nothing'" in one for one in run.warnings)


def test_lines_are_left_out_with_a_word(tool, sound, tmp_path):
    def add_line(document):
        line = {"attributes": document["meshes"][0]["primitives"][0]["attributes"], "mode": 1}
        document["meshes"][0]["primitives"].append(line)

    run = tool.run(tmp_path / "job", models.changed(sound, tmp_path / "lines.glb", add_line))
    assert run.summary["triangles"] == 12
    assert run.warnings == ["The part 'Box' of lines.glb has points or lines, which USD does not get."]


def test_looks_that_usd_does_not_get_are_told(tool, sound, tmp_path):
    def change(document):
        document["materials"][0]["extensions"] = {"KHR_materials_sheen": {}, "KHR_materials_ior": {"ior": 1.3}}
        document["animations"] = [{}]

    run = tool.run(tmp_path / "job", models.changed(sound, tmp_path / "a.glb", change))
    assert len(run.warnings) == 2
    assert "KHR_materials_sheen" in run.warnings[1]
    surface = tool.read(run.file("usd"))["prims"]["/Root/Materials/Red/Surface"]["attributes"]
    assert surface["inputs:ior"] == pytest.approx(1.3)


@pytest.mark.parametrize(("levels", "status"), [(400, 0), (401, 65), (50_000, 65)])
def test_a_deep_tree_is_exported_or_refused(tool, tmp_path, levels, status):
    nodes = [models.node("N", i + 1) for i in range(levels - 1)] + [models.node("Leaf", mesh=0)]
    glb = models.write_glb(tmp_path / "deep.glb", [models.mesh("Box", [(models.box(), 0)])], nodes)
    run = tool.run(tmp_path / "job", glb)
    assert run.status == status, run.lines[-1]
    if status:
        assert_refused(run, "nested more than 400 levels deep")
    else:
        assert tool.read(run.file("usd"))["drawn_meshes"] == 1


@pytest.mark.parametrize(("members", "fact"), [
    ({"operation": "other"}, "'operation'"), ({"model": "relative.glb"}, "an absolute path"), ({"formats": []}, "'formats'"),
    ({"formats": ["obj"]}, "'formats'"), ({"on_deviation": "maybe"}, "'on_deviation'"), ({"name": "../x"}, "'name'"),
    ({"derivation_key": "short"}, "'derivation_key'"), ({"colour": 1}, "unknown member 'colour'"), ({"model": 5}, "'model'"),
], ids=str)  # fmt: skip
def test_requests_that_are_wrong(tool, sound, tmp_path, members, fact):
    assert_refused(tool.run(tmp_path / "job", sound, **members), fact)


@pytest.mark.parametrize(("text", "status"), [("{", 65), ("[]", 65), (None, 66)])
def test_requests_that_cannot_be_read(tool, tmp_path, text, status):
    request = tmp_path / "request.json"
    if text is not None:
        request.write_text(text)
    run = tool.finish(tool.start(request, tmp_path / "job"), tmp_path / "job")
    assert run.status == status
    assert "request.json" in run.error["message"]
