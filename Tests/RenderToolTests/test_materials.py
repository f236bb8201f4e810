"""Materials of parts, as the result lists them, the log says them and the picture shows them."""

import hashlib
import shutil

import models
import numpy as np
import pictures
import pytest
from conftest import CORNER

TOP = {"name": "top", "azimuth_degrees": 0, "elevation_degrees": 90}
GREY = {"baseColorFactor": [0.3, 0.3, 0.3, 1], "metallicFactor": 0.0, "roughnessFactor": 0.5}
YELLOW = {"baseColorFactor": [1.0, 1.0, 0.0, 1], "metallicFactor": 0.0, "roughnessFactor": 0.5}
DULL = {"baseColorFactor": [0.4, 0.42, 0.45, 1], "metallicFactor": 0.5, "roughnessFactor": 0.5}

LIBRARY = """
import os, sys
import bpy
directory = sys.argv[1]
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
group = bpy.data.node_groups.new("Grain", "ShaderNodeTree")
bpy.data.libraries.write(directory + "/elsewhere.blend", {group}, fake_user=True)
bpy.data.node_groups.remove(group)
with bpy.data.libraries.load(directory + "/elsewhere.blend", link=True) as (found, wanted):
    wanted.node_groups = ["Grain"]
names = ("House Green", "House Failed", "Lost", "Stained")
green, failed, lost, stained = (bpy.data.materials.new(name) for name in names)
green.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.0, 0.6, 0.1, 1)
failed.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.55, 0.0, 0.42, 1)
lost.node_tree.nodes.new("ShaderNodeGroup").node_tree = wanted.node_groups[0]
image = bpy.data.images.new("Stain", 4, 4)
image.source, image.filepath = "FILE", "//stain.png"
stained.node_tree.nodes.new("ShaderNodeTexImage").image = image
for one in (green, failed, lost, stained):
    one.use_fake_user = True
bpy.ops.wm.save_as_mainfile(filepath=directory + "/house.blend", compress=True)
os.unlink(directory + "/elsewhere.blend")
print("{}")
"""


@pytest.fixture(scope="module")
def house(tool, tmp_path_factory):
    """A library of somebody's own, in which "Lost" and "Stained" need files that are gone."""
    directory = tmp_path_factory.mktemp("house")
    tool.blender(LIBRARY, directory)
    return directory / "house.blend"


def part(name, material, shift=0.0, size=(0.02, 0.02, 0.02)):
    positions, normals, triangles = models.box(size)
    return name, (positions + [shift, 0, 0], normals, triangles), material


def resolved(run):
    return {one["part"]: (one["material"], one["match"]) for one in run.summary["materials"]}


def colour(run, where=slice(None)):
    """Mean colour of the opaque pixels, 0…255."""
    pixels = pictures.pixels(run.picture).astype(float)[:, where]
    return pixels[pixels[..., 3] == 255][:, :3].mean(axis=0)


def test_the_bearing_is_made_of_steel_and_brass(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "run", bearing, materials={"mode": "library"})
    assert resolved(run) == {
        "Inner ring": ("Steel", "alias"), "Outer ring": ("Steel", "alias"), "Cage": ("Brass", "alias"),
        "Ball": ("Steel Polished", "alias")}
    assert run.summary["unresolved"] == []


def test_each_distinct_part_has_one_line_in_the_log(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "run", bearing, materials={
        "mode": "library", "map": {"Cage": "Nylon", "Inner*": "Unheard"}})
    assert sorted(line for line in run.logs() if line.startswith("[MATERIAL]")) == [
        "[MATERIAL] part 'Ball' → 'Steel Polished' (alias match)",
        "[MATERIAL] part 'Cage' → 'Nylon' (map match)",
        "[MATERIAL] part 'Inner ring' → 'Failed' (no match): 'Unheard' is not in the library",
        "[MATERIAL] part 'Outer ring' → 'Steel' (alias match)"]


