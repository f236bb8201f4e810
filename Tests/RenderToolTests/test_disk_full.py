"""A full disk: Blender says "Saved" and exits with 0; the tool must not."""

import resource
import subprocess

import models
import pytest


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("background", ["transparent", "white"])
def test_a_still_that_does_not_fit_is_an_error_and_no_file(tool, assembly, small_disk, tmp_path, background):
    request = tool.request(tmp_path / "request.json", assembly, width=160, height=160, background=background)
    run = tool.finish(tool.start(request, small_disk), small_disk)
    assert (run.status, run.error["class"]) == (73, "no_space")
    assert "free some" in run.error["message"]
    assert run.files == []


def test_a_turntable_that_does_not_fit_keeps_its_whole_frames_and_nothing_else(tool, assembly, small_disk, tmp_path):
    turntable = {"frames": 8, "elevation_degrees": 20}
    run = tool.run(
        tmp_path / "job", assembly, operation="frames", views=None, turntable=turntable,
        frames_directory=str(small_disk))
    assert (run.status, run.error["class"]) == (73, "no_space")
    left = sorted(path.name for path in small_disk.iterdir())
    assert 1 <= len(left) < 8
    assert all(name.startswith("frame_") and name.endswith(".png") for name in left)


def test_a_blend_that_does_not_fit_is_an_error_and_no_file(tool, assembly, small_disk, tmp_path):
    request = tool.request(tmp_path / "request.json", assembly, operation="blend")
    run = tool.finish(tool.start(request, small_disk), small_disk)
    assert (run.status, run.error["class"]) == (73, "no_space")
    assert run.files == []


def test_messages_that_cannot_be_written_end_the_run_with_the_status_of_a_full_disk(tool, assembly, tmp_path):
    request = tool.request(tmp_path / "request.json", assembly)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [tool.path, request], cwd=tmp_path, env=tool.environment, stdin=subprocess.DEVNULL, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 73
    assert "No space is left" in done.stderr


def test_a_full_temporary_directory_is_told(tool, assembly, small_disk, tmp_path):
    (small_disk / "ballast").write_bytes(bytes(12 * 1024))
    run = tool.run(tmp_path / "job", assembly, environment={"TMPDIR": str(small_disk)})
    assert (run.status, run.error["class"]) == (73, "no_space"), run.lines[-1]
    assert run.files == []


def limited(tool, request, directory, limit_bytes):
    """Runs the request with a limit of the size of files, as the daemon sets it."""
    directory.mkdir()
    process = subprocess.Popen(
        [tool.path, str(request)], cwd=directory, env=tool.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes)))
    return tool.finish(process, directory)


@pytest.mark.parametrize("members", [
    {"background": "transparent"}, {"background": "white"}, {"operation": "blend"},
    {"operation": "frames", "views": None, "turntable": {"frames": 4}},
], ids=["transparent", "white", "blend", "frames"])  # fmt: skip
def test_a_file_beyond_the_limit_of_its_size_is_not_taken_for_a_full_disk(tool, assembly, tmp_path, members):
    if members.get("operation") == "frames":
        members = members | {"frames_directory": str(tmp_path / "frames")}
    request = tool.request(tmp_path / "request.json", assembly, width=160, height=160, **members)
    run = limited(tool, request, tmp_path / "job", 4096)
    assert (run.status, run.error["class"]) == (70, "invalid_output"), run.lines[-1]
    assert "larger than the 4,096 bytes that a file may have; raise tools.fileSizeMegabytes" in run.error["message"]
    assert run.files == []
    if (tmp_path / "frames").exists():
        assert list((tmp_path / "frames").iterdir()) == []


def test_a_blend_greater_than_any_guess_is_not_taken_for_a_full_disk(tool, tmp_path):
    model = models.write_glb(tmp_path / "million.glb", [("Ball", models.million_triangles(), models.STEEL)])
    request = tool.request(tmp_path / "request.json", model, operation="blend")
    run = limited(tool, request, tmp_path / "job", 17 << 20)
    assert (run.status, run.error["class"]) == (70, "invalid_output"), run.lines[-1]
    assert "tools.fileSizeMegabytes" in run.error["message"]
    assert run.files == []
