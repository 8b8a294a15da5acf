"""Prints all settings as TOML, each with its origin; a setting that is not set is a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note
from portouts.load.settings.overview import Overview, SettingShown


def print_settings(overview: Overview, *, as_json: bool) -> None:
    """Print every setting, and the files where settings are looked for."""
    note(overview.notes)
    print_result("\n".join(_lines(overview)), overview, as_json=as_json)


def _lines(overview: Overview) -> Iterator[str]:
    table = ""
    for setting in overview.settings:
        if setting.table != table:
            table = setting.table
            yield f"[{table}]"
        yield f"{_assignment(setting)}  # {_on_one_line(setting.origin)}; {setting.allowed}"
    yield "# Settings are read from these files; the first file that has a setting counts:"
    yield from (f"# {_on_one_line(file.path)}{'' if file.exists else ' (does not exist)'}" for file in overview.files)


def _assignment(setting: SettingShown) -> str:
    if setting.value is not None:
        value = json.dumps(setting.value, ensure_ascii=False).replace("\x7f", "\\u007f")
        return f"{setting.name} = {value}"
    return f"# {setting.name} is {'set and not shown' if setting.is_set else 'not set'}"


def _on_one_line(path: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "?", path)
