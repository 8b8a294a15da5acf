"""The files of a target in object storage or in a folder, by way of fsspec.

A file is there whole or not at all: object storage puts a whole object in place, and in a folder a file is renamed into
place. The surprise: that holds for one file. So files get new names, and one small file, replaced last, names them.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec

from portouts.errors import TargetFailed
from portouts.publish.target import Target
from portouts.warehouse.faults import first_line

CONNECT_SECONDS, READ_SECONDS, TRIES = 10, 60, 4


class Storage:
    """All files below the address of a target; names are relative to it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        with self._explained():
            self._files, root = fsspec.url_to_fs(target.url, **_options(target.scheme))
        self._is_folder = target.scheme in {"file", "local"}
        self._root = unquote(urlsplit(target.url).path) if self._is_folder else root

    def read_json(self, name: str) -> Any:
        """Read a small file; None if there is none, or if it is not JSON."""
        with self._explained():
            try:
                return json.loads(self._files.cat_file(self._path(name)))
            except (FileNotFoundError, ValueError):
                return None

    def put(self, local: Path, name: str) -> int:
        """Put a file in place, and return its size, which is compared."""
        size = local.stat().st_size
        with self._explained():
            if self._is_folder:
                _put_into_folder(local, Path(self._path(name)))
            else:
                self._files.put_file(str(local), self._path(name))
            self._files.invalidate_cache()
            if (found := self._files.size(self._path(name))) != size:
                raise TargetFailed(f"{name} has {found} bytes there, and {size} were sent")
        return size

    def names(self, folder: str) -> list[str]:
        """List the files below a folder; none if there is no such folder."""
        with self._explained():
            self._files.invalidate_cache()
            try:
                found = self._files.find(self._path(folder))
            except FileNotFoundError:
                return []
        return sorted(path[len(self._path("")) :] for path in found)

    def sizes(self, folder: str) -> dict[str, int]:
        """List the files below a folder with their bytes."""
        with self._explained():
            self._files.invalidate_cache()
            found = self._files.find(self._path(folder), detail=True)
        return {path[len(self._path("")) :]: int(about["size"]) for path, about in sorted(found.items())}

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all that is in it, if it is there."""
        with self._explained(), suppress(FileNotFoundError):
            self._files.rm(self._path(name), recursive=True)

    def remove_if_empty(self, name: str) -> None:
        """Remove a folder without files; object storage has none."""
        if self._is_folder:
            with suppress(OSError):
                Path(self._path(name)).rmdir()

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        if paths := [self._path(name) for name in names]:
            with self._explained():
                self._files.rm(paths)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except _errors_of_clients() as error:
            raise TargetFailed(self._target.without_secrets(first_line(error)).rstrip(".")) from None


def _put_into_folder(local: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    shutil.copyfile(local, part)
    part.replace(place)


def _options(scheme: str) -> dict[str, Any]:
    """Bound the waits of S3's client, unless fsspec's own configuration does; other clients have their own."""
    own = fsspec.config.conf.get("s3", {})
    if scheme not in {"s3", "s3a"}:
        return {"use_listings_cache": False}
    bounds = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
    config = {**bounds, "retries": {"mode": "standard", "max_attempts": TRIES}, **own.get("config_kwargs", {})}
    return {"config_kwargs": config, "use_listings_cache": False}


def _errors_of_clients() -> tuple[type[Exception], ...]:
    """Return the errors of the system and, if it is loaded, of S3's client."""
    client: Any = sys.modules.get("botocore.exceptions")
    known = (OSError, ValueError, ImportError)
    return (*known, client.BotoCoreError, client.ClientError) if client else known
