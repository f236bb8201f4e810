"""What part names, copies' numbers and colours say about materials; the tool's own code, without Blender."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "Sources/stepworks-render"))

from stepworks_render import colours, library, naming


@pytest.mark.parametrize(("name", "bare"), [
    ("Ball 3", "Ball"), ("Ball.001", "Ball"), ("Ball:1", "Ball"), ("bolt_1", "bolt"), ("Ball-2", "Ball"),
    ("Ball (2)", "Ball"), ("Ball<3>", "Ball"), ("bolt_1.003", "bolt"), ("Käfig 2", "Käfig"),
    ("PA66", "PA66"), ("6204", "6204"), ("M8x30", "M8x30"), ("", ""), ("(1)", "(1)"),
])
def test_the_numbers_of_copies_are_no_part_of_a_name(name, bare):
    assert naming.without_copy_number(name) == bare


@pytest.mark.parametrize(("name", "material"), [
    ("Ball", "Steel Polished"), ("Kugel 7", "Steel Polished"), ("Inner ring", "Steel"), ("AUSSENRING", "Steel"),
    ("Außenring", "Steel"), ("InnerRing_2", "Steel"), ("Cage", "Brass"), ("Käfig", "Brass"), ("Kaefig:2", "Brass"),
    ("bolt_1", "Zinc Plated"), ("Sechskantschraube M8", "Zinc Plated"), ("DIN 912 M6x20", "Zinc Plated"),
    ("Unterlegscheibe", "Zinc Plated"), ("O-Ring 20x2", "Black Rubber"), ("Wellendichtring", "Black Rubber"),
    ("Gummifuß", "Black Rubber"), ("Gehaeuse_unten", "Cast Iron"), ("Gehäuse", "Cast Iron"),
    ("Welle", "Steel Polished"),
    ("Druckfeder", "Spring Steel"), ("Schmiernippel M6", "Steel"), ("grease nipple", "Steel"), ("Glass tube", "Glass"),
    ("Deep groove ball bearing 6204", "Steel"),
])
def test_words_in_english_and_german_name_a_material(name, material):
    assert naming.material_by_alias(name) == material


@pytest.mark.parametrize(("name", "material"), [
    ("brass housing", "Brass"), ("Messingmutter", "Brass"), ("Stahlkugel", "Steel"),
    ("PA66-GF30 cage", "Nylon Glass Filled"),
    ("stainless steel washer", "Stainless Steel"), ("rubber plate", "Black Rubber"),
])
def test_what_a_part_is_made_of_counts_more_than_what_it_does(name, material):
    assert naming.material_by_alias(name) == material


def test_the_longest_alias_wins_and_then_the_last_word():
    assert naming.material_by_alias("snap ring") == "Spring Steel"
    assert naming.material_by_alias("cap screw") == "Zinc Plated"
    assert naming.material_by_alias("screw cap") == "Zinc Plated"
    assert naming.material_by_alias("nut pin") == "Steel"
    assert naming.material_by_alias("pin nut") == "Zinc Plated"


@pytest.mark.parametrize("name", ["Widget 7Q", "string", "6204", "", "  ", "io1", "springer", "ear"])
def test_a_name_that_says_nothing_gets_nothing(name):
    assert naming.material_by_alias(name) is None


def test_every_alias_leads_to_a_material_of_the_library_and_to_one_only():
    seen = {}
    for alias in naming._aliases():
        assert alias.words, alias.material
        assert alias.material in library.BY_NAME, alias
        assert seen.setdefault(alias.words, alias.material) == alias.material, alias.words


def test_a_map_knows_exact_names_before_patterns_and_long_patterns_before_short_ones():
    mapping = {"Ball 1": "Gold", "Ball": "Brass", "B*": "Copper", "Bo?t*": "Chrome", "*": "Nylon"}
    assert naming.from_map(mapping, ["Ball 1", "Ball"]) == "Gold"
    assert naming.from_map(mapping, ["Ball 2", "Ball"]) == "Brass"
    assert naming.from_map(mapping, ["bolt_2", "bolt"]) == "Chrome"
    assert naming.from_map(mapping, ["Bushing"]) == "Copper"
    assert naming.from_map(mapping, ["Cage"]) == "Nylon"
    assert naming.from_map({"Ball": "Brass"}, ["Cage"]) is None


def test_names_in_the_library_are_unique_and_its_colours_are_colours():
    assert len(library.BY_NAME) == len(library.MATERIALS)
    for one in library.MATERIALS:
        for colour in (one.colour, *one.seen_as):
            assert all(0 <= channel <= 1 for channel in colours.linear_from_hex(colour)), one


def test_a_colour_in_a_cad_model_stands_for_one_material_only():
    drawn = {}
    for one in library.MATERIALS:
        for colour in one.seen_as:
            assert drawn.setdefault(colour, one.name) == one.name


def test_the_distance_of_colours_is_that_of_the_textbook():
    black, white, red = ((0, 0, 0), (1, 1, 1), colours.linear_from_hex("FF0000"))
    assert colours.distance(black, white) == pytest.approx(100, abs=0.1)
    # CIE Lab of sRGB red (D65): 53.2, 80.1, 67.2.
    assert colours.distance(black, red) == pytest.approx((53.24**2 + 80.09**2 + 67.20**2) ** 0.5, abs=0.3)
    assert colours.srgb_from_linear(red) == pytest.approx((1, 0, 0))


def test_the_digest_changes_with_any_value_of_any_material(monkeypatch):
    before = library.digest()
    assert before == library.digest()
    changed = tuple(
        library.Definition(**{**vars(one), "roughness": one.roughness + 0.01}) if one.name == "Brass" else one
        for one in library.MATERIALS)
    monkeypatch.setattr(library, "MATERIALS", changed)
    assert library.digest() != before
