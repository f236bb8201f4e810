"""The command itself: version, probe, a clean standard output, progress that flows, and death in the middle."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import models
import pytest
from conftest import CORNER, FRONT


def test_the_version_is_one_line_of_json(tool):
    done = tool.ask("--version")
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    version = json.loads(done.stdout)
    assert (version["tool"], version["version"], version["blender"]) == ("stepworks-render", "1", "5.0.1")
    assert len(version["digest"]) == len(version["library"]) == 64


def test_the_version_is_quick_for_it_does_not_load_blender(tool):
    done = subprocess.run(
        [tool.python, "-IBv", "-m", "stepworks_render", "--version"], env=tool.environment, capture_output=True, text=True,
        timeout=100, check=True)
    assert "import 'stepworks_render.version' #" in done.stderr
    assert "import 'bpy' #" not in done.stderr


def test_running_writes_no_bytecode_which_a_full_disk_would_cut_in_half(tool, tmp_path):
    compiled = Path(_package_directory(tool)) / "stepworks_render" / "__pycache__" / "version.cpython-311.pyc"
    kept = compiled.rename(tmp_path / compiled.name)
    try:
        assert tool.ask("--version").returncode == 0
        assert not compiled.exists()
    finally:
        compiled.write_bytes(kept.read_bytes())


def test_the_version_fails_where_blender_is_not_installed(tool):
    done = subprocess.run(
        ["python3", "-I", "-c", "import sys; sys.path.insert(0, sys.argv[1]); from stepworks_render.entry import main; "
         "sys.exit(main(['--version']))", _package_directory(tool)],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 69
    assert done.stdout == ""
    assert "not installed; run scripts/setup" in done.stderr


def test_the_version_fails_where_a_library_of_blender_is_missing(tool, tmp_path):
    (tmp_path / "ldd").write_text("#!/bin/sh\necho '\tlibXi.so.6 => not found'\n")
    (tmp_path / "ldd").chmod(0o755)
    done = tool.ask("--version", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 69
    assert "libXi.so.6" in done.stderr and "scripts/setup" in done.stderr


def test_the_digest_is_that_of_the_packages_own_files(tool, tmp_path):
    script = (
        "import json, sys; from pathlib import Path; from stepworks_render import version; "
        "here = version.source_digest(); version.__file__ = sys.argv[1]; "
        "print(json.dumps([here, version.source_digest()]))"
    )
    (tmp_path / "version.py").write_text("changed")
    present, changed = tool.blender(script, tmp_path / "version.py")
    assert present == json.loads(tool.ask("--version").stdout)["digest"]
    assert changed != present


def test_the_probe_says_what_this_machine_can_render_on(tool):
    done = tool.ask("--probe")
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert found["devices"] == [] and found["cycles"] == {"device": "CPU"} and found["driver"] is None
    assert set(found["eevee"]) == {"available", "software", "reason"}


def test_the_probe_gives_up_on_a_driver_that_hangs_before_its_caller_does(tool, tmp_path):
    os.mkfifo(tmp_path / "driver.json")
    started = time.monotonic()
    done = tool.ask("--probe", __EGL_VENDOR_LIBRARY_FILENAMES=str(tmp_path / "driver.json"))
    assert time.monotonic() - started < 40, "the worker waits for 60 s"
    eevee = json.loads(done.stdout)["eevee"]
    assert not eevee["available"] and "not drawn within" in eevee["reason"]


EXPLAIN = """
import json, sys
from stepworks_render import entry
try:
    open(sys.argv[1], sys.argv[2], buffering=0).write(b"x") if sys.argv[2] == "wb" else open(sys.argv[1]).read()
except OSError as error:
    said = entry.explain(error)
print(json.dumps([said.error_class, said.message]))
"""


def test_an_unforeseen_error_of_reading_is_not_told_as_one_of_writing(tool, tmp_path):
    error_class, sentence = tool.blender(EXPLAIN, tmp_path / "gone", "r")
    assert error_class == "tool_failed"
    assert sentence.startswith(f"stepworks-render cannot use {tmp_path / 'gone'} (No such file or directory);")
    error_class, sentence = tool.blender(EXPLAIN, tmp_path, "r")
    assert "(Is a directory)" in sentence and "written" not in sentence
    assert tool.blender(EXPLAIN, "/dev/full", "wb")[0] == "no_space"


def test_nothing_but_messages_reaches_standard_output(tool, bearing, tmp_path):
    run = tool.run(tmp_path / "job", bearing)
    assert run.status == 0
    assert all(set(line) <= {"progress", "phase", "message", "log", "result"} for line in run.lines)
    assert [line for line in run.lines if "result" in line] == run.lines[-1:]
    assert [line["phase"] for line in run.lines if "phase" in line] == ["scene", "render", "check"]
    assert "glTF import finished" in run.stderr, "Blender's own words are kept in the log"


TELLING_EVERYTHING = """
import sys
from stepworks_render import channel, entry
channel.seconds_since_last = lambda: float("inf")
entry.leave(entry.main(sys.argv[1:]))
"""
"""The tool without its pauses between messages, in which a fast machine renders a whole picture."""


def test_progress_only_grows_and_names_views_samples_and_time(tool, ring, tmp_path):
    run = tool.run(
        tmp_path / "job", ring, script=TELLING_EVERYTHING, views=[FRONT, CORNER], width=200, height=200, samples=32)
    told = [(line["progress"], line["message"]) for line in run.lines if "progress" in line]
    assert told[0] == (0.0, "preparing ring.glb")
    assert told[-1][0] == 1.0
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert any("view 2 of 2, sample" in message and "of 32" in message for _, message in told)
    assert any(message.endswith("s left") for _, message in told)


def test_a_long_render_is_never_silent_for_more_than_a_few_seconds(tool, ring, tmp_path):
    request = tool.request(tmp_path / "request.json", ring, width=900, height=900, samples=4096)
    process = tool.start(request, tmp_path / "job")
    gaps, last = [], time.monotonic()
    for _ in process.stdout:
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
        if sum(gaps) > 12:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert sum(gaps) > 6, "too fast to tell; ask for more samples"
    assert max(gaps) < 5


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_process_that_is_ended_while_rendering_dies_at_once_and_leaves_no_picture(tool, ring, tmp_path, ending):
    request = tool.request(tmp_path / "request.json", ring, width=900, height=900, samples=4096)
    process = tool.start(request, tmp_path / "job")
    for line in process.stdout:
        if b"sample" in line:
            break
    os.killpg(process.pid, ending)
    ended = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - ended < 2
    assert process.returncode == -ending
    assert list((tmp_path / "job").iterdir()) == []


def test_nothing_is_left_in_the_temporary_directory(tool, ring, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = tool.run(tmp_path / "job", ring, environment={"TMPDIR": str(scratch)})
    assert run.files == ["ring-three_quarter_45deg.png"]
    assert list(scratch.iterdir()) == []


def test_a_name_in_any_alphabet_keeps_its_letters(tool, tmp_path):
    model = models.write_glb(tmp_path / "Käfig 軸受.glb", [("Käfig", models.ring(), models.STEEL)])
    run = tool.run(tmp_path / "job", model)
    assert run.files == ["Käfig 軸受-three_quarter_45deg.png"]
    assert run.summary["materials"][0]["part"] == "Käfig"


def _package_directory(tool):
    script = "import json, stepworks_render; print(json.dumps(stepworks_render.__path__[0]))"
    return str(Path(tool.blender(script)).parent)
