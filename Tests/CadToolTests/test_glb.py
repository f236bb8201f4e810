import json
import re

import numpy as np
import pygltflib
import pytest
import trimesh
from step_text import in_inches, in_metres, with_open_shell, with_wide_outer_cylinder


@pytest.fixture(scope="module")
def exported(tool, bearing, tmp_path_factory):
    directory = tmp_path_factory.mktemp("glb") / "a"
    run = tool.run(directory, "export_glb", bearing, sha256="b" * 64)
    return directory / "bearing.glb", run.summary


@pytest.fixture(scope="module")
def gltf(exported):
    return pygltflib.GLTF2().load(str(exported[0]))


def vectors(gltf, accessor_index):
    accessor = gltf.accessors[accessor_index]
    view = gltf.bufferViews[accessor.bufferView]
    return np.frombuffer(gltf.binary_blob(), dtype="<f4", count=3 * accessor.count,
                         offset=view.byteOffset + accessor.byteOffset).reshape(-1, 3)


def indices(gltf, accessor_index):
    accessor = gltf.accessors[accessor_index]
    view = gltf.bufferViews[accessor.bufferView]
    kind = {5123: "<u2", 5125: "<u4"}[accessor.componentType]
    return np.frombuffer(gltf.binary_blob(), dtype=kind, count=accessor.count,
                         offset=view.byteOffset + accessor.byteOffset).reshape(-1, 3)


def primitives(gltf):
    return [p for mesh in gltf.meshes for p in mesh.primitives]


def test_the_node_tree_is_the_part_tree(gltf):
    root = gltf.nodes[gltf.scenes[0].nodes[0]]
    assert root.name == "Deep groove ball bearing 6204"
    children = [gltf.nodes[i] for i in root.children]
    assert [n.name for n in children] == ["Inner ring", "Outer ring", "Cage",
                                          *[f"Ball {i}" for i in range(1, 10)]]
    assert children[4].extras == {"occurrence": "Ball 2", "product": "Ball", "path_id": "1.5"}


def test_repeated_parts_share_one_mesh(gltf):
    assert [m.name for m in gltf.meshes] == ["Inner ring", "Outer ring", "Cage", "Ball"]
    balls = [n for n in gltf.nodes if n.extras["product"] == "Ball"]
    assert len(balls) == 9 and {n.mesh for n in balls} == {3}


def test_normals_are_of_unit_length_and_agree_with_the_winding(gltf):
    for primitive in primitives(gltf):
        normals = vectors(gltf, primitive.attributes.NORMAL)
        assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
        corners = vectors(gltf, primitive.attributes.POSITION)[indices(gltf, primitive.indices)]
        facets = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (np.linalg.norm(facets, axis=1) > 0).all()
        mean = normals[indices(gltf, primitive.indices)].mean(axis=1)
        assert (np.einsum("ij,ij->i", facets, mean) > 0).all()


def test_the_balls_normals_are_those_of_the_sphere(gltf):
    primitive = gltf.meshes[3].primitives[0]
    points = vectors(gltf, primitive.attributes.POSITION)
    exact = points / np.linalg.norm(points, axis=1)[:, None]
    # A pole has no normal of its own and takes that of the triangles around it.
    assert np.abs(vectors(gltf, primitive.attributes.NORMAL) - exact).max() < 0.02


def test_bounds_are_exact_and_every_vertex_is_used(gltf):
    for primitive in primitives(gltf):
        accessor = gltf.accessors[primitive.attributes.POSITION]
        points = vectors(gltf, primitive.attributes.POSITION)
        assert (np.array(accessor.min, "f4") == points.min(axis=0)).all()
        assert (np.array(accessor.max, "f4") == points.max(axis=0)).all()
        assert set(indices(gltf, primitive.indices).ravel()) == set(range(accessor.count))
    assert all(view.byteOffset % 4 == 0 for view in gltf.bufferViews)


def test_it_loads_in_metres_with_y_up(exported):
    path, summary = exported
    scene = trimesh.load(path)
    assert len(scene.geometry) == 5  # four meshes, the outer ring in two colours
    assert scene.extents == pytest.approx([0.047, 0.014, 0.047], abs=1e-4)
    assert summary["bounding_box_mm"]["max_difference"] <= summary["chord_mm"]


