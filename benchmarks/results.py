"""What was measured: a series for each setting of the account, with a run for each contender, phase and repetition.

Results are kept as JSON, so that one page can show those of several commands. Each figure is the median of the
repetitions; of errors, the largest number counts.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from account import Errors, Setting
from measurement import Usage

FIRST_LOAD, AFTER_3_DAYS, NO_CHANGE = PHASES = ("first load", "sync after 3 days", "sync without change")
PACKAGES = ("dlt", "duckdb", "pyarrow", "pandas", "httpx", "telnyx")


@dataclass(frozen=True)
class LimitUse:
    """How much of a rate limit was used, and how many requests exceeded it (429) after the first second."""

    share: float
    """From the first request to the last."""
    share_reading: float
    """Without pauses."""
    late_refusals: int


@dataclass(frozen=True)
class Run:
    """One contender in one phase of one repetition; a run that failed has a `failure` and no figures."""

    contender: str
    phase: str
    repetition: int
    requests: int = 0
    usage: Usage | None = None
    file_bytes: int = 0
    """Size of the DuckDB file."""
    own_seconds: float | None = None
    """As the contender reports: from before its first request until its file is published."""
    orders: Errors | None = None
    events: Errors | None = None
    limit_use: LimitUse | None = None
    failure: str = ""


class Figures:
    """The repetitions of one contender in one phase."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self.failure = next((run.failure for run in runs if run.failure), "")
        self.is_compared = any(run.orders for run in runs)

    @property
    def seconds(self) -> float:
        return self._usage(lambda usage: usage.wall_seconds)

    @property
    def cpu_seconds(self) -> float:
        return self._usage(lambda usage: usage.cpu_seconds)

    @property
    def peak_mb(self) -> float:
        return self._usage(lambda usage: usage.peak_mb)

    @property
    def requests(self) -> int:
        return round(median(run.requests for run in self._runs))

    @property
    def file_bytes(self) -> int:
        return round(median(run.file_bytes for run in self._runs))

    @property
    def own_seconds(self) -> float | None:
        reported = [run.own_seconds for run in self._runs if run.own_seconds is not None]
        return median(reported) if reported else None

    @property
    def limit_use(self) -> LimitUse | None:
        uses = [run.limit_use for run in self._runs if run.limit_use]
        if not uses:
            return None
        shares = median(use.share for use in uses), median(use.share_reading for use in uses)
        return LimitUse(*shares, max(use.late_refusals for use in uses))

    @property
    def errors(self) -> list[str]:
        """Return what is wrong with the result: ["57 orders stale"]."""
        return [
            f"{count:,} {what if count > 1 else what[:-1]} {kind.name}"
            for what in ("orders", "events")
            for kind in fields(Errors)
            if (count := max(getattr(getattr(run, what) or Errors(), kind.name) for run in self._runs))
        ]

    @property
    def is_wrong(self) -> bool:
        """Return whether any row is worse than outdated: an outdated row may differ only in the spelling of a name."""
        found = [errors for run in self._runs for errors in (run.orders, run.events) if errors]
        return any(replace(errors, outdated=0) != Errors() for errors in found)

    def _usage(self, figure: Callable[[Usage], float]) -> float:
        return median(figure(run.usage) for run in self._runs if run.usage)


@dataclass(frozen=True)
class Series:
    """All runs with one setting of the account."""

    setting: Setting
    events: int
    """Events of the account at the first load."""
    repetitions: int
    runs: list[Run]

    def figures(self, contender: str, phase: str) -> Figures | None:
        """Return the figures of a contender in a phase; None if it did not run."""
        runs = [run for run in self.runs if (run.contender, run.phase) == (contender, phase)]
        return Figures(runs) if runs else None

    @property
    def contenders(self) -> list[str]:
        return list(dict.fromkeys(run.contender for run in self.runs))


@dataclass(frozen=True)
class Report:
    """All series, with the machine and the versions that were measured."""

    machine: str
    versions: dict[str, str]
    series: list[Series]


def write(path: Path, report: Report) -> None:
    path.write_text(json.dumps(asdict(report), indent=1) + "\n")


def read(paths: Iterable[Path]) -> Report:
    """Combine reports; ValueError unless they come from the same machine and versions."""
    reports = [json.loads(path.read_text()) for path in paths]
    first, *others = reports
    for other in others:
        if (other["machine"], other["versions"]) != (first["machine"], first["versions"]):
            raise ValueError("these results come from different machines or versions")
    series = [_series(**series) for report in reports for series in report["series"]]
    return Report(first["machine"], first["versions"], series)


def _series(setting: dict[str, Any], runs: list[dict[str, Any]], **others: Any) -> Series:
    return Series(Setting(**setting), runs=[_run(**run) for run in runs], **others)


def _run(**values: Any) -> Run:
    kinds: dict[str, Callable[..., Any]] = {"usage": Usage, "orders": Errors, "events": Errors, "limit_use": LimitUse}
    return Run(
        **{
            name: kinds[name](**value) if name in kinds and value is not None else value
            for name, value in values.items()
        }
    )


def machine_name() -> str:
    """Return the processor, its cores and its memory as text."""
    cpu = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    model = next((text.strip() for name, text in cpu.items() if name.strip() == "model name"), "")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}"


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter."""
    return {"Python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
