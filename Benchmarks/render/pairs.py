"""Two stills: one after the other, and both at once."""

import pathlib

from installation import Cost, Installation, plain_command, run_plain
from thumbnails import median_cpu, median_wall

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
            taken["Stepworks, one after the other"].append(installation.run(jobs)[0])
            installation.command("queues", "set", "render", "--max", "2")
            taken["Stepworks, both at once"].append(installation.run(jobs)[0])
            alone = [run_plain([script]) for script in scripts]
            taken["plain, one after the other"].append(
                Cost(sum(one.wall for one in alone), sum(one.cpu for one in alone)))
            taken["plain, both at once"].append(run_plain(scripts))
    print(f"two stills, {SIZE} px, {SAMPLES} samples, {rounds} rounds; until both are there, medians")
    print(f"{'':32}{'wall s':>8}{'CPU s':>8}")
    for kind, costs in taken.items():
        print(f"{kind:32}{median_wall(costs):8.2f}{median_cpu(costs):8.2f}")
    for whose in ("Stepworks", "plain"):
        ratio = median_wall(taken[f"{whose}, both at once"]) / median_wall(taken[f"{whose}, one after the other"])
        pinned = "each has its own processors" if whose == "Stepworks" else "not pinned"
        print(f"{whose}, at once / one after the other: {ratio:.2f} ({pinned})", flush=True)
