import json
import math

import pytest
from step_text import (add_entities, entity_id, in_inches, in_metres, product_definition_of,
                       with_open_shell, without_units)

BALL_VOLUME = 4 / 3 * math.pi * 3.969**3


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("metadata") / "a"


@pytest.fixture(scope="module")
def document(tool, bearing, directory):
    return tool.metadata(directory, bearing, density_kg_m3=7810)


def product(document, name):
    return next(p for p in document["products"] if p["name"] == name)


def walk(nodes):
    for node in nodes:
        yield node
        yield from walk(node.get("children", []))


def test_products_and_occurrences_keep_their_names(document):
    assert [p["name"] for p in document["products"]] == [
        "Deep groove ball bearing 6204", "Inner ring", "Outer ring", "Cage", "Ball"]
    names = [n["name"] for n in walk(document["tree"])]
    assert names == ["Deep groove ball bearing 6204", "Inner ring", "Outer ring", "Cage",
                     *[f"Ball {i}" for i in range(1, 10)]]


def test_nine_balls_share_one_product(document):
    ball = product(document, "Ball")
    assert ball["occurrences"] == 9
    assert sum(n["product_id"] == ball["id"] for n in walk(document["tree"])) == 9
    totals = document["totals"]
    assert (totals["parts"], totals["part_occurrences"], totals["counts"]["solids"]) == (4, 12, 12)


def test_path_ids_are_unique_and_follow_the_tree(document):
    ids = [n["path_id"] for n in walk(document["tree"])]
    assert len(set(ids)) == 13 and ids[:3] == ["1", "1.1", "1.2"]


def test_placements_put_the_balls_on_the_pitch_circle(document):
    for node in walk(document["tree"]):
        if node["product"] == "Ball":
            rows = node["placement_rows"]
            assert math.hypot(rows[3], rows[7]) == pytest.approx(16.75) and rows[11] == 0


def test_volume_area_and_mass_match_the_formula(document):
    ball = product(document, "Ball")
    assert ball["volume_mm3"] == pytest.approx(BALL_VOLUME, rel=1e-6)
    assert ball["area_mm2"] == pytest.approx(4 * math.pi * 3.969**2, rel=1e-6)
    assert ball["mass_kg"] == pytest.approx(BALL_VOLUME * 1e-9 * 7810, rel=1e-6)
    parts = [p for p in document["products"] if p["kind"] == "part"]
    total = sum(p["volume_mm3"] * p["occurrences"] for p in parts)
    assert document["totals"]["volume_mm3"] == pytest.approx(total)
    assert product(document, "Deep groove ball bearing 6204")["volume_mm3"] == pytest.approx(total)


def test_the_whole_measures_20_by_47_by_14(document):
    box = document["totals"]["bounding_box_mm"]
    assert box["exact"] and box["size"] == pytest.approx([47, 47, 14], abs=1e-6)
    assert document["totals"]["centroid_mm"][:2] == pytest.approx([0, 0], abs=1e-6)


def test_colours_of_parts_and_of_one_face_are_told(document):
    assert product(document, "Cage")["colours"]["own"] == "#CC9E40"
    assert product(document, "Outer ring")["colours"]["faces"] == {"#0D40A6": 1}


def test_every_null_has_a_reason(document):
    def check(value):
        if isinstance(value, dict):
            for key, item in value.items():
                assert item is not None or value[key + "_reason"]
                check(item)
        elif isinstance(value, list):
            assert None not in value
            for item in value:
                check(item)

    check(document)


def test_mass_is_unknown_without_a_density(tool, bearing, tmp_path):
    totals = tool.metadata(tmp_path / "a", bearing)["totals"]
    assert totals["mass_kg"] is None and "density" in totals["mass_kg_reason"]


@pytest.mark.parametrize("change, unit, factor",
                         [(in_inches, "inch", 25.4), (in_metres, "metre", 1000)])
def test_the_files_own_unit_is_honoured(tool, bearing, tmp_path, change, unit, factor):
    source = tmp_path / "part.step"
    source.write_text(change(bearing.read_text()))
    document = tool.metadata(tmp_path / "a", source)
    assert (document["units"]["length"], document["units"]["mm_per_unit"]) == (unit, factor)
    assert document["totals"]["bounding_box_mm"]["size"] == pytest.approx(
        [47 * factor, 47 * factor, 14 * factor], rel=1e-6)
    assert product(document, "Ball")["volume_mm3"] == pytest.approx(BALL_VOLUME * factor**3, rel=1e-6)


