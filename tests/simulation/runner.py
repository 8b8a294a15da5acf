"""Many seeds on all cores, and the seeds that notice a broken mechanism."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from simulation.mutations import MUTATIONS_OF_BUILDS, NOTICED_BY, broken
from simulation.reading import Outcome, simulate_reading

MOST_SEEDS_TO_CATCH, MOST_FULL_SEEDS_TO_CATCH = 400, 40


def simulate(seed: int, *, full_sync: bool) -> tuple[Counter[str], str | None]:
    """Run one seed; return its figures, or the failure as text."""
    try:
        return Counter(vars(_run(seed, full_sync=full_sync))), None
    except Exception:  # noqa: BLE001 - whatever went wrong is the finding
        return Counter(), traceback.format_exc()


def _run(seed: int, *, full_sync: bool) -> Outcome:
    if not full_sync:
        return simulate_reading(seed)
    from simulation.full_sync import simulate_full_sync

    return simulate_full_sync(seed)


def outcomes(seeds: Iterable[int], *, full_sync: bool) -> Iterator[tuple[Counter[str], str | None]]:
    """Run seeds on all cores; yield the figures of each seed, or its failure, in the order of the seeds."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(simulate, full_sync=full_sync), seeds, chunksize=1 if full_sync else 20)


def simulate_many(seeds: Iterable[int], *, full_sync: bool = False) -> tuple[Counter[str], list[str]]:
    """Run seeds on all cores; return the sum of their figures and the failures."""
    total, failures = Counter[str](), list[str]()
    for figures, failure in outcomes(seeds, full_sync=full_sync):
        total += figures
        failures += [failure] if failure else []
    return total, failures


def seeds_that_notice(mechanism: str) -> Iterator[int]:
    """Yield the seeds that fail while one mechanism is broken, and pass while none is; the likeliest comes first."""
    is_full = mechanism in MUTATIONS_OF_BUILDS
    seeds = range(MOST_FULL_SEEDS_TO_CATCH if is_full else MOST_SEEDS_TO_CATCH)
    for seed in sorted(seeds, key=lambda seed: seed != NOTICED_BY.get(mechanism)):
        try:
            with broken(mechanism):
                _run(seed, full_sync=is_full)
        except Exception:  # noqa: BLE001 - however it fails, the mutant is noticed
            _run(seed, full_sync=is_full)
            yield seed
