"""Runs the real stepworks-usd, whose path is in STEPWORKS_USD, on models made here and by STEPWORKS_CAD."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import models
import pytest

KEY, DIGEST = "ab" * 32, "cd" * 32
READER = Path(__file__).with_name("reader.py")


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

    @property
    def warnings(self):
        return [one["message"] for one in self.lines if one.get("log") == "warning"]

    @property
    def files(self):
        return sorted(path.name for path in self.directory.iterdir())

    def file(self, role):
        (path,) = [one["path"] for one in self.result["outputs"] if one["role"] == role]
        return self.directory / path

    @property
    def report(self):
        return json.loads(self.file("report").read_text())


class Tool:
    def __init__(self, path, scratch):
        self.path = path
        self.scratch = scratch

    @property
    def environment(self):
        """What the daemon gives a tool."""
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.scratch), "TMPDIR": str(self.scratch)}

    def request(self, path, model, /, **members):
        """Writes a request; `members` replace what it says."""
        request = {
            "operation": "export_usd", "model": str(model), "model_name": Path(model).name,
            "name": Path(model).stem or "part", "derivation_key": KEY, "input_sha256": DIGEST,
        }
        path.write_text(json.dumps(request | members))
        return path

    def start(self, request, directory, **options):
        directory.mkdir(exist_ok=True)
        return subprocess.Popen(
            [self.path, str(request)], cwd=directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)

    def finish(self, process, directory, timeout=100):
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        lines = [json.loads(line) for line in output.decode().splitlines()]
        return Run(process.returncode, lines, errors.decode(errors="replace"), directory)

    def run(self, directory, model, /, **members):
        """Runs a request in `directory`."""
        request = self.request(directory.with_name(directory.name + "-request.json"), model, **members)
        return self.finish(self.start(request, directory), directory)

    def ask(self, *arguments):
        """Runs the tool with plain arguments, such as --version."""
        return subprocess.run(
            [self.path, *arguments], env=self.environment, capture_output=True, text=True, timeout=100, check=False)

    def python(self, script, *arguments, cwd=None):
        """Runs Python as the tool does, in a process of its own."""
        python = Path(self.path).with_name("python3")
        return subprocess.run(
            [python, "-IB", *(["-c", script] if isinstance(script, str) else [script]), *map(str, arguments)], cwd=cwd,
            env=self.environment, capture_output=True, text=True, timeout=100, check=False)

    def read(self, path):
        """What OpenUSD shows of a file, in a process that has nothing of ours: see reader.py. It may say nothing else."""
        done = self.python(READER, path)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr[-2000:]
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
    path = os.environ.get("STEPWORKS_USD")
    assert path and os.access(path, os.X_OK), "set STEPWORKS_USD to the installed stepworks-usd"
    return Tool(str(Path(path).absolute()), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def bearing(shelf):
    """The project's sample bearing, converted by the CAD tool."""
    cad = os.environ.get("STEPWORKS_CAD")
    assert cad and os.access(cad, os.X_OK), "set STEPWORKS_CAD to the built stepworks-cad"
    subprocess.run([cad, "sample", "bearing", "bearing.step"], cwd=shelf, check=True, capture_output=True)
    request = shelf / "export-request.json"
    request.write_text(json.dumps(
        {"operation": "export_glb", "source": str(shelf / "bearing.step"), "parameters": {"preset": "preview"},
         "input_semantic_sha256": "ef" * 32}))
    subprocess.run([cad, str(request)], cwd=shelf, check=True, capture_output=True)
    return shelf / "bearing.glb"


@pytest.fixture(scope="session")
def exported(tool, bearing, tmp_path_factory):
    """The bearing in all formats."""
    return tool.run(tmp_path_factory.mktemp("exported") / "job", bearing, formats=["usdc", "usdz", "usda"])


@pytest.fixture(scope="session")
def blender(tool):
    """What Blender shows of a file: see blender_reader.py."""
    path = os.environ.get("STEPWORKS_RENDER")
    assert path and os.access(path, os.X_OK), "set STEPWORKS_RENDER to the installed stepworks-render"
    script = Path(__file__).with_name("blender_reader.py")

    def read(file):
        done = subprocess.run(
            [Path(path).absolute().with_name("python3"), "-IB", script, file], env=tool.environment, capture_output=True,
            text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        # Blender has its own things to say around it.
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
        return json.loads(line)

    return read


@pytest.fixture
def one_box(tmp_path):
    return models.write_glb(tmp_path / "box.glb", [models.mesh("Box", [(models.box(), 0)])], [models.node("Box", mesh=0)])
