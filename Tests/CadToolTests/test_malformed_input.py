"""Whatever is wrong with a file fails its job at once, with a sentence that names the file."""

import os
import random
import re
import struct

import pytest
from step_text import (add_entities, doubling_assembly, empty_step, entity_id, product_definition_of,
                       usages)

NOBODY = 65534


def become_nobody():
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def refuse(tool, tmp_path, source, status, error_class, *words, operation="extract_metadata", **options):
    run = tool.run(tmp_path / "attempt", operation, source, **options)
    assert run.status == status, run.lines[-1:]
    assert run.error["class"] == error_class
    message = run.error["message"]
    for word in (os.path.basename(str(source)), *words):
        assert word in message
    assert message.endswith(".") and "\n" not in message
    assert os.listdir(tmp_path / "attempt") == []
    return message


def binary_stl():
    return b"binary stl".ljust(80, b" ") + struct.pack("<I", 1) + bytes(50)


IGES = (b" " * 72 + b"S      1\n" + b"1H,,1H;,4Hpart".ljust(72) + b"G      1\n")

NOT_STEP = {
    "random": (random.Random(1).randbytes(5000), "binary data"),
    "text": (b"hello, this is a note\n", "does not begin with"),
    "stl": (b"solid part\n facet normal 0 0 1\n  outer loop\n", "STL file"),
    "binary_stl": (binary_stl(), "STL file"),
    "iges": (IGES, "IGES file"),
    "zip": (b"PK\x03\x04" + bytes(100), "ZIP archive"),
    "pdf": (b"%PDF-1.7\n" + bytes(100), "PDF file"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG picture"),
    "glb": (b"glTF" + bytes(100), "GLB file"),
    "utf16": ("ISO-10303-21;".encode("utf-16"), "UTF-16"),
    "late": (b"Dear customer,\nISO-10303-21;\nEND-ISO-10303-21;\n", "text in front of it"),
}


@pytest.mark.parametrize("kind", NOT_STEP)
def test_what_is_not_step_is_named(tool, tmp_path, kind):
    content, word = NOT_STEP[kind]
    source = tmp_path / "part.step"
    source.write_bytes(content)
    refuse(tool, tmp_path, source, 65, "invalid_input", "not a STEP file", word)


def test_an_empty_file_is_refused(tool, tmp_path):
    source = tmp_path / "part.step"
    source.touch()
    refuse(tool, tmp_path, source, 65, "invalid_input", "empty")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(tool, bearing, tmp_path, share):
    source = tmp_path / "part.step"
    content = bearing.read_bytes()
    source.write_bytes(content[: int(len(content) * share)])
    refuse(tool, tmp_path, source, 65, "invalid_input", "cut off")


def test_a_file_cut_in_the_middle_and_closed_again_is_refused(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    content = bearing.read_text()
    source.write_text(content[: len(content) // 2] + ";\nENDSEC;\nEND-ISO-10303-21;\n")
    refuse(tool, tmp_path, source, 65, "invalid_input")


def test_a_missing_file_is_refused(tool, tmp_path):
    refuse(tool, tmp_path, tmp_path / "gone.step", 66, "missing_input", "does not exist")


def test_a_directory_is_refused(tool, tmp_path):
    (tmp_path / "folder.step").mkdir()
    refuse(tool, tmp_path, tmp_path / "folder.step", 66, "missing_input", "is a directory")


def test_a_named_pipe_is_refused_and_not_waited_for(tool, tmp_path):
    os.mkfifo(tmp_path / "pipe.step")
    refuse(tool, tmp_path, tmp_path / "pipe.step", 66, "missing_input", "not a regular file")


def test_an_unreadable_file_is_refused(tool, bearing, tmp_path):
    assert os.getuid() == 0, "this test drops from root to an account without rights"
    source = tmp_path / "secret.step"
    source.write_bytes(bearing.read_bytes())
    source.chmod(0)
    (tmp_path / "attempt").mkdir()
    # pytest's directories admit their owner only; nobody has to pass through them.
    for directory in [tmp_path, *tmp_path.parents]:
        if directory.stat().st_uid == 0 and directory.name.startswith("pytest"):
            directory.chmod(0o755)
    tmp_path.chmod(0o755)
    tmp_path.parent.chmod(0o755)
    refuse(tool, tmp_path, source, 66, "missing_input", "not readable", before_exec=become_nobody)


@pytest.mark.parametrize("source", ["", "part\0.step"])
def test_a_source_without_a_usable_name_is_refused(tool, tmp_path, source):
    run = tool.run(tmp_path / "attempt", "extract_metadata", source)
    assert run.status == 64 and run.error["class"] == "invalid_input" and "source" in run.error["message"]


@pytest.mark.parametrize("operation", ["extract_metadata", "export_glb"])
def test_a_file_without_solids_is_refused(tool, tmp_path, operation):
    source = tmp_path / "part.step"
    source.write_text(empty_step("#1 = CARTESIAN_POINT('',(0.,0.,0.));"))
    refuse(tool, tmp_path, source, 65, "invalid_input", operation=operation)


def test_a_dangling_reference_is_refused(tool, bearing, tmp_path):
    text = bearing.read_text()
    shell = entity_id(text, r"CLOSED_SHELL")
    source = tmp_path / "part.step"
    source.write_text(text.replace(f"#{shell} = CLOSED_SHELL", "#999999 = CLOSED_SHELL"))
    refuse(tool, tmp_path, source, 65, "invalid_input", "damaged", "#")


def test_an_edge_that_refers_to_itself_is_refused(tool, bearing, tmp_path):
    text = bearing.read_text()
    edge = entity_id(text, r"ORIENTED_EDGE")
    at = text.index(f"#{edge} = ")
    broken = text[:at] + f"#{edge} = ORIENTED_EDGE('',*,*,#{edge},.T.);" + text[text.index(";", at) + 1:]
    source = tmp_path / "part.step"
    source.write_text(broken)
    refuse(tool, tmp_path, source, 65, "invalid_input", "damaged", operation="export_glb")


def test_deeply_nested_parentheses_fail_only_this_run(tool, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(empty_step("#1 = PRODUCT(" + "(" * 200000 + ")" * 200000 + ");"))
    run = tool.run(tmp_path / "attempt", "extract_metadata", source)
    assert run.status != 0 and "part.step" in run.error["message"]


def with_first_vertex_at(text, number):
    vertex = entity_id(text, r"VERTEX_POINT")
    point = int(text[text.index(f"#{vertex} = "):].split("#")[2].split(")")[0])
    at = text.index(f"#{point} = ")
    return (text[:at] + f"#{point} = CARTESIAN_POINT('',({number},0.,0.));"
            + text[text.index(";", at) + 1:])


@pytest.mark.parametrize("number", ["1.E400", "-2.5E+0300"])
def test_an_infinite_coordinate_is_refused_at_once(tool, bearing, tmp_path, number):
    source = tmp_path / "part.step"
    source.write_text(with_first_vertex_at(bearing.read_text(), number))
    refuse(tool, tmp_path, source, 65, "invalid_input", "no credible length")


def test_a_small_number_or_a_name_with_digits_is_no_infinite_coordinate(tool, bearing, tmp_path):
    text = bearing.read_text().replace("'Cage','Cage'", "'Cage','Cage 1E400'")
    source = tmp_path / "part.step"
    source.write_text(with_first_vertex_at(text, "1.E-400"))
    run = tool.run(tmp_path / "attempt", "extract_metadata", source)
    assert run.status == 0 or "no credible length" not in run.error["message"]


@pytest.mark.parametrize("operation", ["extract_metadata", "export_glb"])
def test_an_absurd_coordinate_does_not_hang(tool, bearing, tmp_path, operation):
    source = tmp_path / "part.step"
    source.write_text(with_first_vertex_at(bearing.read_text(), "1.E+30"))
    run = tool.run(tmp_path / "attempt", operation, source)
    # The kernel may repair the vertex from its curves; it must not hang or write nonsense.
    if run.status != 0:
        assert "part.step" in run.error["message"]
    else:
        box = run.summary["bounding_box_mm"]
        assert max(box.get("mesh", box)["size"]) < 1e9


def test_a_model_of_astronomic_size_is_refused(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    text = bearing.read_text()
    source.write_text(text.replace("SI_UNIT(.MILLI.,.METRE.)", "SI_UNIT(.TERA.,.METRE.)"))
    refuse(tool, tmp_path, source, 65, "invalid_input", operation="export_glb")


def test_a_model_too_large_for_its_chord_is_refused(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    text = bearing.read_text()
    source.write_text(text.replace("SI_UNIT(.MILLI.,.METRE.)", "SI_UNIT(.KILO.,.METRE.)"))
    refuse(tool, tmp_path, source, 65, "invalid_input", "chord", operation="export_glb")


def test_an_assembly_that_unfolds_to_astronomic_counts_is_refused(tool, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(doubling_assembly(60))
    refuse(tool, tmp_path, source, 65, "invalid_input", "1,000,000")


def test_an_assembly_that_contains_itself_is_refused(tool, bearing, tmp_path):
    text = bearing.read_text()
    whole = product_definition_of(text, "Deep groove ball bearing 6204")
    ball = product_definition_of(text, "Ball")
    source = tmp_path / "part.step"
    source.write_text(add_entities(text, usages([(ball, whole)])))
    refuse(tool, tmp_path, source, 65, "invalid_input", "contains itself")


def test_gigantic_entity_numbers_fail_only_this_run(tool, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(empty_step("#99999999999999999999 = CARTESIAN_POINT('',(0.,0.,0.));"))
    run = tool.run(tmp_path / "attempt", "extract_metadata", source)
    assert run.status != 0 and "part.step" in run.error["message"]


def external_document(text, document):
    ball = product_definition_of(text, "Ball")
    return add_entities(text, f"""
#900100 = DOCUMENT_FILE('{document}','',$,#900101,'',$);
#900101 = DOCUMENT_TYPE('geometry');
#900102 = APPLIED_EXTERNAL_IDENTIFICATION_ASSIGNMENT('{document}',#900103,#900104,(#900100));
#900103 = IDENTIFICATION_ROLE('external document id and location',$);
#900104 = EXTERNAL_SOURCE(IDENTIFIER(''));
#900105 = APPLIED_DOCUMENT_REFERENCE(#900100,'',(#{ball}));
""")


@pytest.mark.parametrize("document", ["/etc/passwd", "../other-tenant.step", "a\\\\b.step"])
def test_a_path_to_another_document_is_refused(tool, bearing, tmp_path, document):
    source = tmp_path / "part.step"
    source.write_text(external_document(bearing.read_text(), document))
    refuse(tool, tmp_path, source, 65, "invalid_input", "another file")


def test_another_document_beside_the_source_is_not_opened(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    source.write_text(external_document(bearing.read_text(), "beside.step"))
    (tmp_path / "beside.step").write_bytes(bearing.read_bytes())
    document = tool.metadata(tmp_path / "attempt", source)
    assert document["external_documents"] == ["beside.step"]
    assert document["totals"]["part_occurrences"] <= 12
    assert any("was not opened" in warning for warning in document["warnings"])


def test_random_damage_never_goes_unanswered(tool, bearing, tmp_path):
    text = bearing.read_bytes()
    at = random.Random(7)
    for _ in range(4):
        damaged = bytearray(text)
        for _ in range(20):
            damaged[at.randrange(600, len(text) - 100)] = at.choice(b"0123456789#().,'*$;A")
        source = tmp_path / "part.step"
        source.write_bytes(damaged)
        run = tool.run(tmp_path / "attempt", "extract_metadata", source)
        assert run.status == 0 or "part.step" in run.error["message"]


@pytest.mark.parametrize("number, words", [
    ("again", "two entities have the number"), ("0", "number that is not from 1"), ("2147483648", "number that is not from 1")])
def test_an_entity_number_that_cannot_be_is_refused(tool, bearing, tmp_path, number, words):
    text = bearing.read_text()
    point = entity_id(text, r"CARTESIAN_POINT")
    other = entity_id(text, r"DIRECTION")
    source = tmp_path / "part.step"
    number = other if number == "again" else number
    source.write_text(text.replace(f"#{point} = ", f"#{number} = ", 1))
    refuse(tool, tmp_path, source, 65, "invalid_input", "damaged", words)


def test_numbers_in_comments_and_strings_are_no_entities(tool, bearing, tmp_path):
    text = bearing.read_text().replace("'Cage','Cage'", "'Cage','Cage; #1 = it''s; #2 = '")
    text = text.replace("DATA;", "DATA;\n/* ; #1 = 'x ; #1 = y; **/", 1)
    source = tmp_path / "part.step"
    source.write_text(text)
    names = [p["name"] for p in tool.metadata(tmp_path / "a", source)["products"]]
    assert "Cage; #1 = it's; #2 =" in names


@pytest.mark.parametrize("keyword, broken", [
    ("EDGE_LOOP", "EDGE_LOOP('',$)"), ("EDGE_LOOP", "EDGE_LOOP('',())"), ("ORIENTED_EDGE", "ORIENTED_EDGE('',*,*,{number},.T.)")])
@pytest.mark.parametrize("operation", ["extract_metadata", "export_glb"])
def test_what_the_kernel_would_crash_on_is_refused(tool, bearing, tmp_path, keyword, broken, operation):
    text = bearing.read_text()
    number = f"#{entity_id(text, keyword)}"
    at = text.index(f"{number} = ")
    source = tmp_path / "part.step"
    source.write_text(text[:at] + f"{number} = {broken.format(number=number)}" + text[text.index(";", at):])
    refuse(tool, tmp_path, source, 65, "invalid_input", "damaged", number, operation=operation)


@pytest.mark.parametrize("entities", [
    "#900000 = SURFACE_CURVE('',#{circle},(),.PCURVE_S1.);",
    "#900000 = PCURVE('',#{plane},#900001);\n#900001 = DEFINITIONAL_REPRESENTATION('',(),#{context});",
    "#900000 = DERIVED_UNIT(());"])
def test_a_list_without_the_elements_it_needs_is_refused(tool, bearing, tmp_path, entities):
    text = bearing.read_text()
    numbers = {name: entity_id(text, pattern) for name, pattern in (
        ("circle", "CIRCLE"), ("plane", "PLANE"), ("context", r"\( GEOMETRIC_REPRESENTATION_CONTEXT"))}
    source = tmp_path / "part.step"
    source.write_text(add_entities(text, entities.format(**numbers)))
    refuse(tool, tmp_path, source, 65, "invalid_input", "damaged", "#900000")


def test_a_colour_beyond_its_range_is_mended_and_told(tool, bearing, tmp_path):
    text = bearing.read_text()
    at = text.index("COLOUR_RGB('',")
    end = text.index(")", at)
    source = tmp_path / "part.step"
    source.write_text(text[:at] + "COLOUR_RGB('',1.5,-0.2,0.3" + text[end:])
    summary = tool.run(tmp_path / "a", "export_glb", source, preset="preview").summary
    assert any("colours were beyond their range" in warning for warning in summary["warnings"])
    assert summary["coloured_triangles_ratio"] == 1
