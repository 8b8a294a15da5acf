"""What `sync` and `models` show of a build of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from portouts.transform.build import Build


class BuildResult(msgspec.Struct):
    """How much was computed (full, incremental, none), why so, for how many changed orders, and which tables."""

    kind: str
    reason: str
    orders: int
    models: list[str]

    @classmethod
    def of(cls, build: Build) -> BuildResult:
        return cls(build.kind, build.reason, build.orders, list(build.models))