def test_the_map_comes_before_names_names_before_aliases_and_aliases_before_colours(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [
        part("Ball 1", YELLOW, 0.0), part("Brass", YELLOW, 0.03), part("Cage", YELLOW, 0.06),
        part("Thing", YELLOW, 0.09)])
    run = tool.run(tmp_path / "run", model, materials={"mode": "library", "map": {"Ball": "Gold"}})
    assert resolved(run) == {
        "Ball": ("Gold", "map"), "Brass": ("Brass", "exact"), "Cage": ("Brass", "alias"),
        "Thing": ("Plastic Yellow", "colour")}


def test_the_reasons_for_a_failed_material_are_told_apart(tool, house, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [
        part("Thing", models.TEAL), part("Lid", GREY, 0.03), part("Base", GREY, 0.06), part("Rim", GREY, 0.09)])
    run = tool.run(tmp_path / "run", model, materials={
        "mode": "library", "library": str(house), "failed_material": "House Failed",
        "map": {"Lid": "House Gold", "Base": "Lost", "Rim": "Stained"}})
    reasons = {one["part"]: one["reason"] for one in run.summary["materials"]}
    assert reasons == {
        "Thing": "no library name, alias or near colour fits the part", "Lid": "'House Gold' is not in the library",
        "Base": "'Lost' uses the node group 'Grain' of another .blend, which is missing",
        "Rim": f"'Stained' uses the image {house.with_name('stain.png')}, which is missing"}
    assert sorted(run.summary["unresolved"]) == ["Base", "Lid", "Rim", "Thing"]
    red, green, blue = colour(run)
    assert red > 2 * green and blue > 2 * green


def test_what_a_material_of_somebodys_library_links_is_listed_with_its_digest_and_warned_about(tool, house, tmp_path):
    own = shutil.copy(house, tmp_path)
    stain = tmp_path / "stain.png"
    model = models.write_glb(tmp_path / "model.glb", [part("Rim", GREY), part("Lid", GREY, 0.03)])
    stain.write_bytes(tool.run(tmp_path / "picture", model).picture)
    materials = {"mode": "library", "library": str(own), "failed_material": "House Failed"}
    run = tool.run(tmp_path / "run", model, materials=materials | {"map": {"Rim": "Stained", "Lid": "House Green"}})
    assert resolved(run)["Rim"] == ("Stained", "map")
    digest = hashlib.sha256(stain.read_bytes()).hexdigest()
    assert run.summary["library_links"] == [{"path": str(stain), "sha256": digest}]
    assert [line for line in run.logs("warning") if "links" in line] == [
        f"house.blend links {stain}; pack what it links, because a change of that makes no new pictures."]
    unused = tool.run(tmp_path / "unused", model, materials=materials | {"override": "House Green"})
    assert unused.summary["library_links"] == []


def test_an_alias_whose_material_somebodys_library_lacks_fails(tool, house, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [part("Ball", models.STEEL)])
    run = tool.run(tmp_path / "run", model, materials={
        "mode": "library", "library": str(house), "failed_material": "House Failed"})
    (one,) = run.summary["materials"]
    assert (one["match"], one["reason"]) == ("none", "'Steel Polished' is not in the library")


def test_a_material_of_somebodys_library_is_used(tool, house, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [part("Lid", GREY)])
    run = tool.run(tmp_path / "run", model, materials={
        "mode": "library", "library": str(house), "failed_material": "House Failed", "map": {"L?d": "House Green"}})
    red, green, blue = colour(run)
    assert green > 1.5 * red and green > 1.5 * blue


def test_a_library_without_the_failed_material_is_an_error(tool, house, box, tmp_path):
    run = tool.run(tmp_path / "run", box, materials={"mode": "library", "library": str(house)})
    assert run.status == 65
    assert "failed material 'Failed' is not in the library" in run.error["message"]


def test_one_material_can_replace_all_and_the_map_still_comes_first(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [part("Ball", GREY), part("Lid", GREY, 0.03)])
    run = tool.run(tmp_path / "run", model, materials={
        "mode": "source", "override": "Plastic Red", "map": {"Lid": "Glass"}})
    assert resolved(run) == {"Ball": ("Plastic Red", "override"), "Lid": ("Glass", "map")}


def test_copies_of_a_part_may_differ_although_they_share_a_mesh(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "run", bearing, materials={
        "mode": "library", "map": {"Ball 1": "Plastic Red", "Ball 2": "Plastic Blue"}})
    balls = {(one["material"], one["match"]) for one in run.summary["materials"] if one["part"] == "Ball"}
    assert balls == {("Plastic Red", "map"), ("Plastic Blue", "map"), ("Steel Polished", "alias")}


