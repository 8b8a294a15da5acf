"""What Spark needs on this machine: the package pyspark and a Java. Nothing that takes long is imported."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from portouts.errors import SettingsError
from portouts.extras import require_packages

OLDEST_JAVA = 17
_ADVICE = f"Install Java {OLDEST_JAVA} or later (Debian: apt-get install default-jre-headless), or set JAVA_HOME."


def require_spark(environ: Mapping[str, str]) -> None:
    """Raise `SettingsError` unless pyspark and a Java that it can use are installed."""
    require_packages("pyspark", extra="spark")
    home = environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise SettingsError(f"--engine spark: there is no Java{f' in JAVA_HOME={home}' if home else ''}. {_ADVICE}")
    if (version := _version_of(java)) < OLDEST_JAVA:
        raise SettingsError(f"--engine spark: {java} is Java {version or 'of an unknown version'}. {_ADVICE}")


def _version_of(java: str) -> int:
    """Return the major version of a Java; 0 if it does not say one."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - found above
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said.stderr + said.stdout)
    return int(found[1]) if found else 0
