"""Reads and checks all settings of a command: of the source, of the models, and of what follows a sync.

`files.py` finds the settings. A script that uses the source alone finds them through dlt, in the same section. An
unknown name in one of our tables is refused, because a typing error in `pii` would publish personal data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from portouts.errors import SettingsError
from portouts.load.settings.accounts import found_by_account, is_of_account
from portouts.load.settings.files import Found, Setting, found_in_environment, parse_instant
from portouts.load.settings.key import KEY_ADVICE, usable_key, with_key_of_file
from portouts.load.settings.receivers import metrics_among
from portouts.load.settings.tables import (
    NAMES,
    SECRETS,
    SOURCE_TABLE,
    TABLES,
    AlertSettings,
    MetricsSettings,
    ModelSettings,
    PublishSettings,
    SourceSettings,
    names_of,
)
from portouts.load.settings.values import ARGUMENT, settings_of
from portouts.names import DEFAULT_ACCOUNT
from portouts.telnyx.defaults import BASE_URL
from portouts.transform.lists.labels import as_held

if TYPE_CHECKING:
    from portouts.transform.inputs import ModelInputs

RENAMED = {"operators": "carriers"}


@dataclass(frozen=True)
class Settings:
    """All settings of one command, and the origin of each that is not a default."""

    source: SourceSettings
    models: ModelSettings
    publish: PublishSettings = field(default_factory=PublishSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    found: Found = field(default_factory=dict, compare=False, repr=False)
    accounts: Mapping[str, SourceSettings] = field(default_factory=dict, repr=False)
    """The settings of the source by account; empty if no accounts are set up."""

    def by_account(self) -> Mapping[str, Settings]:
        """Return the settings with which each account is read; those of `default` if no accounts are set up."""
        found = found_by_account(self.found)
        return {name: check_settings(own) for name, own in found.items()} or {DEFAULT_ACCOUNT: self}

    def inputs(self, as_of: datetime) -> ModelInputs:
        """Return what the models need to describe this instant."""
        return self.models.inputs(as_of, self.source.privacy)


def read_settings(
    api_key: str | None = None,
    base_url: str | None = None,
    *,
    found: Found | None = None,
    needs_key: bool = True,
    **settings: Any,
) -> Settings:
    """Read all settings: arguments come first, then `found`, which dlt's providers find by default.

    Raises `SettingsError`, which names the setting that is missing or cannot be used.
    """
    read = check_settings(_with_arguments(found, api_key, base_url, settings))
    if needs_key:
        for source in read.accounts.values() or [read.source]:
            _require_access(source)
    return read


def read_source_settings(
    api_key: str | None = None, base_url: str | None = None, *, found: Found | None = None, **settings: Any
) -> SourceSettings:
    """Read the settings of the source as `read_settings` does; settings of the models are allowed and ignored."""
    read = check_source_settings(_with_arguments(found, api_key, base_url, settings))
    _require_access(read)
    return read


def check_settings(found: Found) -> Settings:
    """Check the settings that were found; all others get their default. Labels name numbers as the rows hold them."""
    source, models = check_source_settings(found), settings_of(ModelSettings, SOURCE_TABLE, found)
    return Settings(
        source=source,
        accounts={name: check_source_settings(own) for name, own in found_by_account(found).items()},
        models=msgspec.structs.replace(models, labels=as_held(models.labels, source.privacy)),
        publish=settings_of(PublishSettings, "publish", found),
        metrics=metrics_among(found),
        alerts=settings_of(AlertSettings, "alerts", found),
        found=found,
    )


def check_source_settings(found: Found) -> SourceSettings:
    """Check the settings of the source, and the names of all settings that were found."""
    _require_known(found)
    settings = settings_of(SourceSettings, SOURCE_TABLE, found)
    parse_instant("start_date", settings.start_date)
    if settings.pii == "hash" and not settings.pii_salt:
        raise SettingsError("pii = hash needs pii_salt in .dlt/secrets.toml: without it, numbers are easily guessed.")
    origin = found["api_key"].origin if "api_key" in found else ARGUMENT
    usable = msgspec.structs.replace(settings, api_key=usable_key(settings.api_key, origin))
    if usable.base_url != BASE_URL:  # last, since this imports httpx
        _require_base_url(usable.base_url, allow_insecure_http=usable.allow_insecure_http)
    return usable


def found_by_dlt() -> dict[str, Setting]:
    """Find settings where dlt looks for them: environment, files and vaults; under `sources.telnyx` only."""
    from portouts.load.settings.providers import found_by_providers

    own = names_of(SOURCE_TABLE)
    return {**found_by_providers(own, SECRETS & {*own}), **found_in_environment(os.environ)}


def _with_arguments(found: Found | None, api_key: str | None, base_url: str | None, settings: dict[str, Any]) -> Found:
    given = {"api_key": (api_key or "").strip() or None, "base_url": base_url, **settings}
    arguments = {name: Setting(value, ARGUMENT) for name, value in given.items() if value is not None}
    if found is None:
        found = found_by_dlt() if "api_key" in arguments else with_key_of_file(found_by_dlt(), os.environ)
    return {**found, **arguments}


def _require_known(found: Found) -> None:
    """Raise `SettingsError` for an unknown name; the error suggests a similar setting."""
    unknown = [name for name in found if name not in NAMES and not is_of_account(name)]
    for table in reversed(TABLES):
        own = [name for name in unknown if table == SOURCE_TABLE or name.startswith(f"{table}.")]
        if own:
            listed = ", ".join(f"{_in_table(table, name)} ({found[name].origin})" for name in own)
            suggested = "".join(f" {one}" for one in dict.fromkeys(_suggestion(table, name) for name in own) if one)
            raise SettingsError(
                f"[{table}] has no setting {listed}.{suggested} There are {', '.join(names_of(table))}: correct the "
                "name, or remove it."
            )


def _in_table(table: str, name: str) -> str:
    return name.removeprefix(f"{table}.")


def _suggestion(table: str, name: str) -> str:
    own = _in_table(table, name)
    if own in RENAMED:
        return f"{own} is now {RENAMED[own]}."
    elsewhere = [other for other in TABLES if other != table and own in names_of(other)]
    if elsewhere:
        return f"{own} stands under [{elsewhere[0]}]."
    near = get_close_matches(own.lower().replace("-", "_"), names_of(table), n=1)
    return f"Did you mean {near[0]}?" if near else ""


def _require_access(settings: SourceSettings) -> None:
    """Raise `SettingsError` if there is no key, or if certificates or a proxy of the environment cannot be used."""
    if not settings.api_key:
        raise SettingsError(KEY_ADVICE)
    from portouts.telnyx.network import require_certificates, require_proxies

    try:
        require_certificates(os.environ)
        require_proxies(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _require_base_url(url: str, *, allow_insecure_http: bool) -> None:
    from portouts.telnyx.network import require_base_url

    try:
        require_base_url(url, allow_insecure_http=allow_insecure_http)
    except ValueError as error:
        raise SettingsError(f"TELNYX_BASE_URL (or base_url under [sources.telnyx]) {error}.") from None
