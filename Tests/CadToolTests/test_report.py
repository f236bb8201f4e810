"""The report that goes with every GLB: what the file declares, its surfaces, the mesh and the GLB."""

import json
import math
import os
import re

import pytest
import trimesh
from step_text import (add_entities, in_inches, product_definition_of, usages, with_open_shell,
                       with_tilted_outer_ring, with_validation_properties, with_wide_outer_cylinder, without_units)

BALL_VOLUME = 4 / 3 * math.pi * 3.969**3


def export(tool, directory, text, **parameters):
    source = directory / "part.step"
    source.write_text(text)
    run = tool.run(directory / "a", "export_glb", source, **parameters)
    path = directory / "a/part.report.json"
    return run, json.loads(path.read_text()) if path.exists() else None


def row(report, quantity, name=None):
    return next(r for r in report["checks"] if r["quantity"] == quantity and r.get("name") == name)


@pytest.fixture(scope="module")
def exported(tool, bearing, tmp_path_factory):
    return export(tool, tmp_path_factory.mktemp("report"), bearing.read_text(), preset="preview")


@pytest.fixture(scope="module")
def report(exported):
    return exported[1]


def test_it_is_an_output_of_its_own(exported):
    assert exported[0].result["outputs"][1] == {
        "role": "report", "path": "part.report.json", "media_type": "application/json"}


def test_a_sound_model_passes_every_check(exported, report):
    assert report["verdict"] == "ok" and report["deviations"] == []
    assert {r["verdict"] for r in report["checks"]} == {"ok"}
    assert exported[0].summary["report"] == {
        "checks": len(report["checks"]), "deviations": 0, "not_comparable": 0}


def test_every_part_and_the_whole_are_compared(report):
    subjects = {(r["quantity"], r.get("name")) for r in report["checks"]}
    for quantity in ("volume", "area", "bounding box"):
        for name in (None, "Inner ring", "Outer ring", "Cage", "Ball"):
            assert (quantity, name) in subjects
    assert {r["quantity"] for r in report["checks"] if r["of"] == "whole"} == {
        "bounding box", "volume", "area", "nodes", "parts", "instances", "colours", "names", "length unit"}


def test_its_numbers_are_those_of_the_formula_and_of_an_independent_reader(exported, report, tmp_path_factory):
    ball = row(report, "volume", "Ball")
    assert ball["brep"] == pytest.approx(BALL_VOLUME, rel=1e-6)
    path = next(tmp_path_factory.getbasetemp().glob("report*/a/part.glb"))
    mesh = trimesh.load(path, process=False).geometry["Ball"]
    assert ball["glb"] == pytest.approx(mesh.volume, rel=1e-5)
    assert row(report, "area", "Ball")["glb"] == pytest.approx(mesh.area, rel=1e-5)
    assert row(report, "bounding box", "Ball")["glb"]["max"] == pytest.approx(mesh.bounds[1], abs=1e-5)


def test_a_part_that_stands_askew_is_measured_where_it_stands(tool, bearing, tmp_path):
    run, report = export(tool, tmp_path, with_tilted_outer_ring(bearing.read_text()), preset="preview")
    whole = row(report, "bounding box")
    assert whole["verdict"] == "ok" and whole["brep"]["exact"] and report["deviations"] == []
    # A cylinder of 47 by 14 mm, less what its rounded edges take away.
    height = 47 * math.sin(math.pi / 6) + 14 * math.cos(math.pi / 6)
    assert height - 1.5 < whole["brep"]["max"][2] - whole["brep"]["min"][2] < height
    directory = tmp_path / "metadata"
    box = tool.metadata(directory, tmp_path / "part.step")["totals"]["bounding_box_mm"]
    assert box["min"] == whole["brep"]["min"] and box["max"] == whole["brep"]["max"]


