"""What professionals and their viewers accept: validators, AR Quick Look, provenance, equal bytes."""

import struct
import zipfile

import models
import pytest


@pytest.mark.parametrize("role", ["usd", "usdz", "usda"])
def test_another_process_opens_it_without_a_word_and_no_validator_finds_a_fault(tool, exported, role):
    stage = tool.read(exported.file(role))
    assert stage["errors"] == []
    assert stage["validators"] >= 30
    assert (stage["assets"], stage["unresolved"]) == (0, [])
    assert stage["drawn_meshes"] == 12


def test_the_formats_show_the_same(tool, exported):
    crate, package, text = (tool.read(exported.file(role)) for role in ("usd", "usdz", "usda"))
    assert crate["prims"] == package["prims"] == text["prims"]


@pytest.mark.parametrize("role", ["usd", "usdz"])
def test_blender_draws_every_instance_in_its_colours_and_size(blender, exported, role):
    seen = blender(exported.file(role))
    assert (seen["drawn"], seen["meshes"]) == (12, 4)
    assert seen["materials"] == ["Colour_0D40A6", "Colour_A8B0B8", "Colour_CC9E40", "Colour_E5E8ED"]
    # Blender turns what stands on Y to stand on Z.
    assert seen["size"] == pytest.approx([0.047, 0.047, 0.014], abs=2e-4)


def test_the_usdz_is_what_ar_quick_look_opens(exported):
    path = exported.file("usdz")
    with zipfile.ZipFile(path) as archive:
        (entry,) = archive.infolist()
        assert archive.read(entry) == exported.file("usd").read_bytes()
    assert (entry.filename, entry.compress_type, entry.flag_bits & 1) == ("bearing.usdc", zipfile.ZIP_STORED, 0)
    name, extra = struct.unpack_from("<HH", path.read_bytes(), entry.header_offset + 26)
    assert (entry.header_offset + 30 + name + extra) % 64 == 0


@pytest.mark.parametrize("name", ["x" * 11, "x" * 30, "Lager 6204 (ø47)", "[1]", "a:b"])
def test_the_data_in_a_usdz_is_aligned_whatever_its_name(tool, one_box, tmp_path, name):
    run = tool.run(tmp_path / "job", one_box, name=name, formats=["usdz"])
    assert run.files == sorted([f"{name}.usdz", f"{name}.usd-report.json"])
    path = run.file("usdz")
    assert path.read_bytes().find(b"PXR-USDC") % 64 == 0
    assert tool.read(path)["errors"] == []


def test_equal_requests_give_equal_bytes(tool, exported, bearing, tmp_path):
    again = tool.run(tmp_path / "job", bearing, formats=["usda", "usdc", "usdz"])
    for role in ("usd", "usdz", "usda", "report"):
        assert exported.file(role).read_bytes() == again.file(role).read_bytes(), role


def test_it_says_where_it_comes_from(tool, exported):
    data = tool.read(exported.file("usdz"))["data"]
    assert data["creator"].startswith("stepworks-usd 1 (OpenUSD 26.")
    assert data["stepworks"]["derivation_key"] == "ab" * 32
    assert data["stepworks"]["input_sha256"] == "cd" * 32
    assert data["stepworks"]["mesh"]["opencascade"] == "7.6.3"
    assert data["stepworks"]["mesh"]["input_semantic_sha256"] == "ef" * 32


def test_only_the_formats_asked_for_are_left(tool, one_box, tmp_path):
    assert tool.run(tmp_path / "one", one_box).files == ["box.usd-report.json", "box.usdc"]
    assert tool.run(tmp_path / "two", one_box, formats=["usda"]).files == ["box.usd-report.json", "box.usda"]


def test_the_name_of_a_model_collides_with_nothing(tool, one_box, tmp_path):
    formats = ["usdc", "usdz", "usda"]
    assert tool.run(tmp_path / "job", one_box, name="stage", formats=formats).files == [
        "stage.usd-report.json", "stage.usda", "stage.usdc", "stage.usdz"]


def test_thousands_of_equal_parts_stay_small_and_quick(tool, tmp_path):
    count = 10_000
    nodes = [models.node("Tray", *range(1, count + 1))]
    nodes += [models.node("Ball", mesh=0, translation=[5 * i, 0, 0]) for i in range(count)]
    glb = models.write_glb(tmp_path / "tray.glb", [models.mesh("Ball", [(models.box(), 0)])], nodes)
    run = tool.run(tmp_path / "job", glb)
    assert (run.summary["instances"], run.summary["meshes"], run.summary["references"]) == (count, 1, count)
    assert run.file("usd").stat().st_size < 1_500_000
    assert tool.read(run.file("usd"))["prims"][f"/Root/Tray/Ball_{count}"]["name"] == "Ball"
