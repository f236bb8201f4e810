"""Runs the real stepworks-render, whose path is in STEPWORKS_RENDER, on models made here and by STEPWORKS_CAD."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import models
import pytest
from templates import make_template

KEY, DIGEST = "ab" * 32, "cd" * 32
FRONT = {"name": "front_0deg", "azimuth_degrees": 0, "elevation_degrees": 15}
CORNER = {"name": "three_quarter_45deg", "azimuth_degrees": 45, "elevation_degrees": 30}


@dataclass
class Run:
    """One finished run: every line of standard output is a message, the last a result or an error."""

    status: int
    lines: list
    stderr: str
    directory: Path

    @property
    def result(self):
        assert self.status == 0, (self.lines[-1:], self.stderr[-2000:])
        return self.lines[-1]["result"]

    @property
    def summary(self):
        return self.result["summary"]

    @property
    def error(self):
        assert self.status != 0, self.lines[-1:]
        return self.lines[-1]["error"]

    def logs(self, level=None):
        return [one["message"] for one in self.lines if "log" in one and level in (None, one["log"])]

    @property
    def picture(self):
        """The bytes of the only picture."""
        (output,) = self.result["outputs"]
        return (self.directory / output["path"]).read_bytes()

    @property
    def files(self):
        return sorted(path.name for path in self.directory.iterdir())


class Tool:
    def __init__(self, path, scratch):
        self.path = path
        self.scratch = scratch

    @property
    def environment(self):
        """What the daemon gives a tool, and no GPU: these tests say the same on every machine."""
        return {
            "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.scratch), "TMPDIR": str(self.scratch),
            "CUDA_VISIBLE_DEVICES": "-1", "HIP_VISIBLE_DEVICES": "-1", "ONEAPI_DEVICE_SELECTOR": "!*:*",
        }

    def request(self, path, model, **members):
        """Writes a small and quick request; `members` replace what it says."""
        request = {
            "operation": "stills", "model": str(model), "model_name": Path(model).name, "name": Path(model).stem,
            "derivation_key": KEY, "input_sha256": DIGEST, "engine": "cycles", "device": "cpu", "width": 64,
            "height": 64, "samples": 4, "views": [CORNER],
        }
        path.write_text(json.dumps(request | members))
        return path

    @property
    def python(self):
        """The interpreter in which the tool and its Blender run."""
        return Path(self.path).with_name("python3")

    def start(self, request, directory, script=None, **environment):
        """Starts the tool on a request, or a Python script in its place."""
        directory.mkdir(exist_ok=True)
        command = [self.path] if script is None else [self.python, "-IB", "-c", script]
        return subprocess.Popen(
            [*command, str(request)], cwd=directory, env=self.environment | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def finish(self, process, directory, timeout=100):
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        lines = [json.loads(line) for line in output.decode().splitlines()]
        return Run(process.returncode, lines, errors.decode(errors="replace"), directory)

    def run(self, directory, model, environment=None, script=None, **members):
        """Runs a request in `directory`."""
        request = self.request(directory.with_name(directory.name + "-request.json"), model, **members)
        return self.finish(self.start(request, directory, script, **(environment or {})), directory)

    def ask(self, *arguments, **environment):
        """Runs the tool with plain arguments, such as --version."""
        return subprocess.run(
            [self.path, *arguments], env=self.environment | environment, capture_output=True, text=True, timeout=100)

    def blender(self, script, *arguments):
        """Runs a Python script in the tool's Blender and returns the JSON object it prints last."""
        done = subprocess.run(
            [self.python, "-I", "-c", script, *map(str, arguments)], env=self.environment, capture_output=True, text=True,
            timeout=100, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
    path = os.environ.get("STEPWORKS_RENDER")
    assert path and os.access(path, os.X_OK), "set STEPWORKS_RENDER to the installed stepworks-render"
    return Tool(str(Path(path).absolute()), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def box(shelf):
    return models.write_glb(shelf / "box.glb", [("Housing", models.box(), models.WHITE)])


@pytest.fixture(scope="session")
def ring(shelf):
    return models.write_glb(shelf / "ring.glb", [("Outer ring", models.ring(), models.STEEL)])


@pytest.fixture(scope="session")
def assembly(shelf):
    """A ring with a ball beside it, of different colours."""
    positions, normals, triangles = models.ball()
    return models.write_glb(shelf / "assembly.glb", [
        ("Outer ring", models.ring(), models.STEEL),
        ("Ball", (positions + [0.03, 0, 0], normals, triangles), models.RED),
        ("Widget 7Q", models.box((0.01, 0.01, 0.03)), models.TEAL)])


@pytest.fixture(scope="session")
def template(tool, shelf):
    """A template with a camera and a green world, which is a light."""
    return make_template(tool, shelf / "studio.blend")


@pytest.fixture(scope="session")
def bearing(shelf):
    """The project's sample bearing, converted by the CAD tool."""
    cad = os.environ.get("STEPWORKS_CAD")
    assert cad and os.access(cad, os.X_OK), "set STEPWORKS_CAD to the built stepworks-cad"
    subprocess.run([cad, "sample", "bearing", "bearing.step"], cwd=shelf, check=True, capture_output=True)
    request = shelf / "export-request.json"
    request.write_text(json.dumps(
        {"operation": "export_glb", "source": str(shelf / "bearing.step"), "parameters": {"preset": "preview"}}))
    subprocess.run([cad, str(request)], cwd=shelf, check=True, capture_output=True)
    return shelf / "bearing.glb"
