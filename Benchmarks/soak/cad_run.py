"""One run of stepworks-cad as a worker makes it: under the supervisor, limited, in a directory of its own."""

import json
import os
import signal
import subprocess
import time

MEMORY_BYTES = 2 << 30
GRACE_MS = 1000
# Beyond its limits a run may take what ending it takes, on a machine that is busy.
PATIENCE_SECONDS = 20
CLASSES = {"invalid_input": {65}, "out_of_memory": {70}, "tool_failed": {70}, "invalid_output": {70}}


class Run:
    """What became of it: `error_class` ("done" where there is none), `sentence`, `seconds`, and `wrong`, sentences on
    what a worker's tool must never do."""

    def __init__(self, programs, directory, operation, source, parameters, limit_seconds):
        self.directory = directory
        self.wrong = []
        self.sentence = ""
        work, logs = directory / "work", directory / "logs"
        work.mkdir()
        logs.mkdir()
        request = directory / "request.json"
        request.write_text(json.dumps({
            "operation": operation, "source": str(source), "name": "part", "parameters": parameters}))
        record = self.supervise(programs, request, work, logs, limit_seconds)
        self.error_class = "hang"
        if record:
            self.seconds = record["wall_us"] / 1e6
            self.judge(record, read_messages(logs), work, source.name)

    def supervise(self, programs, request, work, logs, limit_seconds):
        """The exit record, or None when the run did not end in time."""
        run_id = f"fuzz-{os.getpid()}-{self.directory.name}"
        started = time.monotonic()
        supervisor = subprocess.Popen(
            [programs / "stepworks-supervisor", "--parent", str(os.getpid()), "--run", run_id,
             "--log-directory", logs, "--working-directory", work, "--address-space-bytes", str(MEMORY_BYTES),
             "--cpu-seconds", str(limit_seconds), "--wall-ms", str(limit_seconds * 1000), "--grace-ms", str(GRACE_MS),
             "--file-size-bytes", str(256 << 20), "--", programs / "stepworks-cad", request],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "STEPWORKS_RUN": run_id},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            supervisor.stdin.write(b"g")
            supervisor.stdin.flush()
            supervisor.wait(limit_seconds + GRACE_MS / 1000 + PATIENCE_SECONDS)
            said = supervisor.stderr.read().decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            supervisor.send_signal(signal.SIGKILL)  # the tool dies with it
            supervisor.wait()
            self.seconds = time.monotonic() - started
            self.wrong.append(f"it was still there {PATIENCE_SECONDS} s after its limit of {limit_seconds} s")
            return None
        finally:
            supervisor.stdin.close()
            supervisor.stderr.close()
        path = logs / "exit.json"
        if not path.exists():
            self.seconds = time.monotonic() - started
            self.wrong.append(f"the supervisor ended with {supervisor.returncode} and no record ({said})")
            return None
        return json.loads(path.read_text())

    def judge(self, record, messages, work, source_name):
        """Sets the class as the worker would, and finds what is wrong with it."""
        status, number = record["exit_status"], record["signal"]
        errors = [line["error"] for line in messages if "error" in line]
        results = [line["result"] for line in messages if "result" in line]
        if record["stray_descendants_killed"]:
            self.wrong.append("it left processes behind")
        if len(errors) + len(results) > 1:
            self.wrong.append(f"it gave {len(errors)} errors and {len(results)} results")
        if status == 0:
            self.error_class = "done"
            if not results:
                self.wrong.append("it ended with 0 and gave no result")
            else:
                self.wrong += [f"output: {what}" for what in faults_of_outputs(results[-1], work)]
            return
        if results:
            self.wrong.append("it gave a result and failed")
        self.sentence = errors[-1]["message"] if errors else ""
        if record["reason"] in ("wall_clock", "silence"):
            self.error_class = "timed_out" if record["reason"] == "wall_clock" else "stalled"
        elif number is not None:
            out_of_time = number == signal.SIGXCPU or number == signal.SIGKILL
            near_limit = record["peak_rss_bytes"] >= MEMORY_BYTES * 0.8
            self.error_class = "out_of_memory" if near_limit else "timed_out" if out_of_time else "tool_crashed"
            # A stack that overflowed in the kernel's code may leave no room for a last word.
            if errors and errors[-1]["class"] not in ("tool_crashed", "timed_out"):
                self.wrong.append(f"it died of signal {number} and called that {errors[-1]['class']}")
        else:
            self.error_class = errors[-1]["class"] if errors else "none"
            if not errors:
                self.wrong.append(f"it ended with {status} and named no class")
            elif status not in CLASSES.get(self.error_class, ()):
                self.wrong.append(f"it ended with {status} and called that {self.error_class}")
        if self.sentence:
            self.wrong += [f"sentence: {what}" for what in faults_of_sentence(self.sentence, source_name)]


def read_messages(logs):
    path = logs / "messages.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.startswith(b"{")]


def faults_of_sentence(sentence, source_name):
    if source_name not in sentence and "part." not in sentence:
        yield "it does not name the file"
    if not sentence.endswith(".") or any(ord(character) < 32 for character in sentence):
        yield "it is not one clean sentence"
    if len(sentence) > 1000:
        yield f"it has {len(sentence)} characters"
    if "/tmp/" in sentence or "/home/" in sentence:
        yield "it shows a path of the machine"


def no_constant(text):
    raise ValueError(f"{text} is no JSON")


def faults_of_outputs(result, work):
    named = {output["path"] for output in result["outputs"]}
    there = {path.name for path in work.iterdir()}
    if named != there:
        yield f"named {sorted(named)}, there are {sorted(there)}"
    for name in named & there:
        data = (work / name).read_bytes()
        try:
            if name.endswith(".glb"):
                faults_of_glb(data)
            else:
                json.loads(data, parse_constant=no_constant)
        except (ValueError, KeyError, AssertionError) as problem:
            yield f"{name}: {problem!r}"


def faults_of_glb(data):
    """Raises where the outer shape or a bound is wrong."""
    assert data[:4] == b"glTF" and int.from_bytes(data[8:12], "little") == len(data), "header"
    size = int.from_bytes(data[12:16], "little")
    root = json.loads(data[20:20 + size], parse_constant=no_constant)
    assert root["nodes"] and root["meshes"], "nothing is drawn"
    for accessor in root["accessors"]:
        for bound in ("min", "max"):
            assert all(isinstance(value, (int, float)) for value in accessor.get(bound, [])), "a bound is no number"
