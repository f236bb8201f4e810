"""The command line of `scripts/benchmark cad`."""

import argparse
import os
import pathlib
import platform
import shutil
import signal
import statistics
import sys
import tempfile

from contenders import Peer, Stepworks, Unavailable, measured, triangles_in


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark cad",
        description="Seconds and megabytes a model, beside cascadio and gmsh with the same chord and angle.")
    parser.add_argument("files", nargs="*", help="STEP files besides the sample bearing")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, in turns (default: %(default)s)")
    parser.add_argument("--preset", default="production", help="whose chord and angle all take (default: %(default)s)")
    parser.add_argument("--programs", default=".build/release", help="where stepworks-cad is (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the directory is removed
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stepworks-cad-benchmark-"))
    try:
        return measure(options, directory)
    except Unavailable as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("benchmark: interrupted.", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(options, directory):
    program = pathlib.Path(options.programs).resolve() / "stepworks-cad"
    if not os.access(program, os.X_OK):
        raise Unavailable(f"{program} is not there; build it first: swift build -c release")
    measured([program, "sample", "bearing", "bearing.step"], directory)
    sources = [directory / "bearing.step", *(pathlib.Path(name).resolve() for name in options.files)]
    print(f"{processor()}, {len(os.sched_getaffinity(0))} processors, Linux {platform.release()}; load {load()}")
    print(f"medians of {options.rounds} runs, process start included; chord and angle of the preset {options.preset}")
    ours = Stepworks(program, preset=options.preset)
    contenders = [ours, Peer("with_cascadio.py", "part.glb"), Peer("with_gmsh.py", "part.stl"),
                  Stepworks(program, preset=options.preset, variant="meshopt"), Stepworks(program, "extract_metadata")]
    failed = 0
    for source in sources:
        failed += measure_model(source, ours, contenders, options.rounds, directory)
    print("\nstepworks-cad also measures surfaces and triangles part by part, reads its file back and reports; cascadio and\n"
          "gmsh write what they have. gmsh writes STL: no tree, no names, no colours, each instance a copy.")
    print(f"load at the end {load()}. A ratio of CPU seconds is less disturbed by others than one of wall seconds.")
    return 1 if failed else 0


def measure_model(source, ours, contenders, rounds, directory):
    """Prints one table; returns how many contenders of ours failed."""
    print(f"\n{source.name}, {source.stat().st_size / 1e6:.2f} MB of STEP", end="")
    settings = None
    figures, outputs, troubles = {}, {}, {}
    for number in range(rounds):
        for contender in contenders:
            if contender in troubles:
                continue
            place = directory / f"{source.stem}-{number}"
            place.mkdir()
            try:
                is_preset = isinstance(contender, Stepworks)
                run = contender.run(source, place, None if is_preset else settings)
                if contender is ours and settings is None:
                    settings = ours.settings(place)
                    print(f"; chord {settings[0]:.4g} mm, angle {settings[1]:g}°", flush=True)
                path = contender.output(place)
                outputs[contender] = (triangles_in(path), path.stat().st_size)
                figures.setdefault(contender, []).append(run)
            except (RuntimeError, OSError) as trouble:
                troubles[contender] = trouble
            finally:
                shutil.rmtree(place)
        if settings is None:
            break
    print(f"  {'':42} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'triangles':>10} {'MB out':>8}")
    for contender in contenders:
        if contender in figures and contender not in troubles:
            print_row(contender, figures[contender], *outputs[contender])
        else:
            print(f"  {contender.name:42} {troubles.get(contender, 'not run')}")
    return sum(isinstance(contender, Stepworks) for contender in troubles)


def print_row(contender, runs, triangles, size):
    median = {name: statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu", "megabytes")}
    count = "" if triangles is None else f"{triangles:,}"
    print(f"  {contender.name:42} {median['wall']:8.2f} {median['cpu']:8.2f} {median['megabytes']:8.0f} {count:>10} "
          f"{size / 1e6:8.2f}")


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


sys.exit(main())
