"""The command line of scripts/soak."""

import argparse
import sys

import fuzz
import kill
import power_cut
from installation import Unavailable


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/soak", description="Looks for broken promises in the release build of Stepworks.")
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--seed", type=int, help="repeats a run's choices (not its timing); by default a new one")
    shared.add_argument("--programs", default=".build/release", help="where stepworks is (default: %(default)s)")
    shared.add_argument("--keep", action="store_true", help="keep the directory, also when nothing is broken")
    kill.add_command(commands, shared)
    power_cut.add_command(commands, shared)
    fuzz.add_command(commands, shared)
    options = parser.parse_args()
    try:
        return options.run(options)
    except Unavailable as error:
        print(f"soak: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("soak: interrupted, nothing is proven.", file=sys.stderr)
        return 130


sys.exit(main())
