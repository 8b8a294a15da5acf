"""Run seeds on all cores: `python -m simulation --seeds 2000`, `--whole --seeds 500`, `--seed 17`, `--mutations`."""

from __future__ import annotations

import argparse
import sys

from simulation.many import seeds_that_catch, simulate_many
from simulation.mutations import MUTATIONS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--whole", action="store_true", help="the whole product, not just its reading")
    parser.add_argument("--mutations", action="store_true", help="break each mechanism and show what catches it")
    options = parser.parse_args()
    if options.mutations:
        caught = {name: next(seeds_that_catch(name), None) for name in MUTATIONS}
        for name, seed in caught.items():
            print(f"{name}: " + ("NOT CAUGHT" if seed is None else f"caught by seed {seed}"))
        return int(None in caught.values())
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else [options.seed]
    total, failures = simulate_many(seeds, whole=options.whole)
    print(*failures, sep="\n", file=sys.stderr)
    print(f"{len(seeds)} seeds, {len(failures)} failed: {dict(total)}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
