"""The formats of an export, and which files an output stands for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from portouts.errors import SettingsError


class Format(StrEnum):
    """The formats, by the ending of their files."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


def files_to_write(kind: Format, marts: Sequence[str], output: Path, book: str) -> list[Path]:
    """Return the files of an export: the one that `output` names, else files in the folder that it names."""
    if names_file(kind, output):
        if kind is not Format.XLSX and len(marts) != 1:
            raise SettingsError(
                f"--output {output}: a {kind} file holds one mart, and there are {len(marts)}. Name one with --mart, "
                "or name a folder."
            )
        return [output]
    if output.exists() and not output.is_dir():
        raise SettingsError(f"--output {output} is a file. Name a folder, or a file that ends in .{kind}.")
    files = [output / f"{name}.{kind}" for name in ([book] if kind is Format.XLSX else marts)]
    if folders := [file for file in files if file.is_dir()]:
        raise SettingsError(f"{folders[0]} is a folder, so no file can take its place. Name another --output.")
    return files


def names_file(kind: Format, output: Path) -> bool:
    """Return whether an output is a file rather than a folder, by its ending."""
    return output.suffix.lower() == f".{kind}" and not output.is_dir()
