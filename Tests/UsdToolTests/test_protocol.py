"""The command itself: version, usage, progress."""

import json
import subprocess


def test_it_says_its_version_and_that_of_openusd(tool):
    done = tool.ask("--version")
    assert done.returncode == 0, done.stderr
    version = json.loads(done.stdout)
    assert (version["tool"], version["version"], version["openusd"]) == ("stepworks-usd", "1", "26.11")
    assert len(version["digest"]) == 64


def test_wrong_arguments_are_answered_with_the_usage(tool):
    for arguments in ([], ["--serve"], ["a.json", "b.json"]):
        done = tool.ask(*arguments)
        assert (done.returncode, done.stdout) == (64, "")
        assert done.stderr.startswith("usage: stepworks-usd REQUEST.json")


def test_progress_only_grows_and_ends_at_one(exported):
    fractions = [line["progress"] for line in exported.lines if "progress" in line]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert exported.stderr == ""


def test_the_environment_of_a_caller_changes_nothing(tool, one_box, tmp_path):
    tool_environment = tool.environment | {"PYTHONPATH": "/nowhere", "PXR_PLUGINPATH_NAME": "/nowhere", "TZ": "Asia/Tokyo"}
    request = tool.request(tmp_path / "request.json", one_box, formats=["usdz"])
    plain = tool.run(tmp_path / "plain", one_box, formats=["usdz"])
    (tmp_path / "other").mkdir()
    subprocess.run([tool.path, request], cwd=tmp_path / "other", env=tool_environment, check=True, capture_output=True)
    assert (tmp_path / "other" / "box.usdz").read_bytes() == plain.file("usdz").read_bytes()