def test_names_and_colours_are_counted(tool, bearing, tmp_path, report):
    coverage = report["coverage"]
    assert (coverage["parts"], coverage["parts_named_by_the_file"], coverage["parts_with_a_colour"]) == (4, 4, 4)
    assert (coverage["nodes"], coverage["faces_with_a_colour"]) == (13, coverage["faces"])
    assert row(report, "colours")["brep"] == 4
    plain = re.sub(r"#\d+ = (STYLED_ITEM|OVER_RIDING_STYLED_ITEM)\([^;]*;", "", bearing.read_text())
    plain = re.sub(r"#\d+ = MECHANICAL_DESIGN_GEOMETRIC_PRESENTATION_REPRESENTATION\([^;]*;", "", plain)
    coverage = export(tool, tmp_path, plain, preset="preview")[1]["coverage"]
    assert coverage["faces_with_a_colour"] == coverage["parts_with_a_colour"] == 0


@pytest.mark.parametrize("change, factor", [(str, 1), (in_inches, 25.4)])
def test_declared_values_are_compared_in_millimetres(tool, bearing, tmp_path, change, factor):
    text = with_validation_properties(change(bearing.read_text()), "Ball", BALL_VOLUME, (0, 0, 0))
    report = export(tool, tmp_path, text, preset="preview")[1]
    volume = row(report, "volume", "Ball")
    assert volume["declared"] == pytest.approx(BALL_VOLUME * factor**3, rel=1e-6)
    assert [c["between"] for c in volume["comparisons"]] == [
        ["declared", "brep"], ["brep", "mesh"], ["mesh", "glb"]]
    assert volume["verdict"] == row(report, "centroid", "Ball")["verdict"] == "ok"


def test_a_wrong_declared_value_is_a_warning(tool, bearing, tmp_path):
    run, report = export(tool, tmp_path, with_validation_properties(bearing.read_text(), "Ball", 300),
                         preset="preview")
    assert row(report, "volume", "Ball")["verdict"] == report["verdict"] == "warning"
    assert run.summary["report"]["deviations"] == 1
    sentence = report["deviations"][0]
    assert "volume of Ball" in sentence and "declared" in sentence
    assert sentence in run.summary["warnings"]
    assert any(line.get("log") == "warning" and sentence in line["message"] for line in run.lines)


def test_a_wrong_declared_value_fails_the_file_on_request(tool, bearing, tmp_path):
    run, report = export(tool, tmp_path, with_validation_properties(bearing.read_text(), "Ball", 300),
                         preset="preview", on_deviation="fail")
    assert run.status == 65 and run.error["class"] == "invalid_input" and report is None
    assert "part.step" in run.error["message"] and "volume of Ball" in run.error["message"]


def test_a_declared_centre_that_is_elsewhere_is_told(tool, bearing, tmp_path):
    text = with_validation_properties(bearing.read_text(), "Ball", centroid=(0.5, 0, 0))
    centroid = row(export(tool, tmp_path, text, preset="preview")[1], "centroid", "Ball")
    assert centroid["verdict"] == "warning"
    assert centroid["comparisons"][0]["difference"] == pytest.approx(0.5, abs=1e-6)


def test_a_mesh_that_contradicts_the_surfaces_fails_the_output_on_request(tool, bearing, tmp_path):
    text = with_wide_outer_cylinder(bearing.read_text())
    run, report = export(tool, tmp_path, text, preset="preview")
    assert row(report, "volume", "Outer ring")["verdict"] == "warning"
    assert row(report, "volume", "Ball")["verdict"] == "ok"
    os.remove(tmp_path / "a/part.report.json")
    run, report = export(tool, tmp_path, text, preset="preview", on_deviation="fail")
    assert run.status == 70 and run.error["class"] == "invalid_output" and report is None
    assert "Outer ring" in run.error["message"]


def test_a_part_the_kernel_left_out_is_told(tool, bearing, tmp_path):
    text = bearing.read_text()
    whole = product_definition_of(text, "Deep groove ball bearing 6204")
    ball = product_definition_of(text, "Ball")
    # A tenth ball is used but placed nowhere.
    report = export(tool, tmp_path, add_entities(text, usages([(whole, ball)])), preset="preview")[1]
    nodes = row(report, "nodes")
    assert (nodes["declared"], nodes["glb"], nodes["verdict"]) == (14, 13, "warning")


