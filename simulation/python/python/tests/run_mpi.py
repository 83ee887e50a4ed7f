"""All ranks together give the model of one process. `mpiexec -n 3 python run_mpi.py`"""

from mpi4py import MPI

import silhouette.mpi
from silhouette import Simulation

SMALL = {"population": 40, "rounds": 3, "cohort": 20, "buckets": 8, "epsilon": 8.0, "seed": 5}

result = silhouette.mpi.run(SMALL)
assert (result is None) == (MPI.COMM_WORLD.rank > 0)
if result is not None:
    assert MPI.COMM_WORLD.size == 3
    alone = Simulation(SMALL).run()
    assert result["summary"]["model_sha256"] == alone["summary"]["model_sha256"]
