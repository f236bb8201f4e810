"""How a model stands in USD: prims, kinds, names, instances, materials."""

import models
import pytest


@pytest.fixture(scope="module")
def stage(tool, exported):
    return tool.read(exported.file("usd"))


def test_the_bearing_is_an_assembly_of_components_under_their_own_names(stage):
    prims = stage["prims"]
    assert stage["default"] == "/Root"
    assert prims["/Root"]["kind"] == "assembly"
    (assembly,) = [path for path, prim in prims.items() if path.count("/") == 2 and prim["type"] == "Xform"]
    assert prims[assembly]["kind"] == "assembly"
    parts = [prim for path, prim in prims.items() if path.startswith(assembly + "/") and prim["type"] == "Xform"]
    assert len(parts) == 12
    assert {prim["kind"] for prim in parts} == {"component"}
    assert {"Outer ring", "Inner ring", "Cage"} < {prim["name"] for prim in parts}
    assert all(prim["data"]["stepworks"]["path_id"] for prim in parts)


def test_units_and_axis_are_said_and_the_size_is_that_of_the_part(stage):
    assert (stage["unit"], stage["up"]) == (1.0, "Y")
    low, high = stage["box"]
    assert [b - a for a, b in zip(low, high)] == pytest.approx([0.047, 0.014, 0.047], abs=2e-4)


def test_balls_are_instances_of_one_prototype_and_nothing_is_a_point_instancer(stage):
    prims = stage["prims"]
    instances = {path: prim for path, prim in prims.items() if prim["instance"]}
    assert len(instances) == 9
    assert {tuple(prim["references"]) for prim in instances.values()} == {("/Root/Prototypes/Ball",)}
    assert sum(prim["type"] == "Mesh" for prim in prims.values()) == 4
    assert stage["drawn_meshes"] == 12
    assert "PointInstancer" not in {prim["type"] for prim in prims.values()}


def test_every_mesh_has_extent_normals_and_a_material_and_is_no_subdivision_surface(stage):
    meshes = {path: prim for path, prim in stage["prims"].items() if prim["type"] == "Mesh"}
    for path, prim in meshes.items():
        assert prim["counts"]["extent"] == 2, path
        assert prim["normals"] == "vertex", path
        assert prim["attributes"]["subdivisionScheme"] == "none", path
        assert "doubleSided" not in prim["attributes"], path
        subsets = [one for name, one in stage["prims"].items() if name.startswith(path + "/")]
        for bound in subsets or [prim]:
            assert "MaterialBindingAPI" in bound["schemas"]
            assert stage["prims"][bound["material"]]["type"] == "Material"
    models_with_hint = [prim for prim in stage["prims"].values() if prim["kind"]]
    assert all(prim["counts"]["extentsHint"] == 2 for prim in models_with_hint)


def test_a_part_with_faces_of_two_colours_is_one_mesh_with_subsets(tool, tmp_path):
    parts = [(models.box(), 0), (models.box(at=(9, 0, 0)), 2), (models.box(at=(18, 0, 0)), 0)]
    glb = models.write_glb(tmp_path / "a.glb", [models.mesh("Two", parts)], [models.node("Two", mesh=0)])
    prims = tool.read(tool.run(tmp_path / "job", glb).file("usd"))["prims"]
    mesh = prims["/Root/Two/Mesh"]
    assert mesh["attributes"]["subsetFamily:materialBind:familyType"] == "partition"
    assert mesh["counts"]["faceVertexCounts"] == 36
    assert prims["/Root/Two/Mesh/Red"]["counts"]["indices"] == 24
    assert prims["/Root/Two/Mesh/Glass"]["counts"]["indices"] == 12
    surface = prims["/Root/Materials/Glass/Surface"]["attributes"]
    assert surface["inputs:diffuseColor"] == pytest.approx([0.9, 0.9, 1])
    assert (surface["inputs:opacity"], surface["inputs:roughness"]) == pytest.approx((0.25, 0.1))
    assert (surface["inputs:metallic"], surface["info:id"]) == (1.0, "UsdPreviewSurface")
    assert "inputs:opacity" not in prims["/Root/Materials/Red/Surface"]["attributes"]