def test_what_is_not_closed_has_no_volume_to_compare(tool, bearing, tmp_path):
    text = with_validation_properties(with_open_shell(bearing.read_text()), "Inner ring", 2000)
    run, report = export(tool, tmp_path, text, preset="preview")
    volume = row(report, "volume", "Inner ring")
    assert volume["verdict"] == "not_comparable" and volume["glb"] is None
    assert "not closed" in volume["glb_reason"]
    assert run.summary["report"]["not_comparable"] == 1
    assert row(report, "area", "Inner ring")["verdict"] == "ok"


def test_a_tolerance_as_large_as_the_quantity_proves_nothing(tool, bearing, tmp_path):
    # Two chords times the area of a ball of radius r are its volume from a chord of r/6 on.
    run, report = export(tool, tmp_path, bearing.read_text(), chord_mm=0.7, angle_degrees=12)
    volume = row(report, "volume", "Ball")
    between = {tuple(c["between"]): c for c in volume["comparisons"]}
    surface = between["brep", "mesh"]
    assert surface["tolerance"] >= volume["brep"] > surface["difference"]
    assert surface["verdict"] == volume["verdict"] == "not_comparable" and "tolerance" in surface["reason"]
    assert between["mesh", "glb"]["verdict"] == "ok"
    assert row(report, "area", "Ball")["verdict"] == "ok"
    rows = [r for r in report["checks"] if r["verdict"] == "not_comparable"]
    assert run.summary["report"] == {
        "checks": len(report["checks"]), "deviations": 0, "not_comparable": len(rows)}
    finer = export(tool, tmp_path, bearing.read_text(), chord_mm=0.6, angle_degrees=12)[1]
    assert row(finer, "volume", "Ball")["verdict"] == "ok"


def test_a_difference_beyond_even_a_wide_tolerance_deviates(tool, bearing, tmp_path):
    text = with_validation_properties(bearing.read_text(), "Ball", 300)
    run, report = export(tool, tmp_path, text, chord_mm=0.7, angle_degrees=12)
    assert row(report, "volume", "Ball")["verdict"] == report["verdict"] == "warning"
    assert run.summary["report"]["deviations"] == 1


def test_a_missing_unit_is_said(tool, bearing, tmp_path):
    unit = row(export(tool, tmp_path, without_units(bearing.read_text()), preset="preview")[1], "length unit")
    assert unit["verdict"] == "not_declared" and "assumed" in unit["declared_reason"]


def test_every_null_has_a_reason(report):
    for check in report["checks"]:
        assert all(value is not None or check[key + "_reason"] for key, value in check.items())


def test_the_same_input_gives_the_same_report(tool, bearing, tmp_path, report):
    assert export(tool, tmp_path, bearing.read_text(), preset="preview")[1] == report


def test_the_loss_to_a_budget_is_told(tool, bearing, tmp_path):
    run, report = export(tool, tmp_path, bearing.read_text(), preset="production", triangle_budget=40000)
    loss = report["budget_loss"]
    assert loss == run.summary["budget_loss"]
    assert loss["asked"]["triangles"] > 100000 and loss["used"]["triangles"] <= 40000
    assert loss["used"]["triangles"] == run.summary["triangles"]
    whole = tool.run(tmp_path / "whole", "export_glb", bearing, preset="production").summary
    assert loss["asked"]["triangles"] == whole["triangles"] and whole["degenerate_triangles_dropped"] > 0
    steps = report["tessellation"]["ladder_steps"]
    assert loss["used"]["chord_mm"] == pytest.approx(loss["asked"]["chord_mm"] * 2**steps)
    assert -0.02 < loss["volume_relative_difference"] < 0
    assert -0.05 < loss["area_relative_difference"] < 0
    assert 0 < loss["max_part_box_difference_mm"] <= 2 * loss["used"]["chord_mm"]


def test_without_a_budget_there_is_no_loss(exported, report):
    assert "budget_loss" not in report and "budget_loss" not in exported[0].summary
