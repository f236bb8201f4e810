"""A database of its own with one worker on it, jobs that are timed, and the plain script beside it."""

import dataclasses
import json
import os
import pathlib
import resource
import signal
import sqlite3
import subprocess
import sys
import time

POLL_SECONDS = 0.002
LONGEST_JOB_SECONDS = 1800
PLAIN = pathlib.Path(__file__).with_name("plain.py")
RENDER = pathlib.Path(sys.executable).with_name("stepworks-render")


class Unavailable(Exception):
    """Something that the benchmark itself needs is not there, or failed."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one picture took."""

    wall: float
    """Seconds as the one who ordered it saw them."""
    cpu: float
    """Seconds of processor time, over all processes that had a part in it."""


@dataclasses.dataclass(frozen=True)
class Model:
    path: str
    triangles: int
    thumbnail_samples: int


class Installation:
    """One worker on a database of its own in `directory`; a context manager that leaves no process."""

    def __init__(self, directory, options, **settings):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.program = program(options, "stepworks")
        self.database = self.directory / "stepworks.db"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPWORKS_")}
        self.environment = inherited | {
            "STEPWORKS_DATABASE": str(self.database), "STEPWORKS_STATUS_PORT": "off", "STEPWORKS_LOG_FORMAT": "json",
            "STEPWORKS_TOOLS_RENDER": str(RENDER), "STEPWORKS_RENDER_CYCLES_DEVICE": "cpu",
            # Nothing but what is measured decides how long a waiting process lives.
            "STEPWORKS_RENDER_WARM_IDLE_SECONDS": "3600", "STEPWORKS_RENDER_WARM_AGE_SECONDS": "86400",
            "STEPWORKS_RENDER_WARM_JOBS": "100000",
        } | settings

    def __enter__(self):
        self.command("migrate")
        with open(self.directory / "worker.log", "wb") as log:
            self.worker = subprocess.Popen(
                [self.program, "worker"], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.connection = sqlite3.connect(self.database, timeout=30, isolation_level=None)
        self.run([("ping", {})])  # from here on the worker is ready
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.worker.send_signal(signal.SIGTERM)
        try:
            self.worker.wait(60)
        finally:
            self.worker.kill()
            self.worker.wait()

    def command(self, *arguments):
        done = subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(f"stepworks {arguments[0]} failed: {done.stderr.strip()}")

    def run(self, jobs):
        """Inserts (step, parameters) in one transaction; returns the cost until all are final, and their rows.

        Wall time runs from the end of the COMMIT to the moment at which a reader sees the last of them completed.
        """
        before = _tree_cpu(self.worker.pid)
        self.connection.execute("BEGIN IMMEDIATE")
        ids = [self._insert(step, parameters) for step, parameters in jobs]
        self.connection.execute("COMMIT")
        begin = time.monotonic()
        query = f"SELECT count(*) FROM jobs WHERE id IN ({','.join(map(str, ids))}) AND finished_at IS NULL"
        while self.connection.execute(query).fetchone()[0]:
            if self.worker.poll() is not None:
                raise Unavailable(f"the worker ended: {(self.directory / 'worker.log').read_text()[-500:].strip()}")
            if time.monotonic() - begin > LONGEST_JOB_SECONDS:
                raise Unavailable(f"the jobs {ids} have not ended after {LONGEST_JOB_SECONDS} s")
            time.sleep(POLL_SECONDS)
        cost = Cost(time.monotonic() - begin, _tree_cpu(self.worker.pid) - before)
        results = []
        for id in ids:
            state, result, error = self.connection.execute(
                "SELECT state, result, error FROM jobs WHERE id = ?", (id,)).fetchone()
            if state != "completed":
                raise Unavailable(f"job {id} is {state}: {error}")
            results.append(json.loads(result))
        return cost, results

    def _insert(self, step, parameters):
        query = "INSERT INTO jobs (step, parameters) VALUES (?, ?) RETURNING id"
        return self.connection.execute(query, (step, json.dumps(parameters))).fetchall()[0][0]

    def waiting_processes(self):
        """The render processes that wait for requests."""
        found = []
        for pid in _tree(self.worker.pid):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            if words[-2:-1] == [b"--serve"] and b"stepworks_render" in words:
                found.append(pid)
        return found


def program(options, name):
    path = pathlib.Path(options.programs).resolve() / name
    if not os.access(path, os.X_OK):
        raise Unavailable(f"{path} is not there; build it first: swift build -c release")
    return path


def sample(options, directory):
    """The STEP file of the sample bearing."""
    path = pathlib.Path(directory) / "bearing.step"
    subprocess.run([program(options, "stepworks-cad"), "sample", "bearing", path], check=True, capture_output=True)
    return path


def make_model(options, directory, step_file):
    """Its GLB, made by Stepworks, and what render_thumbnail does by default."""
    with Installation(pathlib.Path(directory) / "model", options) as installation:
        _, (result,) = installation.run([("export_glb", {"source": str(step_file)})])
        schema = json.loads(installation.connection.execute(
            "SELECT parameter_schema FROM steps WHERE name = 'render_thumbnail'").fetchone()[0])
        path = result["artifacts"][0]["path"]
        return Model(path, triangles_of(path), schema["properties"]["samples"]["default"])


def triangles_of(path):
    """Over all instances, from the GLB's own tables."""
    with open(path, "rb") as file:
        header = file.read(20)  # glTF 2.0, section 4.4: 12 bytes, then length and type of the JSON chunk
        document = json.loads(file.read(int.from_bytes(header[12:16], "little")))
    meshes = [sum(document["accessors"][primitive["indices"]]["count"] // 3 for primitive in mesh["primitives"])
              for mesh in document["meshes"]]
    return sum(meshes[node["mesh"]] for node in document["nodes"] if "mesh" in node)


def plain_command(model, picture, *arguments):
    return [sys.executable, PLAIN, model, picture, *map(str, arguments)]


def run_plain(commands):
    """Runs them all at once; returns the cost until the last has ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    # They do not print into our table; what one has to say is shown when it fails.
    processes = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for command in commands]
    said = [process.communicate()[1] for process in processes]
    wall = time.monotonic() - begin
    for process, text in zip(processes, said):
        if process.returncode != 0:
            raise Unavailable(f"plain.py failed: {text.decode(errors='replace').strip()[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _tree(root):
    """The process and all that descend from it."""
    children = {}
    for path in pathlib.Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(path.name)):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _tree_cpu(root):
    """Seconds of processor time of a tree, those of its dead included."""
    ticks = sum(sum(map(int, fields[11:15])) for pid in _tree(root) if (fields := _stat(pid)))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the name, from the state on; None when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
