"""The compressed variant: read without the library that wrote it, and compared with the master."""

import json

import numpy as np
import pytest
from meshopt_decoder import decode_view, read_glb

EXTENSION = "EXT_meshopt_compression"


@pytest.fixture(scope="module")
def directory(tool, bearing, tmp_path_factory):
    directory = tmp_path_factory.mktemp("variant") / "a"
    run = tool.run(directory, "export_glb", bearing, preset="preview", variant="meshopt", sha256="c" * 64)
    (directory / "result.json").write_text(json.dumps(run.result))
    return directory


@pytest.fixture(scope="module")
def result(directory):
    return json.loads((directory / "result.json").read_text())


@pytest.fixture(scope="module")
def master(directory):
    return read_glb(directory / "bearing.glb")


@pytest.fixture(scope="module")
def variant(directory):
    return read_glb(directory / "bearing.meshopt.glb")


@pytest.fixture(scope="module")
def decoded(variant):
    """Every accessor of the variant as an array."""
    root, chunk = variant
    views = [decode_view(view, chunk) for view in root["bufferViews"]]

    def slice_of(accessor):
        index = accessor["bufferView"]
        stride = root["bufferViews"][index]["extensions"][EXTENSION]["byteStride"]
        elements = views[index].reshape(-1) if accessor["type"] == "SCALAR" else views[index]
        start, left = divmod(accessor["byteOffset"], stride)
        assert left == 0
        return elements[start:start + accessor["count"]]

    return [slice_of(accessor) for accessor in root["accessors"]]


def plain(glb, accessor_index):
    root, chunk = glb
    accessor = root["accessors"][accessor_index]
    view = root["bufferViews"][accessor["bufferView"]]
    kind = {5123: "<u2", 5125: "<u4", 5126: "<f4"}[accessor["componentType"]]
    width = 3 if accessor["type"] == "VEC3" else 1
    values = np.frombuffer(chunk, kind, accessor["count"] * width, view["byteOffset"] + accessor["byteOffset"])
    return values.reshape(-1, width) if width == 3 else values


def primitives(root):
    return [primitive for mesh in root["meshes"] for primitive in mesh["primitives"]]


def test_it_is_an_output_of_its_own_and_the_master_is_unchanged(tool, bearing, tmp_path, directory, result):
    assert [(o["role"], o["path"]) for o in result["outputs"]] == [
        ("glb", "bearing.glb"), ("glb_meshopt", "bearing.meshopt.glb"), ("report", "bearing.report.json")]
    tool.run(tmp_path / "plain", "export_glb", bearing, preset="preview", sha256="c" * 64).result
    assert (tmp_path / "plain/bearing.glb").read_bytes() == (directory / "bearing.glb").read_bytes()
    assert not (tmp_path / "plain/bearing.meshopt.glb").exists()


def test_it_is_much_smaller(directory, result):
    sizes = [(directory / name).stat().st_size for name in ("bearing.meshopt.glb", "bearing.glb")]
    told = result["summary"]["variant"]
    assert told["bytes"] == sizes[0] and told["ratio"] == pytest.approx(sizes[0] / sizes[1])
    assert told["ratio"] < 0.35


def test_it_says_what_a_reader_must_know(variant):
    root, chunk = variant
    assert root["extensionsRequired"] == root["extensionsUsed"] == [EXTENSION, "KHR_mesh_quantization"]
    assert [b.get("extensions") for b in root["buffers"]] == [None, {EXTENSION: {"fallback": True}}]
    assert root["buffers"][0]["byteLength"] == len(chunk) and "uri" not in root["buffers"][1]
    end = 0
    for view in root["bufferViews"]:
        extension = view["extensions"][EXTENSION]
        assert view["buffer"] == 1 and extension["buffer"] == 0
        assert view["byteLength"] == extension["count"] * extension["byteStride"]
        assert view["byteOffset"] % 4 == extension["byteOffset"] % 4 == 0 and view["byteOffset"] >= end
        end = view["byteOffset"] + view["byteLength"]
    assert end <= root["buffers"][1]["byteLength"]


def test_nodes_materials_and_names_are_the_masters(master, variant):
    for key in ("nodes", "meshes", "materials", "scenes"):
        assert variant[0][key] == master[0][key]
    assert variant[0]["asset"]["extras"]["derivation_key"] == master[0]["asset"]["extras"]["derivation_key"]


def test_an_independent_decoder_finds_every_triangle_of_the_master(master, variant, decoded, result):
    step = result["summary"]["variant"]["position_step_mm"]
    worst = 0
    for old, new in zip(primitives(master[0]), primitives(variant[0])):
        points = plain(master, old["attributes"]["POSITION"]).astype("f8")
        # Halves are rounded away from 0.
        steps = np.trunc(points / step + np.copysign(0.5, points))
        worst = max(worst, np.linalg.norm(steps * step - points, axis=1).max())
        expected = canonical(steps[plain(master, old["indices"]).reshape(-1, 3)])
        corners = decoded[new["indices"]].reshape(-1, 3)
        found = canonical((decoded[new["attributes"]["POSITION"]] / step)[corners])
        assert (expected == found).all()
    told = result["summary"]["variant"]
    assert told["max_position_difference_mm"] == pytest.approx(worst, rel=1e-6)
    assert worst <= told["position_tolerance_mm"] == pytest.approx(result["summary"]["chord_mm"] / 10)


def canonical(triangles):
    """Triangles of points in an order of their own: first corner and order in the file do not matter."""
    triangles = triangles.astype("i8")
    rows = []
    for shift in range(3):
        rows.append(np.roll(triangles, shift, axis=1).reshape(-1, 9))
    candidates = np.stack(rows, axis=1)
    least = [min(map(tuple, candidate)) for candidate in candidates]
    return np.array(sorted(least))


def test_normals_stay_within_their_tolerance(master, variant, decoded, result):
    step = result["summary"]["variant"]["position_step_mm"]
    for old, new in zip(primitives(master[0]), primitives(variant[0])):
        def by_corner(points, normals):
            """Normals in an order that the vertices' grid places and the normals themselves give."""
            keys = np.concatenate([points, np.round(normals, 1) + 0.0], axis=1)
            return normals[np.lexsort(keys.T[::-1])]

        points = plain(master, old["attributes"]["POSITION"]).astype("f8")
        steps = np.trunc(points / step + np.copysign(0.5, points))
        exact = plain(master, old["attributes"]["NORMAL"]).astype("f8")
        stored = decoded[new["attributes"]["NORMAL"]]
        # Vertices at one place with normals near a rounding edge may be swapped: a few in a thousand.
        cosines = (by_corner(steps, exact) * by_corner(decoded[new["attributes"]["POSITION"]] / step, stored)).sum(1)
        assert (cosines > np.cos(np.radians(0.1))).mean() > 0.99
    assert 0 < result["summary"]["variant"]["max_normal_difference_degrees"] <= 0.1


def test_bounds_are_those_of_the_decoded_positions(variant, decoded):
    for primitive in primitives(variant[0]):
        index = primitive["attributes"]["POSITION"]
        accessor = variant[0]["accessors"][index]
        assert (decoded[index].min(axis=0) == accessor["min"]).all()
        assert (decoded[index].max(axis=0) == accessor["max"]).all()


def test_the_same_input_gives_the_same_bytes(tool, bearing, tmp_path, directory):
    tool.run(tmp_path / "again", "export_glb", bearing, preset="preview", variant="meshopt", sha256="c" * 64).result
    name = "bearing.meshopt.glb"
    assert (tmp_path / "again" / name).read_bytes() == (directory / name).read_bytes()