def test_the_mesh_is_watertight_and_as_large_as_the_solid(exported, gltf):
    assert abs(exported[1]["volume_mm3"]["relative_difference"]) < 0.002
    for mesh in gltf.meshes:
        corners = np.vstack([vectors(gltf, p.attributes.POSITION)[indices(gltf, p.indices)].reshape(-1, 3)
                             for p in mesh.primitives])
        solid = trimesh.Trimesh(corners, np.arange(len(corners)).reshape(-1, 3), process=True)
        assert solid.is_watertight and solid.volume > 0


def test_face_colours_survive_as_materials_of_their_own(gltf):
    materials = [gltf.materials[p.material] for p in gltf.meshes[1].primitives]
    assert [m.name for m in materials] == ["Colour #A8B0B8", "Colour #0D40A6"]
    linear = materials[1].pbrMetallicRoughness.baseColorFactor
    assert linear == pytest.approx([0.003936, 0.050876, 0.380056, 1], abs=1e-5)
    assert len(gltf.materials) == 4
    assert not any(m.doubleSided for m in gltf.materials)


def test_provenance_is_embedded(gltf):
    extras = gltf.asset.extras
    assert extras["tool"] == "stepworks-cad" and extras["opencascade"] == "7.6.3"
    assert extras["input_semantic_sha256"] == "5" + "b" * 63 and "source_sha256" not in extras
    assert extras["parameters"]["preset"] == "production"
    assert extras["derivation_key"] == "b" * 64