def test_only_faces_that_the_glb_shows_from_both_sides_are_double_sided(tool, tmp_path):
    parts = [(models.box(), 0), (models.box(at=(9, 0, 0)), 1)]
    glb = models.write_glb(tmp_path / "a.glb", [models.mesh("Both", parts)], [models.node("Both", mesh=0)])
    prims = tool.read(tool.run(tmp_path / "job", glb).file("usd"))["prims"]
    assert "doubleSided" not in prims["/Root/Both/Mesh"]["attributes"]
    assert prims["/Root/Both/Sheet"]["attributes"]["doubleSided"] is True


def test_a_model_of_one_part_is_a_component(tool, one_box, tmp_path):
    prims = tool.read(tool.run(tmp_path / "job", one_box).file("usd"))["prims"]
    assert (prims["/Root"]["kind"], prims["/Root/Box"]["kind"]) == ("component", "subcomponent")
    assert prims["/Root"]["name"] == "box"


def test_any_name_becomes_a_legal_one_and_stands_in_the_display_name(tool, tmp_path):
    names = ["Käfig (2)", "6204", "🔩", "", "Ball", "Ball", "Ball_2", "Materials", "滚珠", "\ud83d", None, "a/b.c",
             'say "x"\n{']
    nodes = [models.node("Top", *range(1, 1 + len(names)))] + [models.node(name, mesh=0) for name in names]
    glb = models.write_glb(tmp_path / "a.glb", [models.mesh("Box", [(models.box(), 0)])], nodes)
    run = tool.run(tmp_path / "job", glb, formats=["usdc", "usda"], on_deviation="fail")
    prims = tool.read(run.file("usd"))["prims"]
    assert tool.read(run.file("usda"))["prims"] == prims
    found = {path.removeprefix("/Root/Top/"): prim["name"] for path, prim in prims.items() if path.count("/") == 3
             and path.startswith("/Root/Top/")}  # fmt: skip
    assert found == {
        "Kafig_2": "Käfig (2)", "_6204": "6204", "Part": "🔩", "Part_2": "", "Ball": "Ball", "Ball_2": "Ball",
        "Ball_2_2": "Ball_2", "Materials": "Materials", "Part_3": "滚珠", "Part_4": "?", "Part_5": "", "a_b_c": "a/b.c",
        "say_x": 'say "x"\n{'}


def test_a_node_cannot_take_the_place_of_the_materials(tool, tmp_path):
    glb = models.write_glb(
        tmp_path / "a.glb", [models.mesh("Box", [(models.box(), 0)])], [models.node("Materials", mesh=0)])
    prims = tool.read(tool.run(tmp_path / "job", glb).file("usd"))["prims"]
    assert prims["/Root/Materials"]["type"] == "Scope"
    assert prims["/Root/Materials_2"]["name"] == "Materials"


def test_a_part_with_children_becomes_an_assembly_with_its_mesh_beside_them(tool, tmp_path):
    nodes = [models.node("Housing", 1, mesh=0), models.node("Lid", mesh=0, translation=[0, 5, 0])]
    glb = models.write_glb(tmp_path / "a.glb", [models.mesh("Shell", [(models.box(), 0)])], nodes)
    run = tool.run(tmp_path / "job", glb)
    prims = tool.read(run.file("usd"))["prims"]
    assert prims["/Root/Housing"]["kind"] == "assembly"
    assert prims["/Root/Housing/Shell"]["kind"] == prims["/Root/Housing/Lid"]["kind"] == "component"
    assert run.report["files"][0]["differences"] == []


@pytest.mark.parametrize(("mode", "triangles"), [(4, 8), (5, 22), (6, 22)])
def test_strips_fans_and_triangles_without_indices_are_read(tool, tmp_path, mode, triangles):
    positions = models.box()[0][:24]
    glb = models.write_glb(
        tmp_path / "a.glb", [models.mesh("Box", [((positions, None, None), None)])], [models.node("Box", mesh=0)])
    models.changed(glb, glb, lambda document: document["meshes"][0]["primitives"][0].update(mode=mode))
    run = tool.run(tmp_path / "job", glb)
    assert run.summary["triangles"] == triangles
    mesh = tool.read(run.file("usd"))["prims"]["/Root/Box/Mesh"]
    assert (mesh["normals"], mesh["material"]) == (None, "/Root/Materials/Default")
