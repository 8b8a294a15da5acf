"""The files of a demo. A mark in the working folder says that a demo made them: another demo replaces no other files.

This module imports no DuckDB, so that wrong usage is reported at once.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from portouts.errors import SettingsError
from portouts.warehouse.folders import make_folder_of, make_private, new_file, places

MARK = "demo"


class DemoFiles:
    """The published file, the working folder and the report of a demo."""

    def __init__(self, database: Path) -> None:
        self.published, self.folder = places(database)
        self.page = database.with_suffix(".html")

    def require_replaceable(self) -> None:
        """Raise `SettingsError` if there is a file that no demo has made."""
        if (self.folder / MARK).exists():
            return
        for found in (self.published, self.folder, self.page):
            if found.exists():
                raise SettingsError(
                    f"{found} exists already, and no demo has made it. Give --database another name, such as "
                    f"{self.published.with_name('another-demo.duckdb')}."
                )

    def clear(self) -> None:
        """Remove the files of an earlier demo, and mark the working folder of the next one."""
        for file in (self.published, self.page):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        make_folder_of(self.published, None)
        make_private(self.folder)
        new_file(self.folder / MARK)