def test_a_missing_unit_is_said_and_not_made_up(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(without_units(bearing.read_text()))
    units = tool.metadata(tmp_path / "a", source)["units"]
    assert units["length_declared"] is False and units["length"] is None
    assert "assumed" in units["length_reason"]


def test_names_keep_their_alphabet(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    text = bearing.read_text().replace("'Cage','Cage'", r"'Cage','K\X2\00E400660069006700\X0\ \X2\8F74627F\X0\'")
    source.write_text(text.replace(r"\X2\00E400660069006700\X0\ ", r"\X2\00E4\X0\fig "))
    names = [p["name"] for p in tool.metadata(tmp_path / "a", source)["products"]]
    assert "Käfig 轴承" in names


def test_a_sum_without_all_parts_says_so_in_the_summary(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(with_open_shell(bearing.read_text()))
    summary = tool.run(tmp_path / "a", "extract_metadata", source, density_kg_m3=7810).summary
    assert summary["part_occurrences_without_volume"] == 1
    assert summary["part_occurrences_without_area"] == 0


@pytest.mark.parametrize("change, unit", [(str, "millimetre"), (in_inches, "inch"), (in_metres, "metre")])
def test_measured_properties_state_their_unit(tool, bearing, tmp_path, change, unit):
    text = change(bearing.read_text())
    ball = product_definition_of(text, "Ball")
    length = entity_id(text, r"\( [^;]*LENGTH_UNIT\(\) NAMED_UNIT")
    context = entity_id(text, r"\( GEOMETRIC_REPRESENTATION_CONTEXT")
    source = tmp_path / "part.step"
    source.write_text(add_entities(text, f"""
#900110 = PROPERTY_DEFINITION('check','',#{ball});
#900111 = PROPERTY_DEFINITION_REPRESENTATION(#900110,#900112);
#900112 = REPRESENTATION('check',(#900113,#900114,#900115),#{context});
#900113 = MEASURE_REPRESENTATION_ITEM('volume',VOLUME_MEASURE(3.),#900116);
#900114 = MEASURE_REPRESENTATION_ITEM('length',LENGTH_MEASURE(4.),#{length});
#900115 = CARTESIAN_POINT('point',(1.,2.,3.));
#900116 = DERIVED_UNIT((#900117));
#900117 = DERIVED_UNIT_ELEMENT(#{length},3.);
"""))
    properties = tool.metadata(tmp_path / "a", source)["properties"]
    assert {p["name"]: p["unit"] for p in properties} == {
        "volume": unit + "^3", "length": unit, "point": unit}


def test_validation_properties_are_compared(tool, bearing, tmp_path):
    text = bearing.read_text()
    ball = product_definition_of(text, "Ball")
    shape = entity_id(text, rf"PRODUCT_DEFINITION_SHAPE\('','',#{ball}\)")
    source = tmp_path / "part.step"
    source.write_text(add_entities(text, f"""
#900010 = PROPERTY_DEFINITION('geometric validation property','volume',#{shape});
#900011 = PROPERTY_DEFINITION_REPRESENTATION(#900010,#900012);
#900012 = REPRESENTATION('volume',(#900013),#900017);
#900013 = MEASURE_REPRESENTATION_ITEM('volume measure',VOLUME_MEASURE(300.),#900014);
#900014 = DERIVED_UNIT((#900015));
#900015 = DERIVED_UNIT_ELEMENT(#900016,3.);
#900016 = ( LENGTH_UNIT() NAMED_UNIT(*) SI_UNIT(.MILLI.,.METRE.) );
#900017 = REPRESENTATION_CONTEXT('','');
#900020 = PROPERTY_DEFINITION('user defined attribute','grade',#{ball});
#900021 = PROPERTY_DEFINITION_REPRESENTATION(#900020,#900022);
#900022 = REPRESENTATION('grade',(#900023),#900017);
#900023 = DESCRIPTIVE_REPRESENTATION_ITEM('grade','G10');
"""))
    document = tool.metadata(tmp_path / "a", source)
    declared = product(document, "Ball")["validation_properties"]
    assert declared["declared_volume_mm3"] == 300
    assert declared["volume_relative_difference"] == pytest.approx(BALL_VOLUME / 300 - 1, rel=1e-6)
    assert {"property": "user defined attribute", "of": "Ball", "name": "grade",
            "value": "G10"} in document["properties"]


def test_the_same_input_gives_the_same_bytes(tool, bearing, tmp_path, directory, document):
    tool.metadata(tmp_path / "again", bearing, density_kg_m3=7810)
    assert (tmp_path / "again/bearing.metadata.json").read_bytes() == (
        directory / "bearing.metadata.json").read_bytes()


def test_the_summary_holds_the_documents_own_numbers(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "a", "extract_metadata", bearing, sha256="a" * 64)
    document = json.loads((tmp_path / "a/bearing.metadata.json").read_text())
    assert run.result["outputs"] == [
        {"role": "metadata", "path": "bearing.metadata.json", "media_type": "application/json"}]
    assert run.summary["volume_mm3"] == document["totals"]["volume_mm3"]
    assert document["source"] == {"file": "bearing.step", "bytes": bearing.stat().st_size,
                                  "sha256": "a" * 64}
    fractions = [line["progress"] for line in run.lines if "progress" in line]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1
    phases = [line["phase"] for line in run.lines if "phase" in line]
    assert phases == ["read", "transfer", "measure", "write", "check"]
