"""Run seeds on all cores: `--seeds 2000`, `--full-sync --seeds 500`, `--seed 17` or `--mutations`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from simulation.mutations import MUTATIONS, MUTATIONS_OF_BUILDS
from simulation.runner import outcomes, seeds_that_notice

SEEDS_BETWEEN_LINES = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--full-sync", action="store_true", help="the whole product, not just its reading")
    parser.add_argument("--mutations", action="store_true", help="break each mechanism and show what catches it")
    options = parser.parse_args()
    if options.mutations:
        caught = {name: next(seeds_that_notice(name), None) for name in [*MUTATIONS, *MUTATIONS_OF_BUILDS]}
        for name, seed in caught.items():
            print(f"{name}: " + ("NOT CAUGHT" if seed is None else f"caught by seed {seed}"))
        return int(None in caught.values())
    seeds = range(options.first, options.first + options.seeds) if options.seed is None else [options.seed]
    total, failed = Counter[str](), 0
    for done, (figures, failure) in enumerate(outcomes(seeds, full_sync=options.full_sync), 1):
        total, failed = total + figures, failed + (failure is not None)
        if failure is not None:
            print(failure, file=sys.stderr, flush=True)
        if not done % SEEDS_BETWEEN_LINES or done == len(seeds):
            print(f"{done} of {len(seeds)} seeds, {failed} failed: {dict(total)}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
