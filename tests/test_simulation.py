"""Whole syncs from seeds, against an API that moves and fails while it is read."""

from __future__ import annotations

import pytest
from simulation.mutations import MUTATIONS, MUTATIONS_OF_BUILDS
from simulation.runner import seeds_that_notice, simulate_many

pytestmark = pytest.mark.slow  # thousands of seeds

READING_SEEDS = 2_000
FULL_SYNC_SEEDS = 20


def test_two_thousand_seeds_of_reading_end_with_the_truth() -> None:
    total, failures = simulate_many(range(READING_SEEDS))
    assert not failures, "\n".join(failures)
    assert total["syncs"] > READING_SEEDS
    assert total["excused"] < total["orders_checked"] / 100, "too many differences excused to mean anything"


def test_twenty_seeds_of_the_whole_product_end_with_the_truth() -> None:
    total, failures = simulate_many(range(FULL_SYNC_SEEDS), full_sync=True)
    assert not failures, "\n".join(failures)
    assert total["crashes"] > FULL_SYNC_SEEDS
    assert total["incremental_builds"] > total["syncs"] / 2, "too few builds that a full one could contradict"
    assert total["repairs"] > 0


def test_a_repair_takes_no_older_version_than_its_sync_has_loaded() -> None:
    """In this seed a copy of the data lags while the repair at the end of a sync reads a list."""
    _, failures = simulate_many([40], full_sync=True)
    assert not failures, "\n".join(failures)


def test_a_list_replaces_no_newer_version_of_an_order_that_is_no_longer_open() -> None:
    """In this seed a range that is read for other orders shows a canceled order as a copy that lags still has it."""
    _, failures = simulate_many([65], full_sync=True)
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("mechanism", [*MUTATIONS, *MUTATIONS_OF_BUILDS])
def test_the_simulation_notices_when_a_mechanism_is_broken(mechanism: str) -> None:
    assert next(seeds_that_notice(mechanism), None) is not None
