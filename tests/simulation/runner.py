"""Many seeds on all cores, and the seeds that notice a broken mechanism."""

from __future__ import annotations

import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from simulation.mutations import NOTICED_BY, broken
from simulation.reading import simulate_reading

MOST_SEEDS_TO_CATCH = 400


def simulate(seed: int, *, full_sync: bool) -> tuple[Counter[str], str | None]:
    """Run one seed; return its figures, or the failure as text."""
    try:
        if full_sync:
            from simulation.full_sync import simulate_full_sync

            return Counter(vars(simulate_full_sync(seed))), None
        return Counter(vars(simulate_reading(seed))), None
    except Exception:  # noqa: BLE001 - whatever went wrong is the finding
        return Counter(), traceback.format_exc()


def simulate_many(seeds: Iterable[int], *, full_sync: bool = False) -> tuple[Counter[str], list[str]]:
    """Run seeds on all cores; return the sum of their figures and the failures."""
    total, failures = Counter[str](), list[str]()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for figures, failure in pool.map(
            partial(simulate, full_sync=full_sync), seeds, chunksize=1 if full_sync else 20
        ):
            total += figures
            failures += [failure] if failure else []
    return total, failures


def seeds_that_notice(mechanism: str) -> Iterator[int]:
    """Yield the seeds that fail while one mechanism is broken, and pass while none is; the likeliest comes first."""
    for seed in sorted(range(MOST_SEEDS_TO_CATCH), key=lambda seed: seed != NOTICED_BY.get(mechanism)):
        try:
            with broken(mechanism):
                simulate_reading(seed)
        except Exception:  # noqa: BLE001 - however it fails, the mutant is noticed
            simulate_reading(seed)
            yield seed
