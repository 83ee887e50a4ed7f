"""Runs whose devices are trained by the ranks of an MPI job: ``srun -n 8 python job.py``.

Every rank calls :func:`run`. Rank 0 decides who takes part, adds the noise, steps the model and evaluates; all ranks,
it too, train a part of each round's devices. The model has the same bits as on one machine.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mpi4py import MPI

from . import Config, Result, Shard, Simulation, split

__all__ = ["run"]


def run(
    config: Config | Mapping[str, Any],
    *,
    threads: int = 1,
    on_round: Callable[[dict[str, Any]], object] | None = None,
    out: str | os.PathLike[str] | None = None,
    comm: MPI.Comm | None = None,
) -> Result | None:
    """:meth:`silhouette.Simulation.run` on all ranks of ``comm``, each with so many ``threads``.

    The result on rank 0, ``None`` on the others. A rank that fails ends the job, as others would wait for it for ever.
    """
    comm = MPI.COMM_WORLD if comm is None else comm
    try:
        config = config if isinstance(config, Config) else Config(config)
        simulation = Simulation(config)
        shard = Shard(simulation, threads=threads)
        if comm.rank == 0:
            return _drive(comm, simulation, shard, on_round, out)
        while (task := comm.bcast(None)) is not None:
            comm.gather(_part(comm, shard, *task))
        return None
    except BaseException:
        if comm.size == 1:
            raise
        traceback.print_exc()
        comm.Abort(1)
        raise


def _part(comm: MPI.Comm, shard: Shard, spec: bytes, devices: int) -> bytes | None:
    ranges = split(devices, comm.size)
    return shard.run(spec, *ranges[comm.rank]) if comm.rank < len(ranges) else None


def _drive(
    comm: MPI.Comm,
    simulation: Simulation,
    shard: Shard,
    on_round: Callable[[dict[str, Any]], object] | None,
    out: str | os.PathLike[str] | None,
) -> Result:
    def workers(spec: bytes, devices: int) -> Sequence[bytes]:
        comm.bcast((spec, devices))
        parts = comm.gather(_part(comm, shard, spec, devices)) or []
        return [part for part in parts if part is not None]

    result = simulation.run(on_round=on_round, workers=workers, out=out)
    comm.bcast(None)
    return result
