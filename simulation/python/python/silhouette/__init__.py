"""Federated, differentially private user profiling, simulated.

The production code with the network left out: a run here says what a deployment with the same settings does.

>>> import silhouette
>>> simulation = silhouette.Simulation(population=500, rounds=3, epsilon=8)
>>> result = simulation.run()
>>> sorted(result)[:3]
['accuracy', 'accuracy_before', 'confusion']
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Union

import numpy as np
import numpy.typing as npt

from . import _native
from ._native import __version__

__all__ = ["Config", "Result", "Shard", "Simulation", "__version__", "split"]

#: A file of per-user text (JSON Lines, CSV, either also .gz, or a folder of .txt), or its rows.
Data = Union[str, "os.PathLike[str]", Iterable[Mapping[str, Any]]]

#: Trains the devices of a round: gets the round and the number of its devices, returns partial sums of
#: :meth:`Shard.run` that have every device once.
Workers = Callable[[bytes, int], Sequence[bytes]]


class Result(TypedDict):
    """What a run yields."""

    #: Accuracy on texts of held-out people; of the untrained model.
    accuracy: float
    accuracy_before: float
    #: The figures of ``summary.json``: macro F1, epsilon spent, seconds, ``model_sha256`` ...
    summary: dict[str, Any]
    #: One record a round: accuracy, loss, epsilon, bytes up and down, seconds ...
    rounds: list[dict[str, Any]]
    labels: list[str]
    #: Texts by true and predicted label, shape ``(labels, labels)``.
    confusion: npt.NDArray[np.int64]
    #: Each held-out person's accuracy, shape ``(people,)``.
    user_accuracy: npt.NDArray[np.float64]
    #: The published model's parameters, shape ``(parameters,)``, and its file (safetensors).
    model: npt.NDArray[np.float32]
    model_file: bytes


class Config:
    """Data and settings of a run, in a form that travels to other processes.

    ``config`` and keyword arguments are one: ``data`` with ``task`` (the column that holds the label, or a task file),
    or ``population`` (so many made-up people), and any flag of ``silhouette simulate`` with underscores: ``epsilon``,
    ``rounds``, ``cohort``, ``mode``, ``lr``, ``seed`` ... What is not there has the program's default.

    Rows instead of a file need the columns ``user`` and ``text`` and the label's. They are written to a temporary file
    that lives as long as the process.
    """

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:
        settings = {**(config or {}), **settings}
        data: Data | None = settings.pop("data", None)
        self.task: str | None = settings.pop("task", None)
        self.population: int | None = settings.pop("population", None)
        self.rows: list[dict[str, Any]] | None = None
        self.data: str | None = None
        if isinstance(data, (str, os.PathLike)):
            self.data = str(Path(data).absolute())
        elif data is not None:
            self.rows = [dict(row) for row in data]
        if self.task is not None and self.task.endswith(".toml"):
            self.task = str(Path(self.task).absolute())
        self.settings: dict[str, Any] = settings

    def _arguments(self) -> tuple[str, str | None, str | None, int | None]:
        settings = json.dumps(self.settings, allow_nan=False)
        data = self.data if self.rows is None else _written(self.rows)
        return settings, data, self.task, self.population


class Simulation:
    """Runs of one data set under one :class:`Config`. The data are read and encoded once, here."""

    def __init__(self, config: Config | Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.config = config if isinstance(config, Config) and not settings else Config(_plain(config), **settings)
        self._native = _native.Simulation(*self.config._arguments())

    def describe(self) -> dict[str, Any]:
        """People, texts, labels, parameters, and the noise multiplier that keeps the promise."""
        described: dict[str, Any] = json.loads(self._native.describe())
        return described

    def run(
        self,
        *,
        initial: npt.ArrayLike | None = None,
        on_round: Callable[[dict[str, Any]], object] | None = None,
        workers: Workers | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> Result:
        """Runs all rounds.

        ``initial``: parameters to start from instead of fresh ones, shape ``(parameters,)``. ``on_round`` is called
        with each round's record; what it raises ends the run. ``workers`` trains the devices elsewhere
        (:mod:`silhouette.ray` does so on a cluster): the result is the same, bit for bit. ``out``: a folder for
        ``report.html``, ``summary.json``, ``rounds.jsonl`` and the model.
        """
        start = None if initial is None else np.ascontiguousarray(initial, dtype="<f4").tobytes()
        tell = None if on_round is None else lambda record: on_round(json.loads(record))
        figures, values, file, of_users = self._native.run(start, tell, workers, out)
        result: dict[str, Any] = json.loads(figures)
        labels = len(result["labels"])
        result["accuracy"] = result["summary"]["accuracy"]
        result["confusion"] = np.array(result["confusion"], dtype=np.int64).reshape(labels, labels)
        result["user_accuracy"] = np.frombuffer(of_users, dtype="<f8")
        result["model"] = np.frombuffer(values, dtype="<f4")
        result["model_file"] = file
        return result  # type: ignore[return-value]


class Shard:
    """A worker: it holds the same data and settings as the driver and trains ranges of rounds' devices.

    ``threads`` may differ from the driver's; every other setting has to be the same, or rounds are refused. The data are
    read once: give a :class:`Simulation` where there is one in this process.
    """

    def __init__(
        self, of: Simulation | Config | Mapping[str, Any] | None = None, *, threads: int | None = None
    ) -> None:
        simulation = of if isinstance(of, Simulation) else Simulation(of)
        self._native = simulation._native.shard(threads)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of data and settings: drivers and shards of one run have the same."""
        return self._native.fingerprint

    def run(self, spec: bytes, start: int, stop: int) -> bytes:
        """The partial sum over the devices in places ``start`` to before ``stop`` of the round ``spec``."""
        return self._native.run(spec, start, stop)

    def merge(self, spec: bytes, parts: Sequence[bytes]) -> bytes:
        """Partial sums of one round as one. The order and the grouping of merges change nothing."""
        return self._native.merge(spec, list(parts))


def split(devices: int, parts: int) -> list[tuple[int, int]]:
    """Ranges over ``devices`` places for ``parts`` shards, as equal in length as can be, none of them empty."""
    cuts = [i * devices // parts for i in range(parts + 1)]
    return [(start, stop) for start, stop in zip(cuts, cuts[1:]) if start < stop]


def _plain(config: Config | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if not isinstance(config, Config):
        return config
    data = config.rows if config.rows is not None else config.data
    named = {"data": data, "task": config.task, "population": config.population}
    return {**{name: value for name, value in named.items() if value is not None}, **config.settings}


#: Temporary files go when the process does.
_folder: tempfile.TemporaryDirectory[str] | None = None


def _written(rows: Iterable[Mapping[str, Any]]) -> str:
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="silhouette-")
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", suffix=".jsonl", dir=_folder.name, delete=False
    ) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=_number) + "\n")
    return file.name


def _number(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"rows: expected text and numbers, found {type(value).__name__}")
