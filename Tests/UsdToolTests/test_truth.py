"""The USD against its GLB: by an independent reader, and what becomes of a difference."""

import json

import models
import pytest
import trimesh

TURNED = {"rotation": [0.18257418583505536, 0.3651483716701107, 0.5477225575051661, 0.7302967433402214]}


@pytest.fixture
def odd(tmp_path):
    """Parts that are turned, mirrored, stretched and nested."""
    nodes = [
        models.node("Top", 1, 2, 5, scale=[0.001] * 3, rotation=[-0.7071067811865476, 0, 0, 0.7071067811865476]),
        models.node("Turned", mesh=0, translation=[10, 20, 30], **TURNED),
        models.node("Group", 3, 4, translation=[100, 0, 0], **TURNED),
        models.node("Mirrored", mesh=0, scale=[-1, 1, 1]),
        models.node("Stretched", mesh=0, scale=[1, 2.5, 0.5]),
        models.node("Alone", mesh=1, matrix=[0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 7, 8, 9, 1]),
    ]
    meshes = [models.mesh("Box", [(models.box(), 0)]), models.mesh("Slab", [(models.box((9, 9, 1), (3, 3, 3)), 2)])]
    return models.write_glb(tmp_path / "odd.glb", meshes, nodes)


def assert_same(run, glb):
    scene = trimesh.load_scene(glb)
    whole = scene.to_mesh()
    for file in run.report["files"]:
        usd = file["usd"]
        # A mirrored mesh of trimesh's scene faces inwards or not, by its version: areas and boxes do not care.
        assert usd["area_m2"] == pytest.approx(whole.area, rel=1e-5)
        assert usd["bounding_box_m"]["min"] == pytest.approx(scene.bounds[0].tolist(), abs=1e-6)
        assert usd["bounding_box_m"]["max"] == pytest.approx(scene.bounds[1].tolist(), abs=1e-6)
        assert usd["triangles"] == len(whole.faces)
        assert file["differences"] == []


def test_the_numbers_of_the_bearing_are_those_that_trimesh_finds_in_the_glb(exported, bearing):
    assert_same(exported, bearing)
    whole = trimesh.load_scene(bearing).to_mesh()
    assert exported.summary["volume_m3"] == pytest.approx(whole.volume, rel=1e-5)


def test_so_are_those_of_turned_mirrored_stretched_and_nested_parts(tool, odd, tmp_path):
    run = tool.run(tmp_path / "job", odd, formats=["usdc", "usda", "usdz"], on_deviation="fail")
    assert_same(run, odd)
    boxes = 4 * 3 * 2 * (1 + 1 + 2.5 * 0.5) + 81
    assert run.summary["volume_m3"] == pytest.approx(boxes * 1e-9, rel=1e-6)


def test_the_box_that_openusd_computes_is_the_same(tool, odd, tmp_path):
    run = tool.run(tmp_path / "job", odd)
    low, high = tool.read(run.file("usd"))["box"]
    report = run.report["files"][0]["usd"]["bounding_box_m"]
    assert all(one <= other + 1e-7 for one, other in zip(low, report["min"]))
    assert all(one >= other - 1e-7 for one, other in zip(high, report["max"]))


FAULTS = {
    "a transposed matrix": (
        "prims.place = lambda prim, matrix, place=prims.place: place(prim, matrix.T)", "bounding box"),
    "a part left out": (
        "def write(self, root, kinds, whole=layer._Writer._write_nodes):\n"
        "    children = self.model.nodes[0].children; last = children.pop()\n"
        "    whole(self, root, kinds); children.append(last)\n"
        "layer._Writer._write_nodes = write", "nodes where the GLB has"),
    "a wrong colour": (
        "from pxr import Gf; layer.Gf = type('G', (), {'Vec3f': lambda *v: Gf.Vec3f(*reversed(v))})", "colour"),
    "a lost name": ("prims.name = lambda prim, text: None", "Its tree has ''"),
    "faces turned inside out": (
        "import numpy as np; layer._write_mesh = lambda prim, primitives, sided, write=layer._write_mesh: write(prim, ["
        "type(one)(one.points, one.normals, np.ascontiguousarray(one.triangles[:, ::-1]), one.material)"
        " for one in primitives], sided)", "volume"),
    "another unit": (
        "export.build = lambda *given, build=export.build: [(one.pseudoRoot.SetInfo('metersPerUnit', 0.01), one)[1]"
        " for one in [build(*given)]][0]", "bounding box"),
}


