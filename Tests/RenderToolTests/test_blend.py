"""The production .blend and render templates, looked at in Blender."""

import hashlib

import pictures
import pytest
from conftest import CORNER, DIGEST, FRONT, KEY
from templates import make_template

LOOK = """
import json, sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1], use_scripts=False)
scene = bpy.context.scene
print(json.dumps({
    "meshes": sorted(one.name for one in scene.objects if one.type == "MESH"),
    "lamps": sum(one.type == "LIGHT" for one in scene.objects),
    "camera": scene.camera is not None, "world": scene.world is not None,
    "materials": sorted(one.name for one in bpy.data.materials if one.users),
    "outside": [one.filepath for one in bpy.data.libraries]
        + [one.filepath for one in bpy.data.images if one.source == "FILE" and not one.packed_file],
    "key": scene.get("stepworks_derivation_key"), "input": scene.get("stepworks_input_sha256"),
    "samples": scene.cycles.samples,
}))
"""

def test_a_production_blend_opens_with_model_materials_camera_and_light_and_depends_on_nothing(
        tool, assembly, tmp_path):
    run = tool.run(tmp_path / "job", assembly, operation="blend", samples=77, materials={"mode": "library"})
    assert run.result["outputs"] == [{"role": "blend", "path": "assembly.blend", "media_type": "application/x-blender"}]
    assert run.files == ["assembly.blend"]
    assert (run.directory / "assembly.blend").read_bytes()[:4] == b"\x28\xb5\x2f\xfd", "not compressed"
    found = tool.blender(LOOK, run.directory / "assembly.blend")
    assert {"Outer ring", "Ball", "Widget 7Q"} <= set(found["meshes"])
    assert found["camera"] and found["lamps"] > 0
    assert found["outside"] == []
    assert "Failed" in found["materials"]
    assert (found["key"], found["input"], found["samples"]) == (KEY, DIGEST, 77)
    assert run.summary["triangles"] == 48 * 8 + 20 * 4**3 + 12
    assert run.summary["device"] is None, "nothing was rendered"


def test_a_blend_with_a_template_keeps_the_templates_camera_and_world(tool, box, template, tmp_path):
    run = tool.run(tmp_path / "job", box, operation="blend", template=str(template))
    assert run.status == 0, run.lines[-1]
    found = tool.blender(LOOK, run.directory / "box.blend")
    assert (found["meshes"], found["lamps"], found["camera"], found["world"]) == (["Housing"], 0, True, True)


def test_a_template_brings_its_camera_light_and_background(tool, box, template, tmp_path):
    run = tool.run(tmp_path / "job", box, template=str(template), background="template")
    image = pictures.pixels(run.picture)
    assert image.shape == (64, 64, 3), "its background is part of the picture"
    red, green, blue = (int(channel) for channel in image[0, 0])
    assert green > 2 * max(red, blue)
    assert len({tuple(pixel) for pixel in image.reshape(-1, 3)}) > 20, "the model is in the picture"


def test_a_template_without_a_camera_is_framed_and_one_without_light_gets_the_studio(tool, box, tmp_path):
    path = make_template(tool, tmp_path / "bare.blend", camera=False, world=None)
    run = tool.run(tmp_path / "job", box, template=str(path))
    assert 0.75 <= run.summary["pictures"][0]["fill"] <= 0.9
    assert run.summary["pictures"][0]["mean_luminance"] > 0.2


def test_a_turntable_before_a_templates_camera_turns_the_model(tool, box, template, tmp_path):
    run = tool.run(
        tmp_path / "job", box, operation="frames", frames_directory=str(tmp_path / "frames"), template=str(template),
        turntable={"frames": 8, "count": 2})
    assert run.status == 0, run.lines[-1]
    first, second = ((tmp_path / "frames" / f"frame_000{index}.png").read_bytes() for index in (0, 1))
    assert pictures.pixels(first).tobytes() != pictures.pixels(second).tobytes()


