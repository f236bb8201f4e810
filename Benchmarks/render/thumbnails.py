"""Seconds for one thumbnail: a plain script, Stepworks cold, Stepworks warm, one after another in each round."""

import pathlib
import statistics

import pictures
from installation import Installation, plain_command, run_plain

SIZE = 256
COLD_BAR, WARM_BAR = 1.10, 0.60


def measure(options, directory, model):
    place = pathlib.Path(directory)
    costs = {"plain script": [], "Stepworks, cold": [], "Stepworks, warm": []}
    with (Installation(place / "cold", options, STEPWORKS_RENDER_WARM="off") as cold,
          Installation(place / "warm", options, STEPWORKS_RENDER_WARM="on") as warm):
        # Each file is read once before anything counts; the first request of a waiting process starts it.
        run_plain([plain_command(model, place / "first.png", "--samples", 1)])
        first, _ = warm.run([job(model, options.samples, seed=0)])
        is_equal = True
        for seed in range(1, options.rounds + 1):
            made = {}
            kinds = list(costs)
            for kind in kinds[seed % 3:] + kinds[:seed % 3]:  # nobody is always the one after the same other
                if kind == "plain script":
                    made[kind] = str(place / "plain.png")
                    cost = run_plain([plain_command(
                        model, made[kind], "--size", SIZE, "--samples", options.samples, "--seed", seed)])
                else:
                    cost, (result,) = (cold if kind.endswith("cold") else warm).run([job(model, options.samples, seed)])
                    made[kind] = result["artifacts"][0]["path"]
                costs[kind].append(cost)
            is_equal &= len({pictures.pixels(path).tobytes() for path in made.values()}) == 1

    print(f"thumbnail, {SIZE} px, {options.samples} samples, {options.rounds} rounds of each in turn")
    print(f"{'':18}{'wall s: median':>16}{'p90':>8}{'least':>8}{'CPU s: median':>16}")
    for kind, taken in costs.items():
        walls = sorted(one.wall for one in taken)
        p90 = walls[min(len(walls) - 1, round(0.9 * len(walls)))]
        print(f"{kind:18}{statistics.median(walls):16.2f}{p90:8.2f}{walls[0]:8.2f}{median_cpu(taken):16.2f}")
    print(f"the first of a waiting process: {first.wall:.2f} s")
    plain = costs["plain script"]
    for kind, bar in (("cold", COLD_BAR), ("warm", WARM_BAR)):
        own = costs[f"Stepworks, {kind}"]
        ratio = median_wall(own) / median_wall(plain)
        verdict = "met" if ratio <= bar else "missed"
        print(f"{kind} / plain: {ratio:.2f} of the wall time (at most {bar:.2f}: {verdict}), "
              f"{median_cpu(own) / median_cpu(plain):.2f} of the CPU time")
    print(f"plain, cold and warm pictures are {'equal in every pixel' if is_equal else 'NOT EQUAL'}", flush=True)


def job(model, samples, seed, size=SIZE):
    return "render_thumbnail", {"source": model, "samples": samples, "seed": seed, "width": size, "height": size}


def median_wall(costs):
    return statistics.median(one.wall for one in costs)


def median_cpu(costs):
    return statistics.median(one.cpu for one in costs)
