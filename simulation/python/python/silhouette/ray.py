"""Runs whose devices are trained on a Ray cluster (https://www.ray.io).

>>> import ray, silhouette.ray
>>> ray.init(address="auto")                                           # doctest: +SKIP
>>> silhouette.ray.run({"population": 1_000_000, "cohort": 100_000, "rounds": 3}, workers=8, threads=4)  # doctest: +SKIP

The driver decides who takes part, adds the noise, steps the model and evaluates. Workers read the data once, keep
their threads, and train a part of each round's devices. The model has the same bits as on one machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray

from . import Config, Result, Shard, Simulation, split

__all__ = ["Cluster", "run"]


class _Worker:
    def __init__(self, config: Config, threads: int) -> None:
        self.shard = Shard(config, threads=threads)

    def run(self, spec: bytes, start: int, stop: int) -> bytes:
        return self.shard.run(spec, start, stop)


_Remote: Any = ray.remote(_Worker)


class Cluster:
    """Workers on a Ray cluster, which is started on this machine if there is none.

    Files have to be at the same path on every node; rows travel with the configuration. A worker whose node is lost
    is started again elsewhere and its part of the round trained anew, which changes nothing in the result.
    """

    def __init__(self, config: Config | Mapping[str, Any], *, workers: int = 2, threads: int = 1) -> None:
        if workers < 1 or threads < 1:
            raise ValueError(f"expected at least one worker and one thread, found {workers} and {threads}")
        if not ray.is_initialized():
            ray.init()
        config = config if isinstance(config, Config) else Config(config)
        # Kept, so that a worker can be started again from it.
        self._config = ray.put(config)
        options = {"num_cpus": threads, "max_restarts": -1, "max_task_retries": 3}
        self._workers = [_Remote.options(**options).remote(self._config, threads) for _ in range(workers)]

    def __call__(self, spec: bytes, devices: int) -> Sequence[bytes]:
        """Trains a round: what :meth:`silhouette.Simulation.run` takes as ``workers``."""
        round_ = ray.put(spec)
        ranges = split(devices, len(self._workers))
        return ray.get([w.run.remote(round_, *r) for w, r in zip(self._workers, ranges)])

    def close(self) -> None:
        """Lets the workers go."""
        for worker in self._workers:
            ray.kill(worker)
        self._workers = []

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def run(
    config: Config | Mapping[str, Any],
    *,
    workers: int = 2,
    threads: int = 1,
    on_round: Callable[[dict[str, Any]], object] | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Result:
    """:meth:`silhouette.Simulation.run` with the devices trained by ``workers`` processes of ``threads`` threads."""
    config = config if isinstance(config, Config) else Config(config)
    simulation = Simulation(config)
    with Cluster(config, workers=workers, threads=threads) as cluster:
        return simulation.run(on_round=on_round, workers=cluster, out=out)
