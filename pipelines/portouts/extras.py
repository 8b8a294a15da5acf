"""Packages that only some of the work needs, and the command that installs them.

portouts is in no package registry, where its name could come to belong to somebody else. So the command names what this
portouts was installed from: a checkout, a wheel or a repository.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

from portouts.errors import SettingsError

REPORT_PACKAGES = (
    "altair",
    "great_tables",
    "ipykernel",
    "jinja2",
    "mistune",
    "nbclient",
    "nbformat",
    "pandas",
    "vl_convert",
)


def require_packages(*names: str, extra: str) -> None:
    """Raise `SettingsError` unless these packages of an extra are installed."""
    if missing := [name for name in names if find_spec(name) is None]:
        raise SettingsError(f"{', '.join(missing)} not installed: {install_command(extra)}")


def install_command(*extras: str) -> str:
    """Return the command that adds extras to this portouts."""
    return command_of(_origin(), extras)


def command_of(origin: str | None, extras: Sequence[str]) -> str:
    """Return the command for an origin as pip records it in `direct_url.json`; without one, it was an index."""
    recorded = json.loads(origin or "{}")
    names, url = f"[{','.join(extras)}]", recorded.get("url", "")
    if recorded.get("dir_info", {}).get("editable"):
        return f"pip install -e '{unquote(urlsplit(url).path)}{names}'"
    if repository := recorded.get("vcs_info"):
        url = f"{repository['vcs']}+{url}@{repository['commit_id']}"
    return f"pip install 'portouts{names}{f' @ {url}' if url else ''}'"


def installed_from() -> str | None:
    """Return the folder or the wheel from which pip installed portouts; None if there is none."""
    origin = _origin()
    url = urlsplit(json.loads(origin).get("url", "") if origin else "")
    return unquote(url.path) if url.scheme == "file" else None


def _origin() -> str | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution("portouts").read_text("direct_url.json")
    except PackageNotFoundError:  # run from its folder, without being installed
        return None
