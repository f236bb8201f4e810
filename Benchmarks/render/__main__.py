"""The command line of `scripts/benchmark render`."""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile

import memory
import pairs
import quality
import thumbnails
from installation import Unavailable, make_model, sample


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark render",
        description="Thumbnails, cold and warm, beside a plain script on the same Blender; memory; two at once.")
    parser.add_argument("--rounds", type=int, help="thumbnails of each kind (default: 10; with --quick 3)")
    parser.add_argument("--quick", action="store_true", help="a look in a minute or two: fewer of everything")
    parser.add_argument("--only", choices=["thumbnails", "quality", "memory", "pairs"], help="one part alone")
    parser.add_argument("--samples", type=int, help="of the thumbnails (default: what render_thumbnail takes)")
    parser.add_argument("--programs", default=".build/release", help="where stepworks is (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the directory with pictures and logs")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    directory = tempfile.mkdtemp(prefix="stepworks-render-benchmark-")
    try:
        measure(options, directory)
        return 0
    except Unavailable as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("benchmark: interrupted.", file=sys.stderr)
        return 130
    finally:
        if options.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def measure(options, directory):
    parts = {"thumbnails": thumbnails.measure, "quality": quality.measure, "memory": memory.measure,
             "pairs": pairs.measure}
    print(f"{processor()}, {len(os.sched_getaffinity(0))} processors, Linux {platform.release()}; load {load()}")
    model = make_model(options, directory, sample(options, directory))
    options.samples = options.samples or model.thumbnail_samples
    print(f"model: the sample bearing as GLB, {model.triangles:,} triangles; Cycles on the CPU", flush=True)
    for name, part in parts.items():
        if options.only in (None, name):
            print()
            part(options, directory, model.path)
    print(f"\nload at the end {load()}. A ratio of CPU seconds is less disturbed by others than one of wall seconds.")


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


sys.exit(main())
