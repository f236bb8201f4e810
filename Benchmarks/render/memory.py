"""Resident memory of a waiting process over many requests."""

import os
import pathlib
import statistics

import thumbnails
from installation import Installation, Unavailable

ANGLES = ("front_0deg", "right_90deg", "back_180deg", "left_270deg", "top_90deg", "three_quarter_45deg")


def measure(options, directory, model):
    count = 20 if options.quick else 200
    resident = []
    seen = set()
    with Installation(pathlib.Path(directory) / "memory", options) as installation:
        for number in range(count):
            step, parameters = thumbnails.job(model, samples=1, seed=number, size=64)
            angle = ANGLES[number % len(ANGLES)]
            installation.run([(step, parameters | {"angle": angle, "faulty_picture": "warn"})])
            processes = installation.waiting_processes()
            if len(processes) != 1:
                raise Unavailable(f"{len(processes)} render processes wait where one was expected")
            seen.add(processes[0])
            resident.append(_resident_megabytes(processes[0]))
    middle = statistics.median(resident)
    print(f"memory of the waiting process over {count} thumbnails (64 px, six angles), {len(seen)} process in all")
    print(f"resident MB: first {resident[0]:.0f}, median {middle:.0f}, last {resident[-1]:.0f}, "
          f"most {max(resident):.0f}", flush=True)


def _resident_megabytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
