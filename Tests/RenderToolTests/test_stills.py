"""Stills: what comes out, what it looks like to somebody who measures it, and what its result says."""

import models
import numpy as np
import pictures
import pytest
from conftest import CORNER, DIGEST, FRONT, KEY

STANDARD_VIEWS = [
    FRONT, {"name": "right_90deg", "azimuth_degrees": 90, "elevation_degrees": 15},
    {"name": "back_180deg", "azimuth_degrees": 180, "elevation_degrees": 15},
    {"name": "left_270deg", "azimuth_degrees": 270, "elevation_degrees": 15},
    {"name": "top_90deg", "azimuth_degrees": 0, "elevation_degrees": 90}, CORNER,
]


def object_mask(image):
    """What is opaque: the object without its shadow."""
    return image[:, :, 3] >= 250


def test_the_six_standard_angles_come_from_one_job(tool, assembly, tmp_path):
    run = tool.run(tmp_path / "job", assembly, views=STANDARD_VIEWS)
    names = [view["name"] for view in STANDARD_VIEWS]
    assert [one["view"] for one in run.result["outputs"]] == names
    assert run.files == sorted(f"assembly-{name}.png" for name in names)
    images = [pictures.pixels((run.directory / file).read_bytes()) for file in run.files]
    assert len({image.tobytes() for image in images}) == 6
    for image in images:
        assert image.shape == (64, 64, 4)


@pytest.mark.parametrize("size", [(96, 96), (128, 48), (40, 120)], ids=str)
@pytest.mark.parametrize("metres", [0.001, 0.05, 10], ids=lambda length: f"{length} m")
def test_the_object_fills_the_limiting_side_and_stands_in_the_middle_at_any_scale_and_shape(
        tool, tmp_path, metres, size):
    model = models.write_glb(
        tmp_path / "part.glb", [("Part", models.box((metres, metres * 0.6, metres * 0.4)), models.STEEL)])
    run = tool.run(tmp_path / "job", model, width=size[0], height=size[1], samples=1)
    mask = object_mask(pictures.pixels(run.picture))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    filled = max((np.ptp(rows) + 1) / size[1], (np.ptp(columns) + 1) / size[0])
    assert 0.75 <= filled <= 0.90
    assert abs(rows[0] + rows[-1] + 1 - size[1]) <= 3
    assert abs(columns[0] + columns[-1] + 1 - size[0]) <= 3
    assert run.summary["pictures"][0]["fill"] == pytest.approx(filled, abs=0.001)
    assert run.summary["bounds_m"] == pytest.approx([metres, metres * 0.4, metres * 0.6], rel=1e-5)


def test_a_transparent_picture_has_an_opaque_object_a_soft_shadow_and_nothing_at_the_corners(tool, box, tmp_path):
    image = pictures.pixels(tool.run(tmp_path / "job", box, width=128, height=128, samples=16).picture)
    alpha = image[:, :, 3]
    assert object_mask(image).mean() > 0.2
    assert ((alpha > 5) & (alpha < 200)).mean() > 0.02, "no shadow grounds the object"
    assert alpha[0, 0] == alpha[0, -1] == 0


def test_a_white_background_is_pure_white_and_equals_the_transparent_picture_on_a_white_page(tool, box, tmp_path):
    white = pictures.pixels(tool.run(tmp_path / "white", box, background="white").picture)
    clear = pictures.pixels(tool.run(tmp_path / "clear", box).picture).astype(float)
    assert white.shape == (64, 64, 3)
    assert (white[0] == 255).all()
    alpha = clear[:, :, 3:] / 255
    on_page = clear[:, :, :3] * alpha + 255 * (1 - alpha)
    assert np.abs(on_page - white).max() <= 1


def test_the_same_request_gives_the_same_bytes(tool, assembly, tmp_path):
    first = tool.run(tmp_path / "first", assembly).picture
    assert tool.run(tmp_path / "second", assembly).picture == first


def test_another_seed_gives_other_noise(tool, ring, tmp_path):
    first = tool.run(tmp_path / "first", ring, seed=1).picture
    assert tool.run(tmp_path / "second", ring, seed=2).picture != first


@pytest.mark.parametrize("background", ["transparent", "white"])
def test_a_picture_carries_its_provenance_and_no_time(tool, box, tmp_path, background):
    run = tool.run(tmp_path / "job", box, background=background)
    assert pictures.text(run.picture) == {
        "Software": "stepworks-render", "Stepworks-Derivation-Key": KEY, "Stepworks-Input-SHA256": DIGEST}
    assert {"tIME", "eXIf", "iTXt", "zTXt"}.isdisjoint(kind for kind, _ in pictures.chunks(run.picture))


@pytest.mark.parametrize("transform", ["agx", "standard"])
def test_the_view_transform_is_the_one_asked_for(tool, assembly, tmp_path, transform):
    plain = pictures.pixels(tool.run(tmp_path / "plain", assembly).picture)
    run = tool.run(tmp_path / "other", assembly, view_transform=transform)
    assert run.summary["view_transform"] == transform
    assert not np.array_equal(pictures.pixels(run.picture), plain)


def test_the_result_says_what_was_rendered_and_how(tool, assembly, tmp_path):
    run = tool.run(tmp_path / "job", assembly)
    summary = run.summary
    assert (summary["engine"], summary["samples"], summary["width"], summary["height"]) == ("cycles", 4, 64, 64)
    assert summary["triangles"] == 48 * 8 + 20 * 4**3 + 12
    assert summary["unresolved"] == []
    assert {one["match"] for one in summary["materials"]} == {"source"}
    (picture,) = summary["pictures"]
    assert 0.05 < picture["coverage"] < 0.8
    assert 0.05 < picture["mean_luminance"] < 0.95
    assert picture["magenta_fraction"] == 0


