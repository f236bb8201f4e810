"""Who is measured, and how: each run is a process of its own, from its start to its end."""

import json
import os
import pathlib
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent


class Unavailable(Exception):
    """Something that the benchmark itself needs is not there."""


class Figures:
    def __init__(self, wall, usage):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.megabytes = usage.ru_maxrss / 1024


def measured(command, directory):
    """Runs a program to its end. Raises RuntimeError with its last words when it fails."""
    with open(directory / "said", "wb+") as said:
        started = time.monotonic()
        process = subprocess.Popen(
            list(map(str, command)), cwd=directory, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"status {process.returncode}: {last[-200:]}")
    return Figures(wall, usage)


class Stepworks:
    """`operation` export_glb or extract_metadata, as a job runs it: with every check and the report."""

    def __init__(self, program, operation="export_glb", **parameters):
        self.program = program
        self.operation = operation
        self.parameters = parameters
        self.name = f"stepworks-cad {operation}" + "".join(f" {value}" for value in parameters.values())

    def run(self, source, directory, settings):
        request = directory / "request.json"
        parameters = self.parameters
        if settings:
            parameters = {**parameters, "chord_mm": settings[0], "angle_degrees": settings[1]}
        request.write_text(json.dumps({
            "operation": self.operation, "source": str(source), "name": "part", "parameters": parameters}))
        return measured([self.program, request], directory)

    def output(self, directory):
        if self.operation != "export_glb":
            return directory / "part.metadata.json"
        return directory / ("part.meshopt.glb" if "variant" in self.parameters else "part.glb")

    def settings(self, directory):
        """The chord and angle that a run has chosen."""
        last = (directory / "said").read_bytes().splitlines()[-1]
        summary = json.loads(last)["result"]["summary"]
        return summary["chord_mm"], summary["angle_degrees"]


class Peer:
    def __init__(self, script, output):
        self.script = HERE / script
        self.name = script.removeprefix("with_").removesuffix(".py")
        self.file = output

    def run(self, source, directory, settings):
        return measured([sys.executable, self.script, source, self.file, *settings], directory)

    def output(self, directory):
        return directory / self.file


def triangles_in(path):
    """Triangles as drawn, every instance counted; None for a file without any."""
    data = path.read_bytes()
    if path.suffix == ".stl":
        return struct.unpack_from("<I", data, 80)[0]
    if path.suffix != ".glb":
        return None
    size = struct.unpack_from("<I", data, 12)[0]
    root = json.loads(data[20:20 + size])
    in_mesh = [sum(root["accessors"][p["indices"]]["count"] // 3 for p in mesh["primitives"]) for mesh in root["meshes"]]
    return sum(in_mesh[node["mesh"]] for node in root["nodes"] if "mesh" in node)
