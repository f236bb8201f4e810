"""Turntable frames: the whole turn, chunks of it, and going on where a crash stopped it."""

import os
import signal

import numpy as np
import pictures
import pytest


def chunk(frames_directory, first=0, step=1, count=None, tilt_degrees=None, **members):
    """The members of a request for frames; without `count` all that the step leaves."""
    turntable = {"frames": 8, "start_degrees": 0, "elevation_degrees": 20, "first": first, "step": step}
    if tilt_degrees is not None:
        turntable["tilt_degrees"] = tilt_degrees
    if count is not None:
        turntable["count"] = count
    return dict(operation="frames", frames_directory=str(frames_directory), turntable=turntable, **members)


def render(tool, directory, model, frames_directory, **members):
    return tool.run(directory, model, **chunk(frames_directory, **members))


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_turn_has_every_frame_once_and_none_twice(tool, assembly, tmp_path):
    run = render(tool, tmp_path / "job", assembly, tmp_path / "frames")
    assert [one["frame"] for one in run.result["outputs"]] == list(range(8))
    assert names(tmp_path / "frames") == [f"frame_{index:04d}.png" for index in range(8)]
    files = sorted((tmp_path / "frames").iterdir())
    images = [pictures.pixels(file.read_bytes()).astype(int) for file in files]
    steps = [np.abs(images[index] - images[(index + 1) % 8]).mean() for index in range(8)]
    assert min(steps) > 0, "two neighbours are the same"
    assert steps[-1] < 3 * np.median(steps), "the last frame does not lead back to the first"


def test_a_chunk_with_a_step_renders_only_its_own_frames(tool, ring, tmp_path):
    run = render(tool, tmp_path / "job", ring, tmp_path / "frames", first=1, step=3)
    assert [one["frame"] for one in run.result["outputs"]] == [1, 4, 7]
    assert names(tmp_path / "frames") == ["frame_0001.png", "frame_0004.png", "frame_0007.png"]


def test_chunks_and_the_whole_turn_give_the_same_bytes(tool, assembly, tmp_path):
    render(tool, tmp_path / "whole", assembly, tmp_path / "all", count=4)
    for first in (0, 1):
        render(tool, tmp_path / f"chunk{first}", assembly, tmp_path / "parts", first=first, step=2, count=2)
    for name in names(tmp_path / "all"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_finished_frames_are_kept_and_only_the_others_rendered(tool, ring, tmp_path):
    render(tool, tmp_path / "first", ring, tmp_path / "frames", count=3)
    before = {name: (tmp_path / "frames" / name).stat().st_mtime_ns for name in names(tmp_path / "frames")}
    run = render(tool, tmp_path / "second", ring, tmp_path / "frames", count=5)
    assert run.summary["frames_reused"] == 3
    assert [one["reused"] for one in run.summary["pictures"]] == [True] * 3 + [False] * 2
    assert {name: (tmp_path / "frames" / name).stat().st_mtime_ns for name in before} == before


@pytest.mark.parametrize("damage", ["truncated", "flipped", "of another request"])
def test_a_frame_that_is_damaged_or_of_another_request_is_rendered_again(tool, ring, tmp_path, damage):
    render(tool, tmp_path / "first", ring, tmp_path / "frames", count=2)
    frame = tmp_path / "frames" / "frame_0001.png"
    good = frame.read_bytes()
    if damage == "truncated":
        frame.write_bytes(good[:-20])
    elif damage == "flipped":
        frame.write_bytes(good[:200] + bytes([good[200] ^ 1]) + good[201:])
    else:
        frame.unlink()
        render(tool, tmp_path / "other", ring, tmp_path / "frames", first=1, count=1, derivation_key="0" * 64)
    run = render(tool, tmp_path / "second", ring, tmp_path / "frames", count=2)
    assert run.summary["frames_reused"] == 1
    assert frame.read_bytes() == good


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_process_that_dies_in_the_middle_of_a_frame_leaves_only_whole_frames_and_is_continued(
        tool, ring, tmp_path, ending):
    directory, target = tmp_path / "killed", tmp_path / "frames"
    members = chunk(target, width=256, height=256, samples=8)
    process = tool.start(tool.request(tmp_path / "request.json", ring, **members), directory)
    for line in process.stdout:
        if b'"frame 3 of 8' in line:
            break
    os.killpg(process.pid, ending)
    process.communicate(timeout=20)
    assert process.returncode == -ending
    left = [name for name in names(target) if not name.startswith(".")]
    assert 2 <= len(left) < 8
    for name in left:
        assert pictures.pixels((target / name).read_bytes()).shape == (256, 256, 4)
    run = tool.run(tmp_path / "again", ring, **members)
    assert run.summary["frames_reused"] == len(left)
    assert names(target) == [f"frame_{index:04d}.png" for index in range(8)]


def test_what_a_dead_process_left_half_written_is_swept_and_what_a_living_one_writes_is_not(tool, ring, tmp_path):
    target = tmp_path / "frames"
    target.mkdir()
    dead = tool.start(tmp_path / "none.json", tmp_path / "dead")
    dead.communicate(timeout=20)
    for pid in (dead.pid, os.getpid()):
        (target / f".frame_0000.png.{pid}.partial").write_bytes(b"half")
    render(tool, tmp_path / "job", ring, target, count=1)
    assert names(target) == [f".frame_0000.png.{os.getpid()}.partial", "frame_0000.png"]


def test_widely_spaced_frames_come_first(tool, ring, tmp_path):
    directory, target = tmp_path / "job", tmp_path / "frames"
    render(tool, directory, ring, target)
    made = sorted(target.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert [int(path.stem[-4:]) for path in made] == [0, 4, 2, 6, 1, 5, 3, 7]


def test_what_is_round_from_above_leans_so_that_it_is_seen_turning_and_nothing_else_does(tool, bearing, box, tmp_path):
    def turned(model, name, **turntable):
        """The frames 0 and 2 of 8 as far as they differ, in parts of the full scale, and how far the model leaned."""
        target = tmp_path / name
        run = render(tool, tmp_path / f"{name}-job", model, target, count=2, step=2, **turntable)
        first, third = (pictures.pixels((target / f"frame_000{index}.png").read_bytes()) for index in (0, 2))
        return float(np.abs(first[..., 3] - third[..., 3]).mean()), run.summary["tilt_degrees"]

    still, flat = turned(bearing, "flat", tilt_degrees=0)
    moving, leaning = turned(bearing, "leaning")
    assert (flat, leaning) == (0, 18)
    assert moving > 10 * max(still, 0.001)
    assert turned(box, "box")[1] == 0
