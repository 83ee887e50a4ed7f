"""A real Ray cluster on this machine gives the model of one process."""

import unittest

import ray

import silhouette.ray
from silhouette import Config, Simulation

SMALL = {"population": 40, "rounds": 3, "cohort": 20, "buckets": 8, "epsilon": 8.0, "seed": 5}


class Ray(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)

    @classmethod
    def tearDownClass(cls):
        ray.shutdown()

    def test_two_workers_give_the_model_of_one_process(self):
        alone = Simulation(SMALL).run()
        seen = []
        clustered = silhouette.ray.run(SMALL, workers=2, on_round=seen.append)
        self.assertEqual(clustered["summary"]["model_sha256"], alone["summary"]["model_sha256"])
        self.assertEqual([r["model_sha256"] for r in seen], [r["model_sha256"] for r in alone["rounds"]])

    def test_a_worker_that_dies_is_replaced(self):
        alone = Simulation(SMALL).run()
        config = Config(SMALL)
        with silhouette.ray.Cluster(config, workers=2) as cluster:

            def one_dies(spec, devices):
                ray.kill(cluster._workers[0], no_restart=False)
                return cluster(spec, devices)

            clustered = Simulation(config).run(workers=one_dies)
        self.assertEqual(clustered["summary"]["model_sha256"], alone["summary"]["model_sha256"])


if __name__ == "__main__":
    unittest.main()
