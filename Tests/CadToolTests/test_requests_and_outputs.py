import json
import os
import re
import resource
import subprocess
from pathlib import Path

import pytest

NOBODY = 65534


def test_a_byte_order_mark_is_no_obstacle(tool, bearing, tmp_path):
    source = tmp_path / "part.step"
    source.write_bytes(b"\xef\xbb\xbf" + bearing.read_bytes())
    assert tool.metadata(tmp_path / "a", source)["totals"]["part_occurrences"] == 12
    assert os.listdir(tmp_path / "a") == ["part.metadata.json"]


def test_a_unicode_file_name_works(tool, bearing, tmp_path):
    source = tmp_path / "Kugellager – 轴承 ø20.step"
    source.write_bytes(bearing.read_bytes())
    run = tool.run(tmp_path / "a", "export_glb", source, preset="preview")
    assert run.result["outputs"][0]["path"] == "Kugellager – 轴承 ø20.glb"
    assert (tmp_path / "a/Kugellager – 轴承 ø20.glb").exists()


def test_the_name_of_the_output_can_be_chosen(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "a", "extract_metadata", bearing, name="order-17")
    assert run.result["outputs"][0]["path"] == "order-17.metadata.json"


@pytest.mark.parametrize("name", ["", "../up", "/abs", ".hidden", "a\nb", "x" * 101])
def test_a_name_that_leaves_the_directory_is_refused(tool, bearing, tmp_path, name):
    run = tool.run(tmp_path / "a", "extract_metadata", bearing, name=name)
    assert run.status == 64 and run.error["class"] == "invalid_input"
    assert os.listdir(tmp_path / "a") == []


@pytest.mark.parametrize("change, word", [
    ({"operation": "export_stl"}, "export_stl"),
    ({"sourse": "x"}, "sourse"),
    ({"source": 5}, "source"),
    ({"parameters": {"prest": "hero"}}, "prest"),
    ({"parameters": {"preset": "ultra"}}, "ultra"),
    ({"parameters": {"chord_mm": "fine"}}, "chord_mm"),
    ({"parameters": {"chord_mm": -1}}, "chord_mm"),
    ({"parameters": {"triangle_budget": 1.5}}, "triangle_budget"),
    ({"parameters": {"density_kg_m3": 7800}}, "density_kg_m3"),
    ({"parameters": []}, "parameters"),
    ({"source_sha256": "xyz"}, "source_sha256"),
    ({"input_semantic_sha256": "xyz"}, "input_semantic_sha256"),
    ({"derivation_key": "xyz"}, "derivation_key"),
])
def test_a_wrong_request_names_the_key(tool, bearing, tmp_path, change, word):
    request = {"operation": "export_glb", "source": str(bearing), "parameters": {}, **change}
    (tmp_path / "request.json").write_text(json.dumps(request))
    run = tool.call("request.json", cwd=tmp_path)
    assert run.status == 64 and run.error["class"] == "invalid_input"
    assert word in run.error["message"]


def ends_of_the_schemas():
    """(operation, parameter, end, value beyond it) for each numeric parameter, as the steps declare them."""
    steps = Path(__file__).parents[2] / "Sources/Steps"
    found = []
    for operation, file in [("export_glb", "ExportGLB.swift"), ("extract_metadata", "ExtractMetadata.swift")]:
        text = (steps / file).read_text()
        for name, kind, low, high in re.findall(
                r'"(\w+)", \.(number|integer)\(([\d._]+?)\.\.\.([\d._]+)\)', text):
            # A whole number is 1 and not 1.0, as the worker writes it.
            low, high = (json.loads(end.replace("_", "")) for end in (low, high))
            found.append((operation, name, low, 0 if kind == "integer" else low / 2))
            # The tool knows no greatest budget.
            found.append((operation, name, high, None if kind == "integer" else high * 1.01))
    return found


def test_the_schemas_are_read_here():
    assert {name for _, name, _, _ in ends_of_the_schemas()} == {
        "chord_mm", "angle_degrees", "triangle_budget", "byte_budget", "density_kg_m3"}


@pytest.mark.parametrize("operation, parameter, end, beyond", ends_of_the_schemas())
def test_the_tool_takes_what_the_schema_allows(tool, tmp_path, operation, parameter, end, beyond):
    # The request is checked before the source is opened: 64 is a wrong request, 66 a missing source.
    gone = tmp_path / "gone.step"
    assert tool.run(tmp_path / "a", operation, gone, **{parameter: end}).status == 66
    if beyond is not None:
        run = tool.run(tmp_path / "a", operation, gone, **{parameter: beyond})
        assert run.status == 64 and parameter in run.error["message"]


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\xff"])
def test_what_is_no_request_is_refused(tool, tmp_path, text):
    (tmp_path / "request.json").write_bytes(text.encode("latin-1"))
    run = tool.call("request.json", cwd=tmp_path)
    assert run.status == 64 and "request.json" in run.error["message"]


def test_a_missing_request_is_refused(tool, tmp_path):
    assert tool.call("gone.json", cwd=tmp_path).status == 66


def test_a_directory_that_cannot_be_written_is_told(tool, bearing, tmp_path):
    assert os.getuid() == 0, "this test drops from root to an account without rights"
    source = tmp_path / "part.step"
    source.write_bytes(bearing.read_bytes())
    for directory in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        directory.chmod(0o755)
    (tmp_path / "a").mkdir(mode=0o555)

    def become_nobody():
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    run = tool.run(tmp_path / "a", "extract_metadata", source, before_exec=become_nobody)
    assert run.status == 73 and run.error["class"] == "tool_failed"
    assert "part.metadata.json" in run.error["message"]


def test_a_full_disk_is_told_and_leaves_no_torn_file(tool, bearing, tmp_path):
    assert os.getuid() == 0, "this test mounts a small file system and needs root"
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        run = tool.run(disk, "export_glb", bearing)
        assert run.status == 74 and run.error["class"] == "no_space"
        assert "bearing.glb" in run.error["message"] and os.listdir(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def run_with_memory(tool, directory, megabytes, *arguments):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    done = subprocess.run([tool.path, *arguments], cwd=directory, capture_output=True,
                          preexec_fn=limit, timeout=60)
    lines = done.stdout.splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else None


def test_too_little_memory_is_told_and_never_leaves_parts_out(tool, bearing, tmp_path):
    (tmp_path / "request.json").write_text(json.dumps({
        "operation": "export_glb", "source": str(bearing), "parameters": {"preset": "preview"}}))
    complete = run_with_memory(tool, tmp_path, 4096, "request.json")[1]["result"]["summary"]
    least = next(m for m in range(32, 512, 4) if run_with_memory(tool, tmp_path, m, "--version")[0] == 0)
    classes = []
    for megabytes in range(least + 4, least + 60, 8):
        status, last = run_with_memory(tool, tmp_path, megabytes, "request.json")
        if status == 0:
            assert last["result"]["summary"] == complete
        else:
            classes.append(last["error"]["class"])
            assert "bearing.step" in last["error"]["message"]
    assert "out_of_memory" in classes and set(classes) <= {"out_of_memory", "tool_crashed"}, classes
