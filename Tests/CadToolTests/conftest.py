"""Runs the real stepworks-cad; its path is in STEPWORKS_CAD."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# What contained every hostile file tried. The soft limit is lower, so that the tool can still say
# that its time is up.
LIMITS = ["prlimit", "--as=4294967296", "--cpu=50:60", "--core=0"]


@dataclass
class Run:
    """One finished run: every line of standard output is JSON, the last a result or an error."""

    status: int
    lines: list
    stderr: str

    @property
    def result(self):
        assert self.status == 0, self.lines[-1:]
        return self.lines[-1]["result"]

    @property
    def summary(self):
        return self.result["summary"]

    @property
    def error(self):
        assert self.status != 0, self.lines[-1:]
        return self.lines[-1]["error"]


class Tool:
    def __init__(self, path):
        self.path = path

    def call(self, *arguments, cwd, before_exec=None):
        done = subprocess.run(
            [*LIMITS, self.path, *map(str, arguments)],
            cwd=cwd, capture_output=True, timeout=100, preexec_fn=before_exec)
        lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
        return Run(done.returncode, lines, done.stderr.decode(errors="replace"))

    def run(self, directory, operation, source, before_exec=None, name=None, sha256=None, **parameters):
        directory.mkdir(exist_ok=True)
        request = {"operation": operation, "source": str(source), "parameters": parameters}
        if name is not None:
            request["name"] = name
        if sha256 is not None:
            request["source_sha256"] = sha256
            request["input_semantic_sha256"] = "5" + sha256[1:]
            request["derivation_key"] = sha256[::-1]
        path = directory.parent / (directory.name + "-request.json")
        path.write_text(json.dumps(request))
        return self.call(path, cwd=directory, before_exec=before_exec)

    def metadata(self, directory, source, **parameters):
        result = self.run(directory, "extract_metadata", source, **parameters).result
        return json.loads((directory / result["outputs"][0]["path"]).read_text())


@pytest.fixture(scope="session")
def tool():
    path = os.environ.get("STEPWORKS_CAD")
    assert path and os.access(path, os.X_OK), "set STEPWORKS_CAD to the built stepworks-cad"
    return Tool(str(Path(path).resolve()))


@pytest.fixture(scope="session")
def bearing(tool, tmp_path_factory):
    directory = tmp_path_factory.mktemp("bearing")
    tool.call("sample", "bearing", "bearing.step", cwd=directory).result
    return directory / "bearing.step"