def test_faces_of_another_colour_keep_it_unless_the_part_is_mapped(tool, bearing, tmp_path):
    """The outer ring of the bearing carries a blue band."""
    def blue(run):
        pixels = pictures.pixels(run.picture).astype(int)
        return int(((pixels[..., 2] > pixels[..., 0] + 60) & (pixels[..., 3] == 255)).sum())

    aliased = tool.run(tmp_path / "aliased", bearing, width=128, height=128, views=[TOP], materials={"mode": "library"})
    mapped = tool.run(tmp_path / "mapped", bearing, width=128, height=128, views=[TOP], materials={
        "mode": "library", "map": {"Outer ring": "Chrome"}})
    assert blue(aliased) > 300
    assert blue(mapped) == 0


def test_the_models_own_colours_keep_their_hue(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [part("Thing", models.RED)])
    run = tool.run(tmp_path / "run", model)
    assert resolved(run) == {"Thing": ("Thing material", "source")}
    red, green, blue = colour(run)
    assert red > 2 * green and abs(green - blue) < 12


def test_a_grey_that_the_model_calls_partly_metal_reads_as_metal_and_a_plain_grey_as_plastic(tool, tmp_path):
    """Metal mirrors the studio: over a standing cylinder its brightness varies more, and often."""
    def spread(material, name):
        import trimesh

        mesh = trimesh.creation.cylinder(radius=0.01, height=0.03, sections=96)
        mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
        model = models.write_glb(
            tmp_path / f"{name}.glb", [("Thing", (mesh.vertices, mesh.vertex_normals, mesh.faces), material)])
        run = tool.run(tmp_path / name, model, samples=16, views=[{**CORNER, "elevation_degrees": 10}])
        row = pictures.pixels(run.picture).astype(float)[32]
        row = row[row[:, 3] == 255][:, :3].mean(axis=1)
        return np.percentile(row, 95) - np.percentile(row, 5)

    assert spread(DULL, "metal") > 1.5 * spread(GREY, "plastic")


def test_the_failed_material_stays_magenta_under_every_view_transform(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [part("Thing", models.TEAL)])
    for transform in ("standard", "agx", "khronos_pbr_neutral"):
        run = tool.run(tmp_path / transform, model, view_transform=transform, materials={"mode": "library"})
        red, green, blue = colour(run)
        assert red > 2 * green and blue > 2 * green, (transform, red, green, blue)
        assert run.summary["pictures"][0]["magenta_fraction"] > 0.1, transform


def test_a_model_without_colours_is_neutral_grey(tool, tmp_path):
    import json

    model = models.write_glb(tmp_path / "model.glb", [part("Thing", GREY)])
    data = model.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + length])
    del document["materials"], document["meshes"][0]["primitives"][0]["material"]
    models.write_chunks(model, document, data[28 + length :])
    run = tool.run(tmp_path / "run", model)
    red, green, blue = colour(run)
    assert max(red, green, blue) - min(red, green, blue) < 8
    assert 100 < green < 240


def test_the_written_library_holds_every_material_and_opens(tool, tmp_path):
    written = tool.blender(
        "import json, sys; from stepworks_render import library; from pathlib import Path\n"
        "library.write(Path(sys.argv[1])); print(json.dumps([one.name for one in library.MATERIALS]))",
        tmp_path / "materials.blend")
    found = tool.blender(
        "import json, sys, bpy\n"
        "with bpy.data.libraries.load(sys.argv[1]) as (found, _): print(json.dumps(list(found.materials)))",
        tmp_path / "materials.blend")
    assert sorted(found) == sorted(written)
    model = models.write_glb(tmp_path / "model.glb", [part("Cage", GREY)])
    own = tool.run(tmp_path / "own", model, materials={"mode": "library"})
    same = tool.run(tmp_path / "same", model, materials={
        "mode": "library", "library": str(tmp_path / "materials.blend")})
    assert np.abs(pictures.pixels(own.picture).astype(int) - pictures.pixels(same.picture)).max() == 0