def test_an_unresolved_part_is_magenta_listed_and_warned_about(tool, assembly, tmp_path):
    run = tool.run(tmp_path / "job", assembly, materials={"mode": "library", "map": {"Ball": "Brass"}})
    found = {one["part"]: (one["material"], one["match"]) for one in run.summary["materials"]}
    assert found["Ball"] == ("Brass", "map")
    assert found["Widget 7Q"][0] == "Failed"
    assert run.summary["unresolved"] == ["Widget 7Q"]
    assert run.summary["pictures"][0]["magenta_fraction"] > 0.02
    assert any("magenta" in warning for warning in run.logs("warning"))
    assert "[MATERIAL] part 'Ball' → 'Brass' (map match)" in run.logs("info")


@pytest.mark.parametrize("operation", ["stills", "blend"])
@pytest.mark.parametrize("failed", ["Failed", "Plastic Grey"])
def test_a_part_without_a_material_fails_the_job_by_policy_whatever_the_failed_material_looks_like(
        tool, assembly, tmp_path, operation, failed):
    run = tool.run(
        tmp_path / "job", assembly, operation=operation, checks={"magenta": "fail"},
        materials={"mode": "library", "failed_material": failed, "map": {"Ball": "Unheard"}})
    assert (run.status, run.error["class"]) == (70, "invalid_output")
    assert run.error["message"] == (
        "No material was found for 2 parts of assembly.glb: 'Ball', 'Widget 7Q'; name materials in material_map, or "
        "set unresolved_material to warn.")
    assert not any("view 1" in line.get("message", "") for line in run.lines), "nothing was rendered"
    assert run.files == []


def test_a_part_without_a_material_is_warned_about_once_whatever_the_failed_material_looks_like(
        tool, assembly, tmp_path):
    materials = {"mode": "library", "failed_material": "Plastic Grey"}
    run = tool.run(tmp_path / "job", assembly, materials=materials, views=[FRONT, CORNER])
    warnings = [warning for warning in run.logs("warning") if "No material was found" in warning]
    assert warnings == [
        "No material was found for 1 part of assembly.glb: 'Widget 7Q'; the material 'Plastic Grey' stands in."]
    silent = tool.run(tmp_path / "silent", assembly, materials=materials, checks={"magenta": "off"})
    assert not any("No material was found" in line for line in silent.logs())


def test_of_very_many_parts_the_result_lists_those_that_failed_first_and_counts_them_all(tool, tmp_path):
    parts = [("Ball", models.box(), models.TEAL)]
    parts += [(f"Widget {number:04d}Q", models.box(), models.TEAL) for number in range(509)]
    model = models.write_glb(tmp_path / "model.glb", parts)
    run = tool.run(tmp_path / "job", model, operation="blend", materials={"mode": "library"})
    summary = run.summary
    assert (summary["materials_total"], summary["unresolved_total"]) == (510, 509)
    assert len(summary["materials"]) == len(summary["unresolved"]) == 500
    assert {one["match"] for one in summary["materials"]} == {"none"}
    assert len([line for line in run.logs() if line.startswith("[MATERIAL]")]) == 510


LONG_NAMES = """
import json, os
from stepworks_render import channel, summary
channel._descriptor = os.memfd_create("messages")
channel.log("info", "ü" * 10**6)
line = os.pread(channel._descriptor, 10**7, 0)
print(json.dumps([len(line) < 20_000, len(summary._listed(["ü" * 2000] * 400)), summary._listed(["short"] * 3)]))
"""


def test_names_of_any_length_fit_into_a_line(tool):
    assert tool.blender(LONG_NAMES) == [True, 32, ["short"] * 3]


def test_a_million_triangles_are_rendered(tool, tmp_path):
    model = models.write_glb(tmp_path / "million.glb", [("Ball", models.million_triangles(), models.STEEL)])
    run = tool.run(tmp_path / "job", model)
    assert run.summary["triangles"] == 1_048_576
    assert 0.75 <= run.summary["pictures"][0]["fill"] <= 0.9


def test_the_sample_bearing_keeps_its_parts(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "job", bearing, materials={"mode": "library"})
    materials = {one["part"]: one["material"] for one in run.summary["materials"]}
    assert materials["Ball"].startswith("Steel")
    assert run.summary["unresolved"] == []


def test_cameras_lights_and_groups_of_the_model_change_nothing_but_the_place(tool, tmp_path):
    plain = models.write_glb(tmp_path / "part.glb", [("Part", models.box(), models.STEEL)])
    nodes = [
        {"camera": 0, "children": [1], "translation": [0.03, 0.06, 0.05]},
        {"extensions": {"KHR_lights_punctual": {"light": 0}}, "children": [2]},
        {"mesh": 0, "name": "Part", "translation": [-0.03, -0.06, -0.05]},
    ]
    light = {"KHR_lights_punctual": {"lights": [{"type": "point", "intensity": 1e6}]}}
    lit = models.write_glb(
        tmp_path / "lit.glb", [("Part", models.box(), models.STEEL)], nodes=nodes, extensions=light,
        cameras=[{"type": "perspective", "perspective": {"yfov": 1, "znear": 0.1}}], scenes=[{"nodes": [0]}],
        extensionsUsed=["KHR_lights_punctual"])
    expected = pictures.pixels(tool.run(tmp_path / "plain", plain).picture).astype(int)
    found = pictures.pixels(tool.run(tmp_path / "lit", lit).picture).astype(int)
    assert np.abs(expected - found).mean() < 1
