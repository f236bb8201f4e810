"""Two stills: one after the other, and both at once."""

import pathlib
import statistics

from installation import Installation, plain_command, run_plain

SIZE, SAMPLES = 512, 16


def measure(options, directory, model):
    place = pathlib.Path(directory)
    rounds = 1 if options.quick else 3
    taken = {"Stepworks, one after the other": [], "Stepworks, both at once": [],
             "plain, one after the other": [], "plain, both at once": []}
    with Installation(place / "pairs", options, STEPWORKS_QUEUES_RENDER="1") as installation:
        for number in range(rounds):
            seeds = (2 * number, 2 * number + 1)
            jobs = [("render_still", {"source": model, "width": SIZE, "height": SIZE, "samples": SAMPLES, "seed": seed})
                    for seed in seeds]
            scripts = [plain_command(
                model, place / f"pair-{seed}.png", "--size", SIZE, "--samples", SAMPLES, "--seed", seed)
                for seed in seeds]
            installation.command("queues", "set", "render", "--max", "1")
            taken["Stepworks, one after the other"].append(installation.run(jobs)[0].wall)
            installation.command("queues", "set", "render", "--max", "2")
            taken["Stepworks, both at once"].append(installation.run(jobs)[0].wall)
            taken["plain, one after the other"].append(sum(run_plain([script]).wall for script in scripts))
            taken["plain, both at once"].append(run_plain(scripts).wall)
    print(f"two stills, {SIZE} px, {SAMPLES} samples, {rounds} rounds; seconds until both are there, median")
    seconds = {kind: statistics.median(walls) for kind, walls in taken.items()}
    for kind, median in seconds.items():
        print(f"{kind:32}{median:8.2f}")
    for whose in ("Stepworks", "plain"):
        ratio = seconds[f"{whose}, both at once"] / seconds[f"{whose}, one after the other"]
        pinned = "each has its own processors" if whose == "Stepworks" else "not pinned"
        print(f"{whose}, at once / one after the other: {ratio:.2f} ({pinned})", flush=True)
