"""The command itself: version, usage, progress, a machine that is too small."""

import json
import resource
import subprocess

import pytest


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


def test_phases_come_in_the_order_of_the_work(exported):
    phases = [line["phase"] for line in exported.lines if "phase" in line]
    assert phases == ["read", "scene", "write", "measure", "check", "write"]


def test_the_environment_of_a_caller_changes_nothing(tool, one_box, tmp_path):
    tool_environment = tool.environment | {"PYTHONPATH": "/nowhere", "PXR_PLUGINPATH_NAME": "/nowhere", "TZ": "Asia/Tokyo"}
    request = tool.request(tmp_path / "request.json", one_box, formats=["usdz"])
    plain = tool.run(tmp_path / "plain", one_box, formats=["usdz"])
    (tmp_path / "other").mkdir()
    subprocess.run([tool.path, request], cwd=tmp_path / "other", env=tool_environment, check=True, capture_output=True)
    assert (tmp_path / "other" / "box.usdz").read_bytes() == plain.file("usdz").read_bytes()


@pytest.mark.parametrize("megabytes", [64, 512, 1535])
def test_too_little_memory_is_told_as_that(tool, one_box, tmp_path, megabytes):
    request = tool.request(tmp_path / "request.json", one_box)
    limit = megabytes << 20
    process = tool.start(
        request, tmp_path / "job", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    run = tool.finish(process, tmp_path / "job")
    assert (run.status, run.error["class"]) == (70, "out_of_memory"), run.lines[-1]
    assert "raise tools.cadMemoryMegabytes" in run.error["message"]
    assert run.files == []


def test_the_least_memory_is_enough_for_a_small_model(tool, bearing, tmp_path):
    request = tool.request(tmp_path / "request.json", bearing, formats=["usdc", "usdz", "usda"])
    process = tool.start(
        request, tmp_path / "job", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29)))
    assert tool.finish(process, tmp_path / "job").summary["instances"] == 12
