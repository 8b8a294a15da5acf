"""Redacts whole files: masks the rows, stores the new mode, builds the models, and rewrites the file.

Rows and mode are committed together, so no file claims to be redacted before it is. The working file is changed in
place. Any other file is changed in a copy, which then replaces it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from portouts.errors import CannotPublish, ModelError, SettingsError
from portouts.extract.state import SyncState
from portouts.load.settings.remembered import record_settings, remembered_value
from portouts.load.settings.settings import Settings
from portouts.load.stored_state import store_privacy, stored_state
from portouts.logs import log
from portouts.records.privacy import Privacy
from portouts.transform.build import update_in_limited_memory
from portouts.transform.held_numbers import update_places
from portouts.transform.held_payloads import split_payloads
from portouts.transform.input_tables import read_inputs
from portouts.transform.lists.customer_values import masked
from portouts.transform.lists.labels import as_held
from portouts.warehouse import faults
from portouts.warehouse.contents.kept import KeptContents
from portouts.warehouse.copies import copy
from portouts.warehouse.folders import part_of, set_mode
from portouts.warehouse.leftovers import kept_versions, remove_leftovers
from portouts.warehouse.memory import MemoryLimit
from portouts.warehouse.metadata import certify_contents
from portouts.warehouse.publish import require_same
from portouts.warehouse.rows.redaction import Masked, PrivacyOfStoredRows, mask_stored
from portouts.warehouse.sql import transaction
from portouts.warehouse.warehouse import Warehouse
from portouts.warehouse.working_file import write_anew

KEPT = "The published file is redacted. Earlier versions are not redacted yet; the next run continues with them."


@dataclass
class Finished:
    """What was done to files other than the working and the published file."""

    versions: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    """Versions that could not be redacted."""
    bytes_written: int = 0
    notes: list[str] = field(default_factory=list)


def fingerprint_of_rows(connection: duckdb.DuckDBPyConnection, state: SyncState) -> str:
    """Return the fingerprint of how the rows are masked, see `Privacy.fingerprint`."""
    return state.privacy or remembered_value(connection, "pii") or "keep"


def require_possible(before: str, privacy: Privacy) -> None:
    """Raise `SettingsError` if rows with the mode `before` cannot be changed to this mode."""
    if privacy.pii == "drop" or before in ("keep", privacy.fingerprint):
        return
    again = "`portouts sync --full` with that setting reads everything from Telnyx again."
    if before == "drop":
        raise SettingsError(f"--pii hash: the rows have pii = drop, and dropped values cannot be hashed. {again}")
    raise SettingsError(
        "--pii hash: the rows are hashed with another pii_salt, and a hash cannot be undone. Set "
        f"the former pii_salt. Or set the new one: {again}"
    )


def require_redacted(path: Path, privacy: Privacy) -> None:
    """Raise `CannotPublish` unless the file states that its rows are masked in this mode."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = fingerprint_of_rows(connection, stored_state(connection))
    if found != privacy.fingerprint:
        raise CannotPublish(f"{path} is not redacted yet. Run `portouts redact` again.")


def redact_rows(connection: duckdb.DuckDBPyConnection, settings: Settings, at: datetime) -> list[Masked]:
    """Mask the rows of an open file and store the mode, in one transaction."""
    split_payloads(connection)
    if _has_orders(connection):
        update_places(connection)  # a masked number no longer shows its area
    with transaction(connection):
        masked = mask_stored(connection, settings.source.privacy)
        store_privacy(connection, settings.source.privacy.fingerprint)
        record_settings(connection, settings, at, ("pii",))
    return masked


def drop_models(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the models of a file whose last sync was interrupted; the next sync builds all of them."""
    with transaction(connection):
        for schema in ("marts", "intermediate", "staging"):
            connection.execute(f"drop schema if exists {schema} cascade")


def redact_file(path: Path, folder: Path, settings: Settings, at: datetime) -> int:
    """Mask a published file or a version in a copy, and replace it by the copy; return the new size."""
    copied, part = folder / "unredacted.part", part_of(path)
    _remove(part)
    copy(path, copied)
    try:
        with duckdb.connect(str(copied), config={"preserve_insertion_order": False}) as connection:
            MemoryLimit(folder).bound(connection, copied)
            before, inputs = fingerprint_of_rows(connection, stored_state(connection)), read_inputs(connection)
            privacy = settings.source.privacy
            values = masked(inputs.customer_values, PrivacyOfStoredRows(privacy.pii, privacy.salt))
            if redact_rows(connection, settings, at) or before != privacy.fingerprint:
                inputs = replace(inputs, customer_values=values, labels=as_held(inputs.labels, privacy))
                update_in_limited_memory(connection, inputs, full=True)
            contents, _ = certify_contents(connection, KeptContents())
            write_anew(connection, part)
        require_same(part, contents)
        set_mode(part, path, None)
        _replace(part, path)
    finally:
        _remove(copied)
        _remove(part)
    return path.stat().st_size


def finish_redaction(warehouse: Warehouse, settings: Settings, at: datetime) -> Finished:
    """Redact the earlier versions, and remove the leftovers of killed runs. Call it after the publication."""
    finished = Finished()
    try:
        if settings.source.privacy.pii != "keep":
            for version in kept_versions(warehouse.folder):
                _redact_version(version, warehouse.folder, settings, at, finished)
        finished.notes += remove_leftovers(warehouse.folder)
    except (OSError, MemoryError, duckdb.Error) as error:
        if known := faults.explained(error, warehouse.folder, KEPT):
            raise known from error
        raise
    warehouse.redaction.remove()
    return finished


def _redact_version(version: Path, folder: Path, settings: Settings, at: datetime, finished: Finished) -> None:
    """Redact a version; remove it if this portouts cannot read it or build its models."""
    try:
        finished.bytes_written += redact_file(version, folder, settings, at)
        finished.versions.append(version)
        log("version.redacted", version=str(version))
    except (duckdb.Error, ModelError, ValueError) as error:
        if faults.is_of_machine(error):
            raise
        version.unlink()
        finished.removed.append(version)
        finished.notes.append(f"{version} could not be redacted, so it was removed: {faults.first_line(error)}.")


def _has_orders(connection: duckdb.DuckDBPyConnection) -> bool:
    query = "select true from duckdb_tables() where schema_name = 'raw' and table_name = 'portout_phone_numbers'"
    return bool(connection.execute(query).fetchall())


def _replace(part: Path, path: Path) -> None:
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # DuckDB would apply it to the new file
    part.replace(path)


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(f"{path.name}.wal")):
        leftover.unlink(missing_ok=True)