def test_a_turntable_in_a_templates_light_turns_the_model_and_not_the_light(tool, ring, tmp_path):
    path = make_template(tool, tmp_path / "lit.blend", camera=False, world=None, extra="lamp at the right")
    run = tool.run(
        tmp_path / "job", ring, operation="frames", frames_directory=str(tmp_path / "frames"), template=str(path),
        turntable={"frames": 4, "tilt_degrees": 0}, views=None)
    assert run.status == 0, run.lines[-1]
    for index in range(4):
        image = pictures.pixels((tmp_path / "frames" / f"frame_000{index}.png").read_bytes()).astype(float)
        left, right = image[:, :32, :3].sum(), image[:, 32:, :3].sum()
        assert right > 1.5 * left, f"frame {index}"


def test_a_collection_that_the_template_lacks_is_an_error_that_lists_those_it_has(tool, box, template, tmp_path):
    run = tool.run(tmp_path / "job", box, template=str(template), template_collection="Stage left")
    assert (run.status, run.error["class"]) == (65, "invalid_input")
    assert "studio.blend has no collection 'Stage left'; it has 'Product'" in run.error["message"]


@pytest.mark.parametrize("extra, name", [("missing image", "logo.png"), ("missing library", "props.blend")])
def test_a_template_that_links_missing_files_is_an_error_that_names_them(tool, box, tmp_path, extra, name):
    path = make_template(tool, tmp_path / "studio.blend", extra=extra)
    run = tool.run(tmp_path / "job", box, template=str(path))
    assert (run.status, run.error["class"]) == (66, "missing_input"), run.lines[-1]
    assert "studio.blend" in run.error["message"] and name in run.error["message"]
    assert run.files == []


def test_what_a_template_links_is_listed_with_its_digest_and_warned_about_once(tool, box, template, tmp_path):
    path = make_template(tool, tmp_path / "studio.blend", extra="library")
    other = tmp_path / "studio.blend.props.blend"
    run = tool.run(tmp_path / "job", box, template=str(path), views=[CORNER, FRONT])
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    assert run.summary["template_links"] == [{"path": str(other), "sha256": digest}]
    assert run.summary["library_links"] == []
    assert [warning for warning in run.logs("warning") if "links" in warning] == [
        f"studio.blend links {other}; pack what it links, because a change of that makes no new pictures."]
    alone = tool.run(tmp_path / "alone", box, template=str(template))
    assert alone.summary["template_links"] == [] and not any("links" in line for line in alone.logs())


def test_a_template_that_is_no_blend_is_an_error(tool, box, tmp_path):
    (tmp_path / "studio.blend").write_text("not one")
    run = tool.run(tmp_path / "job", box, template=str(tmp_path / "studio.blend"))
    assert (run.status, run.error["class"]) == (65, "invalid_input")
    assert "studio.blend" in run.error["message"]


@pytest.mark.parametrize("world, extra, check, fact", [
    ("dark", None, "black", "is black"),
    ("green", "turned away", "empty", "shows nothing"),
    ("green", "too near", "cropped", "is cropped"),
])  # fmt: skip
def test_a_picture_that_nobody_would_accept_fails_or_warns_by_policy(tool, box, tmp_path, world, extra, check, fact):
    path = make_template(tool, tmp_path / "studio.blend", world=world, extra=extra)
    members = {"template": str(path), "views": [CORNER], "device": "cpu"}
    failed = tool.run(tmp_path / "fails", box, **members)
    assert (failed.status, failed.error["class"]) == (70, "invalid_output")
    assert f"The picture box-three_quarter_45deg.png of box.glb {fact}" in failed.error["message"]
    assert failed.files == []
    warned = tool.run(tmp_path / "warns", box, checks={check: "warn"}, **members)
    assert any(fact in warning for warning in warned.logs("warning"))
    assert warned.files == ["box-three_quarter_45deg.png"]
