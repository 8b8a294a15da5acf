"""Where exported tables lie: one address for Spark, which reads it by Hadoop, and for us, who read it by fsspec."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, urlsplit

from portouts.errors import ExportFailed, SettingsError, TargetFailed
from portouts.publish.storage import manifest as manifests
from portouts.publish.storage.files import Storage
from portouts.publish.storage.manifest import Manifest
from portouts.publish.target import Target

_BY_MONTH = "`portouts export --by-month` and `[publish] targets` write one."


@dataclass(frozen=True)
class Place:
    """A folder (file://…) or a prefix in object storage."""

    url: str

    @property
    def shown(self) -> str:
        return Target(self.url).shown

    @cached_property
    def storage(self) -> Storage:
        return Storage(Target(self.url))

    def for_spark(self, name: str) -> str:
        """Return the address of a file or folder below this place as Hadoop writes it."""
        scheme, _, rest = self.url.rstrip("/").partition("://")
        if scheme == "file":
            return f"file:{unquote(urlsplit(self.url).path).rstrip('/')}/{name}"
        return f"{'s3a' if scheme == 's3' else scheme}://{rest}/{name}"


def read_input(place: Place) -> Manifest:
    """Read the manifest of exported tables; raises `SettingsError` if there is none, or none with raw."""
    found = _read(place, "--input")
    if found is None:
        raise SettingsError(f"--input {place.shown} has no manifest.json of exported tables. {_BY_MONTH}")
    if "raw.portouts" not in found.tables:
        raise SettingsError(f"--input {place.shown} has marts only, and models are computed from raw. {_BY_MONTH}")
    return found


def read_output(place: Place, source: Place) -> Manifest | None:
    """Read the manifest of earlier marts, None if there is none; raises `SettingsError` if raw lies there."""
    held = None if place == source else _read(place, "--output")
    if place == source or (held and any(name.startswith("raw.") for name in held.tables)):
        raise SettingsError(f"--output {place.shown} has exported raw, which would be lost. Name another place.")
    return held


def _read(place: Place, option: str) -> Manifest | None:
    try:
        return manifests.read(place.storage.read_json(manifests.NAME))
    except TargetFailed as error:
        raise ExportFailed(f"{option} {place.shown} cannot be read: {error}.") from None
