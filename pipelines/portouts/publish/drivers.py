"""Which packages the targets need. Nothing that takes long is imported, so a missing package is reported at once."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from portouts.errors import SettingsError
from portouts.extras import require_packages
from portouts.publish.target import Target

_S3 = frozenset({"s3", "s3a"})


def require_drivers(urls: Iterable[str]) -> None:
    """Raise `SettingsError` unless what these targets need is installed."""
    for target in map(Target, urls):
        if target.is_postgresql:
            require_packages("adbc_driver_postgresql", extra="postgresql")
        elif target.scheme in _S3:
            require_packages("s3fs", extra="s3")
        elif find_spec(package := _package_of(target)) is None:
            raise SettingsError(f"{target.scheme}:// needs a package that is not installed: pip install {package}")


def _package_of(target: Target) -> str:
    """Return the package that fsspec needs for an address."""
    from fsspec.registry import known_implementations

    known = known_implementations.get(target.scheme)
    if known is None:
        raise SettingsError(
            f"publish.targets: {target.scheme}:// is no kind of target. Use postgresql://, s3://, file:// or another "
            "kind that fsspec knows."
        )
    return str(known["class"]).partition(".")[0]
