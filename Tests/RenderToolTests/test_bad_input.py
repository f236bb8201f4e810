"""Bad input: one clear sentence with the file's name, the right exit status, and nothing left behind."""

import json
import struct

import models
import numpy as np
import pytest


def refused(run, status, error_class, *words):
    assert (run.status, run.error["class"]) == (status, error_class), run.stderr[-1500:]
    message = run.error["message"]
    for word in words:
        assert word in message, message
    assert message.endswith(".") and "\n" not in message and len(message) < 400
    assert "Traceback" not in message
    assert run.files == []
    return message


def cut(path, bytes_left):
    path.write_bytes(path.read_bytes()[:bytes_left])


def test_a_file_that_is_no_glb(tool, tmp_path):
    (tmp_path / "part.glb").write_text("ISO-10303-21;")
    refused(tool.run(tmp_path / "job", tmp_path / "part.glb"), 65, "invalid_input", "part.glb is not a GLB")


def test_an_empty_file(tool, tmp_path):
    (tmp_path / "part.glb").write_bytes(b"")
    refused(tool.run(tmp_path / "job", tmp_path / "part.glb"), 65, "invalid_input", "part.glb is not a GLB")


def test_a_truncated_glb(tool, tmp_path):
    model = models.write_glb(tmp_path / "part.glb", [("Part", models.box(), models.STEEL)])
    size = model.stat().st_size
    cut(model, 500)
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb is truncated", f"500 of {size} bytes")


def test_a_glb_with_broken_json(tool, tmp_path):
    models.write_chunks(tmp_path / "part.glb", b'{"asset":{"version":"2.0"', b"")
    refused(tool.run(tmp_path / "job", tmp_path / "part.glb"), 65, "invalid_input", "part.glb is damaged")


def test_a_glb_whose_accessors_point_outside(tool, tmp_path):
    model = models.write_glb(tmp_path / "part.glb", [("Part", models.box(), models.STEEL)])
    data = model.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    document["accessors"][0]["bufferView"] = 99
    models.write_chunks(model, document, data[28 + length :])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb")


def test_a_glb_whose_triangles_name_vertices_it_lacks(tool, tmp_path):
    positions, normals, triangles = models.box()
    model = models.write_glb(tmp_path / "part.glb", [("Part", (positions, normals, triangles + 30), models.STEEL)])
    message = refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb cannot be imported", "index")
    assert "/" not in message


def test_a_glb_that_depends_on_another_file(tool, tmp_path):
    model = models.write_glb(
        tmp_path / "part.glb", [("Part", models.box(), models.STEEL)], images=[{"uri": "/etc/hostname"}])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "depends on another file", "/etc/hostname")


def test_a_glb_that_needs_an_extension_blender_lacks(tool, tmp_path):
    model = models.write_glb(
        tmp_path / "part.glb", [("Part", models.box(), models.STEEL)], extensionsUsed=["EXT_meshopt_compression"],
        extensionsRequired=["EXT_meshopt_compression"])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "EXT_meshopt_compression")


def test_an_empty_scene(tool, tmp_path):
    model = models.write_glb(tmp_path / "part.glb", [])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb", "no triangles")


@pytest.mark.parametrize("shape", ["point", "line"])
def test_a_mesh_without_area(tool, tmp_path, shape):
    positions = np.zeros((3, 3)) if shape == "point" else np.array([[0, 0, 0], [0.1, 0.2, 0.3], [0.2, 0.4, 0.6]])
    model = models.write_glb(tmp_path / "part.glb", [("Part", (positions, None, [[0, 1, 2]]), models.STEEL)])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb has no surface")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_not_numbers(tool, tmp_path, value):
    positions, normals, triangles = models.box()
    positions = positions.copy()
    positions[5, 1] = value
    model = models.write_glb(tmp_path / "part.glb", [("Lid", (positions, normals, triangles), models.STEEL)])
    refused(tool.run(tmp_path / "job", model), 65, "invalid_input", "part.glb", "not numbers", "'Lid'")


def test_a_wire_too_thin_to_be_seen(tool, tmp_path):
    model = models.write_glb(tmp_path / "wire.glb", [("Wire", models.box((1e-4, 1e-4, 10)), models.STEEL)])
    run = tool.run(tmp_path / "job", model)
    refused(run, 70, "invalid_output", "wire.glb shows nothing", "render it larger")


def test_a_missing_model(tool, tmp_path):
    refused(tool.run(tmp_path / "job", tmp_path / "gone.glb"), 66, "missing_input", "gone.glb")


def test_a_missing_template(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, template=str(tmp_path / "studio.blend"))
    refused(run, 66, "missing_input", "studio.blend")


def test_a_missing_material_library(tool, box, tmp_path):
    run = tool.run(tmp_path / "job", box, materials={"mode": "library", "library": str(tmp_path / "shop.blend")})
    refused(run, 66, "missing_input", "shop.blend")


@pytest.mark.parametrize("members, words", [
    ({"engine": "luxrender"}, ["engine", "luxrender", "cycles"]),
    ({"width": 0}, ["width", "1"]),
    ({"samples": "many"}, ["samples", "4096"]),
    ({"views": []}, ["views"]),
    ({"views": [{"name": "../up", "azimuth_degrees": 0, "elevation_degrees": 0}]}, ["name", "../up"]),
    ({"derivation_key": "short"}, ["derivation_key", "64"]),
    ({"sampels": 16}, ["sampels", "unknown"]),
    ({"background": "template"}, ["template"]),
    ({"turntable": {"frames": 8, "first": 8}, "operation": "frames", "frames_directory": "/tmp"}, ["first", "7"]),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")  # fmt: skip
def test_a_request_that_makes_no_sense(tool, box, tmp_path, members, words):
    refused(tool.run(tmp_path / "job", box, **members), 65, "invalid_input", *words)


def test_a_request_that_is_no_json(tool, tmp_path):
    request = tmp_path / "request.json"
    request.write_text("{")
    run = tool.finish(tool.start(request, tmp_path / "job"), tmp_path / "job")
    refused(run, 65, "invalid_input", "request.json")


def test_a_missing_request(tool, tmp_path):
    run = tool.finish(tool.start(tmp_path / "none.json", tmp_path / "job"), tmp_path / "job")
    refused(run, 66, "missing_input", "none.json")


def test_no_arguments(tool):
    done = tool.ask()
    assert done.returncode == 64
    assert done.stdout == "" and done.stderr.startswith("usage: stepworks-render")