def test_the_summary_counts_what_is_in_the_file(exported, gltf):
    path, summary = exported
    stored = sum(gltf.accessors[p.indices].count // 3 for p in primitives(gltf))
    assert summary["triangles_stored"] == stored
    ball = gltf.accessors[gltf.meshes[3].primitives[0].indices].count // 3
    assert summary["triangles"] == stored + 8 * ball
    assert summary["bytes"] == path.stat().st_size
    assert (summary["meshes"], summary["nodes"], summary["instances"]) == (4, 13, 12)
    assert summary["commerce_budgets"] == {"web_ar": "pass", "banner": "fail"}


def test_the_same_input_gives_the_same_bytes(tool, bearing, tmp_path, exported):
    tool.run(tmp_path / "again", "export_glb", bearing, sha256="b" * 64).result
    assert (tmp_path / "again/bearing.glb").read_bytes() == exported[0].read_bytes()


def test_finer_presets_have_more_triangles(tool, bearing, tmp_path, exported):
    preview = tool.run(tmp_path / "p", "export_glb", bearing, preset="preview").summary
    hero = tool.run(tmp_path / "h", "export_glb", bearing, preset="hero").summary
    assert preview["triangles"] < exported[1]["triangles"] < hero["triangles"]
    diagonal = (47**2 + 47**2 + 14**2) ** 0.5
    assert preview["chord_mm"] == pytest.approx(diagonal / 2000, rel=1e-6)
    assert hero["chord_mm"] == pytest.approx(diagonal / 10000, rel=1e-6)


def test_explicit_values_go_before_the_preset(tool, bearing, tmp_path):
    summary = tool.run(tmp_path / "a", "export_glb", bearing, chord_mm=0.5, angle_degrees=45).summary
    assert (summary["chord_mm"], summary["angle_degrees"]) == (0.5, 45)


def test_a_triangle_budget_steps_the_ladder_down(tool, bearing, tmp_path):
    summary = tool.run(tmp_path / "a", "export_glb", bearing, triangle_budget=40000).summary
    assert summary["triangles"] <= 40000 and summary["ladder_steps"] > 0
    assert summary["chord_mm"] > 0.0136


def test_phases_come_in_the_order_of_the_work(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "a", "export_glb", bearing, preset="preview", variant="meshopt")
    phases = [line["phase"] for line in run.lines if "phase" in line]
    assert phases == ["read", "transfer", "measure", "mesh", "write", "check", "compress", "write"]


def test_a_byte_budget_steps_the_ladder_down(tool, bearing, tmp_path):
    summary = tool.run(tmp_path / "a", "export_glb", bearing, preset="preview", byte_budget=500000).summary
    assert summary["bytes"] <= 500000 and summary["ladder_steps"] > 0


def test_an_impossible_budget_fails_with_what_it_would_take(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "a", "export_glb", bearing, preset="preview", triangle_budget=100)
    assert run.status == 65 and run.error["class"] == "invalid_input"
    message = run.error["message"]
    needed = int(re.search(r"at a chord of [\d.]+ mm it needs (\d+) triangles;", message)[1])
    assert "bearing.step" in message and needed > 100
    # No guess: with so many it can be made, and with one less it can't.
    summary = tool.run(tmp_path / "b", "export_glb", bearing, preset="preview", triangle_budget=needed).summary
    assert summary["triangles"] == needed == summary["budget_loss"]["used"]["triangles"]
    assert tool.run(tmp_path / "c", "export_glb", bearing, preset="preview", triangle_budget=needed - 1).status == 65


def test_a_chord_too_large_for_the_model_is_lowered_and_the_angle_holds(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "a", "export_glb", bearing, chord_mm=1000, angle_degrees=12)
    summary = run.summary
    assert summary["chord_mm"] == pytest.approx((47**2 + 47**2 + 14**2) ** 0.5 / 20, rel=1e-6)
    sentence = next(w for w in summary["warnings"] if "chord of 1000" in w)
    assert any(line.get("log") == "warning" and sentence in line["message"] for line in run.lines)
    assert json.loads((tmp_path / "a/bearing.report.json").read_text())["tessellation"]["refused_chord_mm"] == 1000
    assert abs(summary["volume_mm3"]["relative_difference"]) < 0.01
    gltf = pygltflib.GLTF2().load(str(tmp_path / "a/bearing.glb"))
    assert gltf.asset.extras["parameters"]["chord_mm"] == summary["chord_mm"]
    # The normals at a facet's corners are as far apart as the angle asks, or little more: the kernel keeps to it on
    # edges, and a diagonal has the angles of two directions.
    for primitive in primitives(gltf):
        normals = vectors(gltf, primitive.attributes.NORMAL)[indices(gltf, primitive.indices)]
        cosines = np.einsum("ijk,ijk->ij", normals, np.roll(normals, 1, axis=1))
        turns = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
        assert np.median(turns) < 12 and np.percentile(turns, 99) < 24


@pytest.mark.parametrize("change, metres", [(in_inches, 47 * 0.0254), (in_metres, 47)])
def test_the_files_own_unit_is_honoured(tool, bearing, tmp_path, change, metres):
    source = tmp_path / "part.step"
    source.write_text(change(bearing.read_text()))
    tool.run(tmp_path / "a", "export_glb", source, chord_mm=metres, angle_degrees=20).result
    extents = trimesh.load(tmp_path / "a/part.glb").extents
    assert extents == pytest.approx([metres, metres * 14 / 47, metres], rel=4e-3)


def test_a_sheet_is_drawn_from_both_sides(tool, bearing, tmp_path):
    source = tmp_path / "sheet.step"
    source.write_text(with_open_shell(bearing.read_text()))
    summary = tool.run(tmp_path / "a", "export_glb", source, preset="preview").summary
    materials = pygltflib.GLTF2().load(str(tmp_path / "a/sheet.glb")).materials
    assert any(m.doubleSided for m in materials) and not all(m.doubleSided for m in materials)
    assert summary["volume_mm3"]["instances_without_volume"] == 1


def test_a_mesh_that_contradicts_the_solids_is_told(tool, bearing, tmp_path, exported):
    source = tmp_path / "part.step"
    source.write_text(with_wide_outer_cylinder(bearing.read_text()))
    summary = tool.run(tmp_path / "a", "export_glb", source, preset="preview").summary
    assert abs(summary["volume_mm3"]["relative_difference"]) > 0.1
    assert any("volume" in warning for warning in summary["warnings"])
    assert exported[1]["warnings"] == []