def run_changed(tool, glb, tmp_path, change, **members):
    """Runs the tool after the Python text `change` has changed it."""
    script = (
        "import sys; from pxr import Sdf; from stepworks_usd import entry, export, layer, prims\n"
        f"{change}\nsys.exit(entry.main(sys.argv[1:]))\n")
    request = tool.request(tmp_path / "request.json", glb, **members)
    (tmp_path / "job").mkdir()
    done = tool.python(script, request, cwd=tmp_path / "job")
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("policy", ["warn", "fail"])
def test_a_writer_that_errs_is_found_out(tool, odd, tmp_path, fault, policy):
    change, word = FAULTS[fault]
    done, lines = run_changed(tool, odd, tmp_path, change, on_deviation=policy)
    if policy == "fail":
        assert done.returncode == 70, done.stderr[-2000:]
        assert lines[-1]["error"]["class"] == "invalid_output"
        assert "odd.usdc differs from odd.glb: " in lines[-1]["error"]["message"]
        assert list((tmp_path / "job").iterdir()) == []
    else:
        assert done.returncode == 0, done.stderr[-2000:]
        told = [line["message"] for line in lines if line.get("log") == "warning"]
        assert any(word in one for one in told), told
        assert lines[-1]["result"]["summary"]["differences"]["usdc"]


UNSOUND = {
    "to a prim that is not there": (
        "class Reference:\n    def __new__(cls, primPath): return Sdf.Reference(primPath=Sdf.Path('/Root/Prototypes/Gone'))\n"
        "names = {name: getattr(Sdf, name) for name in dir(Sdf) if name[0].isupper()}\n"
        "layer.Sdf = type('Sdf', (), {**names, 'Reference': Reference})", "odd.usdc makes OpenUSD say: In </Root/Top/"),
    "never written": (
        "layer._Writer._write_part = lambda self, prim, mesh: self._write_geometry(prim, self.model.meshes[mesh])",
        "odd.usdc is not whole: 0 of 3 references"),
    "bound to a material that is not there": (
        "prims.bind = lambda prim, material, bind=prims.bind: bind(prim, Sdf.Path('/Root/Materials/Gone'))",
        "targets an invalid material </Root/Materials/Gone>"),
    "never bound": ("prims.bind = lambda prim, material: None", "odd.usdc is not whole: it has faces without a material"),
    "a schema not applied": (
        "prims._apply = lambda prim, schema: None",
        "odd.usdc does not pass OpenUSD's validators: MissingMaterialBindingAPI"),
    "no unit": (
        "export.build = lambda *given, build=export.build: [(one.pseudoRoot.ClearInfo('metersPerUnit'), one)[1]"
        " for one in [build(*given)]][0]", "odd.usdc does not pass OpenUSD's validators: "),
    "a prim that AR Quick Look does not show": (
        "export.build = lambda *given, build=export.build: [(Sdf.PrimSpec(one.GetPrimAtPath('/Root'), 'Many',"
        " Sdf.SpecifierDef, 'PointInstancer'), one)[1] for one in [build(*given)]][0]",
        "odd.usdz does not pass OpenUSD's validators: /Root/Many is a PointInstancer."),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNSOUND)
def test_an_unsound_file_fails_whatever_the_policy(tool, odd, tmp_path, fault):
    change, fact = UNSOUND[fault]
    done, lines = run_changed(tool, odd, tmp_path, change, formats=["usdc", "usdz"], on_deviation="warn")
    assert done.returncode == 70, done.stderr[-2000:]
    assert lines[-1]["error"]["class"] == "invalid_output"
    assert fact in lines[-1]["error"]["message"]
    assert list((tmp_path / "job").iterdir()) == []


def test_a_glb_of_another_program_is_taken(tool, tmp_path):
    material = trimesh.visual.material.PBRMaterial(name="Brass", baseColorFactor=[200, 150, 60, 255], metallicFactor=1.0)
    scene = trimesh.Scene()
    for number in range(3):
        ball = trimesh.creation.icosphere(2, 0.5)
        ball.visual = trimesh.visual.TextureVisuals(material=material)
        scene.add_geometry(ball, node_name=f"Ball {number}", transform=trimesh.transformations.translation_matrix([number, 0, 0]))
    glb = tmp_path / "balls.glb"
    glb.write_bytes(scene.export(file_type="glb"))
    run = tool.run(tmp_path / "job", glb, formats=["usdc", "usdz"], on_deviation="fail")
    assert_same(run, glb)
    assert run.summary["instances"] == 3
