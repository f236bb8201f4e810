"""A full disk: Blender says "Saved" and exits with 0; the tool must not."""

import subprocess

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
