"""Runs all checks before a first sync, in order; a check that cannot run is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from portouts.doctor.account import check_account
from portouts.doctor.estimate import FirstLoad, count_of, estimate
from portouts.doctor.files import check_files
from portouts.doctor.findings import Finding, failed, ok, skipped, warning
from portouts.doctor.machine import check_extras, check_network, check_time_zones
from portouts.doctor.places import check_disk, check_places
from portouts.doctor.questions import PATIENCE, Replies, ask
from portouts.errors import SettingsError
from portouts.load.connection import OpenClient
from portouts.load.settings.accounts import is_key_of_account, naming_key
from portouts.load.settings.files import Found, find_settings, found_in_environment
from portouts.load.settings.key import notes_on_key_file, require_api_key, with_key_of_file
from portouts.load.settings.settings import Settings, read_settings, read_source_settings
from portouts.load.settings.tables import SECRETS, SourceSettings
from portouts.telnyx.client import TelnyxClient
from portouts.warehouse.folders import places

# Checks that have another result for each account.
OF_ACCOUNT = frozenset({"API", "key", "orders", "events", "numbers", "empty account", "first load"})
NEEDED_TO_ASK = ("api_key", "base_url", "allow_insecure_http")


class Checkup(msgspec.Struct):
    """The results of all checks; its fields are those of `doctor --json`."""

    database: str
    checked_at: datetime
    verdict: str
    """The worst verdict of a check: ok, warning or failed."""
    checks: list[Finding]
    orders: int | None = None
    events: int | None = None
    first_load_requests: int | None = None
    first_load_minutes: float | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the command line passes on."""

    database: Path
    state_dir: Path | None
    files: Sequence[Path]
    """Files that may hold settings."""
    environ: Mapping[str, str]
    now: datetime
    key_file: Path | None = None
    """The file of `--api-key-file`."""
    find_in_vault: Callable[[], Found] = dict
    """Finds the settings of a vault, which needs dlt; finds nothing if the files name no vault."""


class _Read(NamedTuple):
    """The settings, as far as they could be read."""

    finding: Finding
    found: Found
    source: SourceSettings | None
    """The settings that the API requests need; None if they are wrong or missing."""
    wanted: frozenset[str] = frozenset()
    """Extras that the settings need."""
    accounts: Mapping[str, SourceSettings] = {}
    """The settings by account; the first one is `source`. Empty if no accounts are set up."""


def check_up(
    surroundings: Surroundings,
    on_wait: Callable[[str], None] = lambda _reason: None,
    open_client: OpenClient = TelnyxClient,
    patience: float = PATIENCE,
) -> Checkup:
    """Run all checks. Raises `SettingsError` if the name of the database cannot be a file."""
    published, working = places(surroundings.database, surroundings.state_dir)
    read = _read_settings(surroundings)
    replies = ask(read.source, open_client, on_wait, patience) if read.source else Replies()
    load = estimate(replies, read.source) if read.source else None
    checks = [
        read.finding,
        *_of_account(_check_api(read.source, replies, load, surroundings.environ), next(iter(read.accounts), ""), read),
        *_check_other_accounts(read, open_client, on_wait, patience),
        check_time_zones(surroundings.now),
        *check_disk(published, working, load),
        *check_places(published, working),
        *check_files(published, working, _files_with_secrets(read.found)),
        *_check_key_file(surroundings),
        check_extras(read.wanted),
    ]
    return Checkup(
        database=str(published),
        checked_at=surroundings.now,
        verdict=_worst(checks),
        checks=checks,
        orders=count_of(replies.orders),
        events=count_of(replies.events),
        first_load_requests=load.requests if load else None,
        first_load_minutes=round(load.minutes, 1) if load else None,
    )


def _read_settings(surroundings: Surroundings) -> _Read:
    """Read all settings. If one is wrong, read only those that the API requests need, if they are right."""
    environ, files = surroundings.environ, surroundings.files
    found: Found = found_in_environment(environ)
    try:
        found = {**surroundings.find_in_vault(), **find_settings(environ, files)}
        with_key = with_key_of_file(found, environ, surroundings.key_file)
        require_api_key(with_key, files)
        settings = read_settings(found=with_key)
        source = next(iter(settings.accounts.values()), settings.source)
        finding = ok("settings", _origins(with_key))
        return _Read(finding, with_key, source, _wanted_extras(settings), settings.accounts)
    except SettingsError as error:
        finding = failed("settings", str(error), "")
    try:
        with_key = with_key_of_file(found, environ, surroundings.key_file)
        needed = {name: with_key[name] for name in NEEDED_TO_ASK if name in with_key}
        return _Read(finding, found, read_source_settings(found=needed))
    except SettingsError:
        return _Read(finding, found, None)


def _check_key_file(surroundings: Surroundings) -> Iterator[Finding]:
    for note in notes_on_key_file(surroundings.environ, surroundings.key_file):
        yield warning(
            "key file",
            note.removeprefix("portouts: "),
            "Then make a new key, because other users may have read this one.",
        )


def _wanted_extras(settings: Settings) -> frozenset[str]:
    schemes = {url.partition("://")[0].lower() for url in settings.publish.targets}
    wanted: dict[str, object] = {
        "alerts": settings.alerts.urls,
        "metrics": settings.metrics.file,
        "postgresql": schemes & {"postgresql", "postgres"},
        "s3": schemes & {"s3", "s3a"},
    }
    return frozenset(extra for extra, setting in wanted.items() if setting)


def _origins(found: Found) -> str:
    """List the names of the settings that were found, by origin, without values."""
    names: dict[str, list[str]] = {}
    for name, setting in found.items():
        names.setdefault(setting.origin, []).append(name)
    return "valid; found " + "; ".join(f"{', '.join(given)} in {origin}" for origin, given in names.items())


def _files_with_secrets(found: Found) -> list[Path]:
    """List the files of settings in which a secret was found."""
    origins = dict.fromkeys(
        setting.origin for name, setting in found.items() if name in SECRETS or is_key_of_account(name)
    )
    return [path for path in map(Path, origins) if path.is_absolute() and path.is_file()]


def _check_api(
    settings: SourceSettings | None, replies: Replies, load: FirstLoad | None, environ: Mapping[str, str]
) -> Iterator[Finding]:
    if settings is None:
        yield skipped("API", "not asked, since the settings are not right; key, orders and events are not known")
        return
    yield check_network(settings.base_url, environ)
    yield from check_account(settings, replies, load)


def _check_other_accounts(
    read: _Read, open_client: OpenClient, on_wait: Callable[[str], None], patience: float
) -> Iterator[Finding]:
    """Ask with the key of each account but the first, which is checked already."""
    for name, settings in [*read.accounts.items()][1:]:
        replies = ask(settings, open_client, on_wait, patience)
        findings = check_account(settings, replies, estimate(replies, settings))
        yield from _of_account((one for one in findings if one.check in OF_ACCOUNT), name, read)


def _of_account(findings: Iterable[Finding], account: str, read: _Read) -> Iterator[Finding]:
    """Name the account and its key in what was found, if there are several."""
    for one in findings:
        is_own = account and one.check in OF_ACCOUNT
        yield Finding(
            f"{one.check} of {account}" if is_own else one.check,
            one.verdict,
            naming_key(one.found, account, read.found),
            naming_key(one.advice, account, read.found),
        )


def _worst(checks: list[Finding]) -> str:
    found = {check.verdict for check in checks}
    return next((verdict for verdict in ("failed", "warning") if verdict in found), "ok")
