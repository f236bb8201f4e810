"""Mutated STEP files through the CAD tool: each ends in time, alone, with a clear class."""

import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import mutations
from cad_run import Run
from installation import Unavailable

REQUESTS = [
    ("extract_metadata", {"density_kg_m3": 7850}),
    ("export_glb", {"preset": "preview"}),
    ("export_glb", {"preset": "preview", "variant": "meshopt"}),
    ("export_glb", {"preset": "production", "triangle_budget": 20000}),
    ("export_glb", {"preset": "preview", "on_deviation": "fail"}),
]
# Ends that are no finding and still worth a look: the first files of each are kept.
NOTABLE, KEPT_OF_EACH = ("tool_crashed", "timed_out", "stalled", "out_of_memory", "invalid_output", "tool_failed"), 20


def add_command(commands, shared):
    parser = commands.add_parser(
        "fuzz", parents=[shared], help="mutated STEP files through stepworks-cad: no hang, a clear class for each")
    parser.add_argument("files", nargs="*", help="STEP files to mutate besides the sample bearing")
    parser.add_argument("--cases", type=int, default=3000, help="how many mutants (default: %(default)s)")
    parser.add_argument("--case", type=int, help="only this one, of the same seed and files")
    parser.add_argument("--limit-seconds", type=int, default=30, help="of one run (default: %(default)s)")
    parser.add_argument("--parallel", type=int, default=2, help="runs at once (default: %(default)s)")
    parser.set_defaults(run=run)


def run(options):
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stepworks-fuzz-"))
    print(f"soak fuzz: {options.cases} cases, seed {seed}, in {directory}", flush=True)
    fuzz = Fuzz(options, seed, directory)
    cases = range(options.cases) if options.case is None else [options.case]
    started = time.monotonic()
    with ThreadPoolExecutor(options.parallel) as pool:
        for done, _ in enumerate(pool.map(fuzz.run_case, cases), 1):
            if done % 500 == 0:
                print(f"  {done} of {len(cases)}, {len(fuzz.findings)} findings", flush=True)
    fuzz.print_summary(len(cases), time.monotonic() - started)
    if fuzz.findings:
        print(f"soak fuzz: {len(fuzz.findings)} findings; seed {seed}; see {directory}")
        return 1
    print("soak fuzz: every mutant got its answer")
    if options.keep:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory)
    return 0


class Fuzz:
    def __init__(self, options, seed, directory):
        self.options = options
        self.seed = seed
        self.directory = directory
        self.programs = pathlib.Path(options.programs).resolve()
        for program in ("stepworks-cad", "stepworks-supervisor"):
            if not os.access(self.programs / program, os.X_OK):
                raise Unavailable(f"{self.programs / program} is not there; build it first: swift build -c release")
        self.sources = [self.bearing()] + [pathlib.Path(name).read_bytes() for name in options.files]
        self.classes = collections.Counter()
        self.seconds = []
        self.sentences = collections.Counter()
        self.findings = []

    def bearing(self):
        path = self.directory / "bearing.step"
        subprocess.run([self.programs / "stepworks-cad", "sample", "bearing", path], check=True, capture_output=True)
        return path.read_bytes()

    def run_case(self, case):
        choice = random.Random(f"{self.seed}-{case}")
        text, done = mutations.mutate(choice.choice(self.sources), choice)
        operation, parameters = choice.choice(REQUESTS)
        place = self.directory / f"case-{case}"
        place.mkdir()
        source = place / "mutant.step"
        source.write_bytes(text)
        run = Run(self.programs, place, operation, source, parameters, self.options.limit_seconds)
        self.classes[run.error_class] += 1
        self.seconds.append((run.seconds, case))
        if run.sentence:
            self.sentences[run.error_class, shape_of(run.sentence)] += 1
        if run.wrong:
            self.findings.append(case)
            print(f"  BROKEN: case {case} ({operation}, {', '.join(done)}): {'; '.join(run.wrong)}\n"
                  f"    {run.error_class}: {run.sentence}", flush=True)
        elif self.options.case is not None:
            print(f"  case {case} ({operation}, {', '.join(done)}), {run.seconds:.1f} s: {run.error_class}: {run.sentence}")
        is_kept = run.error_class in NOTABLE and self.classes[run.error_class] <= KEPT_OF_EACH and self.options.keep
        if not run.wrong and not is_kept and self.options.case is None:
            shutil.rmtree(place)

    def print_summary(self, cases, seconds):
        print(f"{cases} cases in {seconds:.0f} s: "
              + ", ".join(f"{count} {name}" for name, count in self.classes.most_common()))
        slowest = sorted(self.seconds, reverse=True)[:5]
        print("slowest: " + ", ".join(f"{taken:.1f} s (case {case})" for taken, case in slowest))
        for (name, shape), count in self.sentences.most_common(25):
            print(f"  {count:6} {name}: {shape}")


def shape_of(sentence):
    """The sentence without what differs from file to file."""
    return re.sub(r"\([^)]*\)|#?\d[\d.,e+-]*", "…", sentence)[:140]
