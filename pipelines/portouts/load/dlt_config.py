"""dlt with nothing but our own configuration, whatever the environment and the files of dlt say.

dlt looks its own settings up by their bare names: `DEV_MODE` renames the dataset, `REFRESH` drops what is held. While
our pipeline runs, dlt's providers of configuration are one of ours. Only another engine's own section, `destination`,
is read from outside, since how to reach an engine can be known nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.providers.dictionary import DictionaryProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs import PluggableRunContext
from dlt.common.runtime.run_context import RunContext
from dlt.common.utils import update_dict_nested

DESTINATION = "destination"


@contextmanager
def own_dlt(folder: Path, engines: Iterable[Mapping[str, Any]] | None = None) -> Iterator[None]:
    """Run dlt in this folder with our configuration only.

    `engines` are files of settings, the first one first; of them and of the environment, the section `destination` is
    read. None: no engine but DuckDB is used.
    """
    configuration: dict[str, Any] = {
        "runtime": {"dlthub_telemetry": False, "log_level": "CRITICAL", "intercept_signals": False},
        "providers": {"enable_airflow_secrets": False},
        "load": {"delete_completed_jobs": True},  # the rows are in the warehouse; their Parquet need not stay
    }
    providers: list[ConfigProvider] = []
    if engines is None:  # what DuckDB could not load is tried again by the next sync, on a file opened anew
        configuration["load"]["raise_on_max_retries"] = 1
    else:
        found: dict[str, Any] = {}
        for content in reversed([*engines]):
            update_dict_nested(found, {DESTINATION: content.get(DESTINATION, {})})
        configuration |= found
        providers = [_EnginesInEnvironment()]
    with Container().injectable_context(PluggableRunContext(_Context(folder, [*providers, _Fixed(configuration)]))):
        yield


class _Fixed(DictionaryProvider):
    """Values that stand nowhere but here."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._config_doc = values


class _EnginesInEnvironment(EnvironProvider):
    """The environment, as far as it says how to reach an engine."""

    def get_value(self, key: str, hint: Any, pipeline_name: str | None, *sections: str) -> tuple[Any, str]:
        if sections[:1] == (DESTINATION,):
            return super().get_value(key, hint, pipeline_name or "", *sections)
        return None, self.get_key_name(key, *sections)


class _Context(RunContext):
    """Where dlt looks for files, and what it knows: all in one folder of ours."""

    def __init__(self, folder: Path, providers: list[ConfigProvider]) -> None:
        super().__init__(str(folder))
        self._global_dir = str(folder)
        self._providers = providers

    @property
    def run_dir(self) -> str:
        return self._init_run_dir

    @property
    def local_dir(self) -> str:
        return self._init_run_dir

    @property
    def data_dir(self) -> str:
        return self._init_run_dir

    def initial_providers(self) -> list[ConfigProvider]:
        return [*self._providers]
