"""Random jobs on workers that meet random signals."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import invariants
from installation import Installation

# Queues, the limit each ends with, and the greatest it ever has.
QUEUES = {"default": 24, "narrow": 2, "mixed 'quotes' é": 6}
ENOUGH_WAITING = 400


def add_command(commands, shared):
    parser = commands.add_parser("kill", parents=[shared], help="random jobs, random signals, then every invariant")
    parser.add_argument("--minutes", type=float, default=2, help="how long signals are sent (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="how many run at once (default: %(default)s)")
    parser.set_defaults(run=run)


def run(options):
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    directory = tempfile.mkdtemp(prefix="stepworks-soak-")
    print(f"soak kill: {options.minutes:g} minutes, {options.workers} workers, seed {seed}, in {directory}", flush=True)
    installation = Installation(directory, directory, options)
    try:
        soak = Soak(installation, options.workers, random.Random(seed))
        wrong = soak.run(options.minutes * 60)
    finally:
        installation.end()
    counts = installation.rows("SELECT state, count(*), sum(fence) FROM jobs GROUP BY state ORDER BY state")
    print(", ".join(f"{count} {state}" for state, count, _ in counts)
          + f"; {sum(claims for _, _, claims in counts)} claims; {soak.counts()}")
    for sentence in wrong[:20]:
        print(f"  BROKEN: {sentence}")
    if wrong:
        print(f"soak kill: {len(wrong)} broken promises; seed {seed}; see {directory}")
        return 1
    print("soak kill: every promise kept")
    if not options.keep:
        shutil.rmtree(directory)
    return 0


class Soak:
    def __init__(self, installation, workers, choice):
        self.installation = installation
        self.worker_count = workers
        self.choice = choice
        self.done = {}  # what was done how often
        self.limits = []
        self.wrong = []

    def counts(self):
        return ", ".join(f"{count} × {what}" for what, count in sorted(self.done.items()))

    def count(self, what):
        self.done[what] = self.done.get(what, 0) + 1

    def run(self, seconds):
        producer = self.installation.connect()
        for queue, limit in QUEUES.items():
            producer.execute("INSERT OR IGNORE INTO worker_configs (queue_name) VALUES (?)", (queue,))
            self.set_limit(producer, queue, limit)
        for _ in range(self.worker_count):
            self.installation.start_worker()
        begin = time.monotonic()
        next_report = begin + 10
        while (now := time.monotonic()) < begin + seconds:
            self.produce(producer)
            if self.choice.random() < 0.3:
                self.hurt()
            if now >= next_report:
                next_report += 10
                self.report(int(now - begin))
            time.sleep(self.choice.uniform(0, 0.2))
        for queue, limit in QUEUES.items():
            self.set_limit(producer, queue, limit)
        producer.close()
        self.revive()
        for worker in self.installation.workers:
            worker.send_signal(signal.SIGCONT)
        self.installation.wait_until_finished(120)
        time.sleep(5)  # two sweeps
        return self.wrong + self.installation.stop_workers() + invariants.broken(self.installation, self.limits)

    def report(self, seconds):
        states = dict(self.installation.rows("SELECT state, count(*) FROM jobs GROUP BY state"))
        final = sum(states.pop(state, 0) for state in invariants.FINAL)
        waiting = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        print(f"[{seconds:4} s] {final} final, {waiting}; {self.counts()}", flush=True)

    # Producers

    def produce(self, producer):
        if producer.execute("SELECT count(*) FROM jobs WHERE state = 'available'").fetchone()[0] < ENOUGH_WAITING:
            producer.execute("BEGIN IMMEDIATE")
            ids = [self.insert(producer) for _ in range(self.choice.randint(1, 40))]
            for child in ids[1:]:
                if self.choice.random() < 0.15:
                    parent = self.choice.choice([id for id in ids if id < child])
                    producer.execute("INSERT INTO job_dependencies (job_id, depends_on) VALUES (?, ?)", (child, parent))
            producer.execute("COMMIT")
        chance = self.choice.random()
        if chance < 0.1:
            self.cancel(producer)
        elif chance < 0.15:
            self.retry(producer)
        elif chance < 0.25:
            queue = self.choice.choice(list(QUEUES))
            self.set_limit(producer, queue, self.choice.choice([0, 1, 2, QUEUES[queue]]))

    def insert(self, producer):
        kind = self.choice.choices(
            ["plain", "sleep", "tool", "stubborn", "daemons", "fails", "exits", "crashes", "later"],
            [40, 15, 10, 1, 3, 5, 2, 2, 10])[0]
        parameters = {
            "plain": {"text": "ü\n'\"\u2028" + "x" * self.choice.randint(0, 2000)},
            "sleep": {"sleep_seconds": self.choice.uniform(0, 1.5), "progress_steps": self.choice.randint(1, 5)},
            "tool": {"tool": True, "sleep_seconds": self.choice.uniform(0, 0.5), "progress_steps": 2},
            "stubborn": {"tool": True, "ignore_sigterm": True, "sleep_seconds": 3},
            "daemons": {"daemons": self.choice.randint(1, 3), "ignore_sigterm": self.choice.random() < 0.5},
            "fails": {"fail": self.choice.choice(
                ["invalid_input", "missing_input", "tool_failed", "timed_out", "out_of_memory", "invalid_output"])},
            "exits": {"exit_status": self.choice.choice([1, 65, 66, 70])},
            "crashes": {"crash_signal": self.choice.choice(["SEGV", "ABRT", "KILL", "TERM"])},
            "later": {"text": "later"},
        }[kind]
        run_at = int((time.time() + self.choice.uniform(-1, 5)) * 1000) if kind == "later" else None
        return producer.execute(
            "INSERT INTO jobs (step, parameters, queue, priority, run_at, max_crashes) VALUES ('ping', ?, ?, ?, ?, ?)"
            " RETURNING id",
            (json.dumps(parameters), self.choice.choices(list(QUEUES), [10, 1, 3])[0], self.choice.randint(-5, 5),
             run_at, 100 if kind != "crashes" else 3)).fetchone()[0]

    def cancel(self, producer):
        """Recent jobs: waiting, running and final ones."""
        last = producer.execute("SELECT max(id) FROM jobs").fetchone()[0]
        ids = self.choice.sample(range(max(1, last - 500), last + 1), min(last, self.choice.randint(1, 10)))
        producer.execute("BEGIN IMMEDIATE")
        for id in ids:
            producer.execute("UPDATE jobs SET cancel_requested_at = 1 WHERE id = ?", (id,))
        running = producer.execute(
            "SELECT id FROM jobs WHERE state = 'running' ORDER BY random() LIMIT 1").fetchone() or [0]
        producer.execute("UPDATE jobs SET cancel_requested_at = 1 WHERE id = ?", running)
        producer.execute("COMMIT")
        self.count("cancel")

    def retry(self, producer):
        ids = producer.execute(
            "SELECT id FROM jobs WHERE state IN ('failed', 'cancelled') ORDER BY random() LIMIT 3").fetchall()
        if not ids:
            return
        result = self.installation.command("retry", *(str(id) for id, in ids))
        # 65: another job that it waits for has failed, or somebody was faster.
        if result.returncode not in (0, 65):
            self.wrong.append(f"stepworks retry ended with status {result.returncode}: {result.stderr.strip()}")
        self.count("retry")

    def set_limit(self, producer, queue, limit):
        """0 pauses. The event id says from where on the limit must hold."""
        producer.execute("BEGIN IMMEDIATE")
        last = producer.execute("SELECT coalesce(max(id), 0) FROM job_events").fetchone()[0]
        producer.execute("UPDATE worker_configs SET max_concurrency = ?, paused = ? WHERE queue_name = ?",
                         (max(limit, 1), int(limit == 0), queue))
        producer.execute("COMMIT")
        self.limits.append((last, queue, limit))
        self.count("limit")

    # Faults

    def hurt(self):
        self.revive()
        kind = self.choice.choices(["SIGKILL", "SIGSTOP", "SIGTERM", "supervisor SIGKILL", "supervisor SIGSTOP"],
                                   [4, 3, 2, 4, 1])[0]
        if kind.startswith("supervisor"):
            supervisors = self.installation.supervisors()
            if not supervisors:
                return
            self.send(self.choice.choice(supervisors), kind.split()[1], self.choice.uniform(0.1, 3))
        else:
            self.send(self.choice.choice(self.installation.workers), kind, self.choice.uniform(0.05, 4))
        self.count(kind)

    def send(self, target, name, pause):
        send = target.send_signal if isinstance(target, subprocess.Popen) else lambda number: _kill(target, number)
        send(getattr(signal, name))
        if name == "SIGSTOP":
            timer = threading.Timer(pause, send, [signal.SIGCONT])
            timer.daemon = True
            timer.start()

    def revive(self):
        """Replaces the workers that have ended; one that was told to drain must have ended with status 0."""
        for worker in list(self.installation.workers):
            status = worker.poll()
            if status is None:
                continue
            # SIGTERM in the first milliseconds, before it is trapped, ends a worker that has not done anything yet.
            unborn = status == -signal.SIGTERM and worker.log.stat().st_size == 0
            if status not in (0, -signal.SIGKILL) and not unborn:
                self.wrong.append(f"worker process {worker.pid} ended with status {status}")
            self.installation.workers.remove(worker)
        while len(self.installation.workers) < self.worker_count:
            self.installation.start_worker()


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended
