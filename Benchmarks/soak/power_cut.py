"""A disk that forgets, at a random moment, all that was not flushed: ext4 in a file, shut down without its journal."""

import fcntl
import json
import os
import pathlib
import random
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import invariants
from installation import Installation, Unavailable

# _IOR('X', 125, __u32) of <linux/fs.h> (since Linux 6.11; ext4 has known it since 4.12)
EXT4_IOC_SHUTDOWN = 2 << 30 | 4 << 16 | ord("X") << 8 | 125
WITHOUT_LOG_FLUSH = 2


def add_command(commands, shared):
    parser = commands.add_parser(
        "power-cut", parents=[shared], help="a disk that forgets what was not flushed (as root)")
    parser.add_argument("--rounds", type=int, default=5, help="how many cuts (default: %(default)s)")
    parser.add_argument("--synchronous", choices=["full", "normal"], default="full",
                        help="normal is allowed to lose commits: it shows that the cut is real (default: %(default)s)")
    parser.set_defaults(run=run)


def run(options):
    if os.geteuid() != 0:
        raise Unavailable("power-cut mounts a file system: run it as root.")
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stepworks-soak-"))
    print(f"soak power-cut: {options.rounds} rounds, synchronous {options.synchronous}, seed {seed}, in {directory}",
          flush=True)
    disk = Disk(directory)
    choice = random.Random(seed)
    acknowledged = lost = 0
    wrong = []
    try:
        disk.mount()
        installation = Installation(disk.mount_point, directory, options, options.synchronous)
        for number in range(1, options.rounds + 1):
            witness = Witness(installation)
            try:
                witness.work(choice.uniform(1, 5))
                disk.cut()
            finally:
                witness.end()
            disk.unmount()
            disk.mount()
            missing = witness.missing()
            wrong += finish(installation)
            acknowledged += witness.count
            lost += len(missing)
            print(f"[round {number}] lost {len(missing)} of {witness.count} acknowledged commits"
                  f" ({len(witness.inserts)} inserts, {len(witness.settlements)} settlements)", flush=True)
            wrong += missing if options.synchronous == "full" else []
    finally:
        disk.unmount()
    for sentence in wrong[:20]:
        print(f"  BROKEN: {sentence}")
    print(f"soak power-cut: lost {lost} of {acknowledged} acknowledged commits; "
          + (f"{len(wrong)} broken promises; seed {seed}; see {directory}" if wrong else "every promise kept"))
    if not wrong and not options.keep:
        shutil.rmtree(directory)
    return 1 if wrong else 0


def finish(installation):
    """A new worker on what is left of the database must bring every job to its end."""
    try:
        installation.start_worker()
        installation.wait_until_finished(60)
        time.sleep(4)  # a sweep
        return installation.stop_workers() + invariants.broken(installation)
    except sqlite3.Error as error:
        return [f"the database cannot be read after the cut: {error}"]
    finally:
        installation.end()


class Witness:
    """A worker, a producer, and what each of them was told is committed, kept off the disk that is cut."""

    def __init__(self, installation):
        self.installation = installation
        self.inserts = []
        self.settlements = []
        self.is_over = False
        self.producer = threading.Thread(target=self.produce)

    @property
    def count(self):
        return len(self.inserts) + len(self.settlements)

    def work(self, seconds):
        self.log = self.installation.start_worker().log
        self.producer.start()
        time.sleep(seconds)

    def produce(self):
        connection = self.installation.connect()
        try:
            while not self.is_over:
                parameters = json.dumps({"number": len(self.inserts), "tool": len(self.inserts) % 50 == 0})
                id = connection.execute(
                    "INSERT INTO jobs (step, parameters, max_crashes) VALUES ('ping', ?, 100) RETURNING id",
                    (parameters,)).fetchall()[0][0]
                self.inserts.append(id)
        except sqlite3.Error:
            pass  # the power is gone
        finally:
            connection.close()

    def end(self):
        """The worker and the producer have learnt of the cut by errors; now they go too."""
        self.is_over = True
        self.producer.join()
        self.installation.end()
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # cut off by the kill
            if event["message"] == "[ping] completed":
                self.settlements.append((event["job"], event["fence"]))

    def missing(self):
        """A sentence for each acknowledged commit that the disk does not have."""
        jobs = {id: (state, fence) for id, state, fence
                in self.installation.rows("SELECT id, state, fence FROM jobs")}
        return [f"the insert of job {id} was acknowledged and is gone" for id in self.inserts if id not in jobs] + [
            f"the completion of job {id} was acknowledged, the disk has {jobs.get(id)}"
            for id, fence in self.settlements if jobs.get(id) != ("completed", fence)]


class Disk:
    def __init__(self, directory):
        self.image = directory / "disk"
        self.mount_point = directory / "mount"
        self.mount_point.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(512 << 20)
        _tool("mkfs.ext4", "-q", self.image)

    def mount(self):
        _tool("mount", "-o", "loop", self.image, self.mount_point)

    def cut(self):
        descriptor = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self):
        """Tools that die with their worker may hold it for a moment."""
        for _ in range(100):
            if not os.path.ismount(self.mount_point):
                return
            if subprocess.run(["umount", self.mount_point], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise Unavailable(f"{self.mount_point} cannot be unmounted: something still uses it.")


def _tool(*command):
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{command[0]} failed: {error.stderr.strip()}") from None
