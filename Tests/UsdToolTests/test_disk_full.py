"""A full disk and a limit of the size of files: the right class, and nothing left behind."""

import resource
import subprocess

import models
import pytest
import trimesh


@pytest.fixture
def ball(tmp_path):
    """Large enough for files of a few hundred kilobytes."""
    made = trimesh.creation.icosphere(5, 10.0)
    mesh = models.mesh("Ball", [((made.vertices, made.vertex_normals, made.faces), 0)])
    return models.write_glb(tmp_path / "ball.glb", [mesh], [models.node("Ball", mesh=0)])


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("formats", [["usdc"], ["usda"], ["usdz"]], ids=str)
def test_a_file_that_does_not_fit_is_an_error_and_no_file(tool, ball, small_disk, tmp_path, formats):
    request = tool.request(tmp_path / "request.json", ball, formats=formats)
    run = tool.finish(tool.start(request, small_disk), small_disk)
    assert (run.status, run.error["class"]) == (73, "no_space"), run.lines[-1]
    assert "free some" in run.error["message"]
    assert run.files == []


@pytest.mark.parametrize("formats", [["usdc"], ["usda"], ["usdz"]], ids=str)
def test_a_file_beyond_the_limit_of_its_size_is_not_taken_for_a_full_disk(tool, ball, tmp_path, formats):
    request = tool.request(tmp_path / "request.json", ball, formats=formats)
    limit = 64 << 10
    process = tool.start(
        request, tmp_path / "job", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    run = tool.finish(process, tmp_path / "job")
    assert (run.status, run.error["class"]) == (70, "invalid_output"), run.lines[-1]
    assert "the 65,536 bytes it may have; raise tools.fileSizeMegabytes" in run.error["message"]
    assert run.files == []


def test_messages_that_cannot_be_written_end_the_run_with_the_status_of_a_full_disk(tool, one_box, tmp_path):
    request = tool.request(tmp_path / "request.json", one_box)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [tool.path, request], cwd=tmp_path, env=tool.environment, stdin=subprocess.DEVNULL, stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 73
    assert "No space is left" in done.stderr
