"""The warm process: a hundred mixed requests, each as if it were the first."""

import json
import random
import subprocess

import pytest
from conftest import CORNER, FRONT


class Warm:
    """A serving process; `ask` sends one request and reads its answer."""

    def __init__(self, tool, scratch):
        self.tool = tool
        self.scratch = scratch
        self.count = 0
        self.log = (scratch / "log").open("wb")
        self.process = subprocess.Popen(
            [tool.path, "--serve"], cwd=scratch, env=tool.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log)
        self.started = self.answer()[-1]

    def answer(self):
        lines = []
        for line in self.process.stdout:
            lines.append(json.loads(line))
            if "ready" in lines[-1]:
                return lines
        raise AssertionError(f"the process ended: {(self.scratch / 'log').read_text()[-2000:]}")

    def send(self, line):
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        return self.answer()

    def ask(self, model, **members):
        self.count += 1
        directory = self.scratch / f"warm-{self.count}"
        directory.mkdir()
        request = self.tool.request(self.scratch / f"warm-{self.count}.json", model, **members)
        return directory, self.send(json.dumps({"request": str(request), "directory": str(directory)}).encode())

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=20)
        self.log.close()
        return status


@pytest.fixture
def warm(tool, tmp_path):
    process = Warm(tool, tmp_path)
    yield process
    if process.process.poll() is None:
        process.process.kill()
        process.process.wait()


def pictures_of(directory):
    return {path.name: path.read_bytes() for path in directory.glob("*.png")}


def test_a_hundred_mixed_warm_requests_equal_cold_ones_bit_for_bit_and_memory_stays_flat(
        tool, warm, box, ring, assembly, bearing, template, tmp_path):
    kinds = [
        (box, {}),
        (box, {"background": "white", "seed": 7}),
        (ring, {"view_transform": "agx"}),
        (ring, {"materials": {"mode": "library"}}),
        (assembly, {"materials": {"mode": "library", "map": {"Ball": "Brass"}}}),
        (assembly, {"materials": {"mode": "library", "override": "Black Rubber"}, "background": "white"}),
        (assembly, {"views": [FRONT, CORNER], "width": 80, "height": 48}),
        (box, {"template": str(template), "background": "template"}),
        (bearing, {"materials": {"mode": "library"}, "samples": 8, "view_transform": "standard"}),
        (bearing, {"device": "gpu"}),
    ]
    cold = []
    for number, (model, members) in enumerate(kinds):
        run = tool.run(tmp_path / f"cold-{number}", model, **members)
        assert run.status == 0, run.lines[-1]
        cold.append(pictures_of(run.directory))
    order = list(range(len(kinds))) * 10
    random.Random(1).shuffle(order)
    resident = []
    for number in order:
        model, members = kinds[number]
        directory, lines = warm.ask(model, **members)
        assert "result" in lines[-2], lines[-2]
        assert pictures_of(directory) == cold[number]
        resident.append(lines[-1]["ready"]["resident_bytes"])
    assert max(resident[90:]) < max(resident[:20]) + 64 * 2**20
    assert warm.end() == 0


def test_errors_leave_nothing_behind_and_the_process_goes_on(tool, warm, box, tmp_path):
    expected = pictures_of(tool.run(tmp_path / "cold", box).directory)
    broken = tmp_path / "broken.glb"
    broken.write_bytes(box.read_bytes()[:100])
    for model, members, error_class in [
        (broken, {}, "invalid_input"), (tmp_path / "gone.glb", {}, "missing_input"),
        (box, {"template": "/nowhere/studio.blend"}, "missing_input"), (box, {"width": -1}, "invalid_input"),
    ]:
        directory, lines = warm.ask(model, **members)
        assert lines[-2]["error"]["class"] == error_class
        assert list(directory.iterdir()) == []
        directory, lines = warm.ask(box)
        assert pictures_of(directory) == expected
    assert "error" in warm.send(b"no json")[-2]
    assert "error" in warm.send(b'{"request":"relative.json","directory":"/tmp"}')[-2]
    assert warm.end() == 0


def test_it_says_ready_with_its_memory_before_the_first_request_and_ends_with_its_input(warm):
    assert warm.started["ready"]["resident_bytes"] > 50 * 2**20
    assert warm.end() == 0


def test_every_request_that_expects_a_gpu_is_warned_once(warm, box):
    for _ in range(3):
        _, lines = warm.ask(box, device="gpu", views=[FRONT, CORNER])
        assert [one["log"] for one in lines if "[GPU_PROBE]" in one.get("message", "")] == ["warning"]


def test_a_directory_that_is_not_there_is_told_as_that(tool, warm, box, tmp_path):
    request = tool.request(tmp_path / "request.json", box)
    lines = warm.send(json.dumps({"request": str(request), "directory": str(tmp_path / "gone")}).encode())
    assert "gone cannot be entered (No such file or directory)" in lines[-2]["error"]["message"]
    assert "result" in warm.ask(box)[1][-2]
