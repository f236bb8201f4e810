"""A database of its own, the workers on it, and producers that know nothing but SQL."""

import os
import pathlib
import signal
import sqlite3
import subprocess
import time


class Unavailable(Exception):
    """Something that the soak itself needs is not there."""


class Installation:
    """Everything in one directory; end() leaves no process of it."""

    def __init__(self, directory, logs, options, synchronous="full"):
        self.directory = pathlib.Path(directory)
        self.logs = pathlib.Path(logs)
        self.program = pathlib.Path(options.programs).resolve() / "stepworks"
        if not os.access(self.program, os.X_OK):
            raise Unavailable(f"{self.program} is not there; build it first: swift build -c release")
        self.database = self.directory / "stepworks.db"
        self.synchronous = synchronous
        self.workers = []
        self.started = 0
        self.command("migrate")
        self.identity = self.value("SELECT id FROM database_identity")

    @property
    def environment(self):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("STEPWORKS_")}
        return inherited | {
            "STEPWORKS_DATABASE": str(self.database), "STEPWORKS_STATUS_PORT": "off", "STEPWORKS_LOG_FORMAT": "json",
            "STEPWORKS_LOG_LEVEL": "debug", "STEPWORKS_DATABASE_SYNCHRONOUS": self.synchronous,
            # Less patience than in production, so that more happens in a minute.
            "STEPWORKS_WORKER_RESCUE_SECONDS": "1", "STEPWORKS_WORKER_SWEEP_SECONDS": "2",
            "STEPWORKS_WORKER_DRAIN_SECONDS": "2", "STEPWORKS_TOOLS_GRACE_SECONDS": "1",
        }

    def command(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True)

    def start_worker(self):
        self.started += 1
        path = self.logs / f"worker-{self.started}.log"
        with open(path, "wb") as log:
            worker = subprocess.Popen(
                [self.program, "worker"], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        worker.log = path
        self.workers.append(worker)
        return worker

    def connect(self):
        connection = sqlite3.connect(self.database, timeout=30, isolation_level=None)
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        return connection

    def rows(self, query, *arguments):
        connection = self.connect()
        try:
            return connection.execute(query, arguments).fetchall()
        finally:
            connection.close()

    def value(self, query, *arguments):
        return self.rows(query, *arguments)[0][0]

    def wait_until_finished(self, seconds):
        """Returns the jobs that are not final after `seconds`."""
        query = "SELECT id, state FROM jobs WHERE state NOT IN ('completed', 'failed', 'cancelled')"
        deadline = time.monotonic() + seconds
        while (left := self.rows(query)) and time.monotonic() < deadline:
            time.sleep(0.5)
        return left

    def tool_processes(self):
        """(pid, command line) of each process that carries the mark of this database, wherever it has gone."""
        mark = f"STEPWORKS_RUN={self.identity}-".encode()
        found = []
        for process in pathlib.Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                if mark in (process / "environ").read_bytes():
                    words = (process / "cmdline").read_bytes().split(b"\0")
                    found.append((int(process.name), b" ".join(words)[:100].decode(errors="replace")))
            except OSError:
                pass  # it has ended
        return found

    def supervisors(self):
        return [pid for pid, line in self.tool_processes() if line.split(" ")[0].endswith("/stepworks-supervisor")]

    def stop_workers(self, seconds=60):
        """Drains every worker. Returns a sentence for each that did not end in good order."""
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.send_signal(signal.SIGTERM)
        wrong = []
        for worker in self.workers:
            try:
                status = worker.wait(seconds)
                if status != 0:
                    wrong.append(f"worker process {worker.pid} drained with status {status}")
            except subprocess.TimeoutExpired:
                wrong.append(f"worker process {worker.pid} did not drain in {seconds} s")
        self.end()
        return wrong

    def end(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.workers = []
