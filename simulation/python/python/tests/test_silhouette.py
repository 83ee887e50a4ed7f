"""Runs and shards from Python. `python -m unittest` with the package on the path."""

import json
import random
import tempfile
import unittest
from pathlib import Path

import numpy as np

import silhouette
from silhouette import Config, Shard, Simulation, split

def rows(people: int = 30) -> list[dict]:
    """People who write of one of two things."""
    words = {"garden": ["roses", "soil", "seeds"], "film": ["camera", "actor", "scene"]}
    rng = random.Random(1)
    return [
        {"user": f"u{i}", "text": f"{rng.choice(words[topic])} and {rng.choice(words[topic])} number {k}",
         "topic": topic, "split_user": "test" if i % 5 == 0 else "train"}
        for i in range(people)
        for k, topic in enumerate(["garden", "film"][i % 2:] * 3)
    ]


SMALL = {"data": rows(), "task": "topic", "rounds": 3, "cohort": 20, "buckets": 8, "epsilon": 8.0, "seed": 5}


class Runs(unittest.TestCase):
    def test_the_same_settings_give_the_same_model_on_any_number_of_threads(self):
        hashes = {Simulation(SMALL, threads=t).run()["summary"]["model_sha256"] for t in (1, 2, 7)}
        self.assertEqual(len(hashes), 1)
        other = Simulation(SMALL, seed=6).run()["summary"]["model_sha256"]
        self.assertNotIn(other, hashes)

    def test_what_comes_out(self):
        seen = []
        simulation = Simulation(data=rows(), task="topic", mode="none", rounds=5, buckets=8)
        known = simulation.describe()
        with tempfile.TemporaryDirectory() as folder:
            result = simulation.run(on_round=seen.append, out=folder)
            self.assertTrue((Path(folder) / "report.html").is_file())
            self.assertEqual((Path(folder) / "model.safetensors").read_bytes(), result["model_file"])
            summary = json.loads((Path(folder) / "summary.json").read_text())
        self.assertEqual(summary["model_sha256"], result["summary"]["model_sha256"])
        self.assertEqual([r["round"] for r in seen], [1, 2, 3, 4, 5])
        self.assertEqual(seen, result["rounds"])
        self.assertEqual((result["labels"], known["labels"]), (["film", "garden"],) * 2)
        self.assertEqual((known["users"], known["users_test"]), (24, 6))
        self.assertGreater(result["accuracy"], 0.9)
        self.assertEqual(result["model"].shape, (known["parameters"],))
        self.assertEqual(result["confusion"].shape, (2, 2))
        right = np.trace(result["confusion"]) / result["confusion"].sum()
        self.assertAlmostEqual(right, result["accuracy"])
        self.assertEqual(result["user_accuracy"].shape, (6,))

    def test_a_population_is_made_up(self):
        simulation = Simulation(population=30, rounds=1, buckets=8)
        self.assertEqual(simulation.describe()["users"], 30)
        self.assertEqual(simulation.run()["summary"]["users_test"], 1000)

    def test_a_run_starts_from_the_parameters_it_is_given(self):
        simulation = Simulation(SMALL)
        first = simulation.run()
        ones = np.full_like(first["model"], 0.5)
        self.assertNotEqual(simulation.run(initial=ones)["summary"]["model_sha256"], first["summary"]["model_sha256"])
        again = simulation.run()
        self.assertEqual(again["summary"]["model_sha256"], first["summary"]["model_sha256"])
        np.testing.assert_array_equal(again["model"], first["model"])
        with self.assertRaisesRegex(ValueError, "parameters: expected .* values, found 3"):
            simulation.run(initial=np.zeros(3))

    def test_what_a_callback_raises_ends_the_run(self):
        seen = []

        def enough(record):
            seen.append(record["round"])
            raise KeyError("enough")

        with self.assertRaisesRegex(KeyError, "enough"):
            Simulation(SMALL).run(on_round=enough)
        self.assertEqual(seen, [1])

    def test_bad_input_is_named(self):
        for settings, message in [
            ({"epsilom": 4}, "settings: unknown field `epsilom`"),
            ({"epsilon": -1}, "epsilon"),
            ({"mode": "public"}, "--mode: expected none, central, local or distributed, found public"),
            ({"cohort": 1000}, "--cohort"),
        ]:
            with self.subTest(settings), self.assertRaisesRegex(ValueError, message):
                Simulation({**SMALL, **settings}).run()
        with self.assertRaisesRegex(ValueError, "expected either data or population"):
            Simulation()
        with self.assertRaisesRegex(ValueError, "no/such/file"):
            Simulation(data="no/such/file.jsonl", task="topic")
        with self.assertRaisesRegex(ValueError, "column subject: expected labels"):
            Simulation(data=rows(), task="subject")


class Shards(unittest.TestCase):
    def alone(self, **settings):
        return Simulation(SMALL, **settings).run()["summary"]["model_sha256"]

    def test_shards_give_the_bits_of_one_process(self):
        shards = [Shard(SMALL, threads=1), Shard(SMALL, threads=3)]
        rng = random.Random(2)

        def workers(spec, devices):
            parts = [shards[i % 2].run(spec, *r) for i, r in enumerate(split(devices, 5))]
            rng.shuffle(parts)
            return [shards[0].merge(spec, parts[:3]), *parts[3:]]

        sharded = Simulation(SMALL).run(workers=workers)
        self.assertEqual(sharded["summary"]["model_sha256"], self.alone())

    def test_parts_that_do_not_fit_are_refused(self):
        shard, other = Shard(SMALL), Shard({**SMALL, "seed": 9})
        self.assertNotEqual(shard.fingerprint, other.fingerprint)
        simulation = Simulation(SMALL)
        for workers, message in [
            (lambda spec, n: [], "expected all 20 devices of the round, found 0"),
            (lambda spec, n: [shard.run(spec, 0, n), shard.run(spec, 0, 1)], "are in both parts"),
            (lambda spec, n: [other.run(spec, 0, n)], "expected a round of the data and settings"),
            (lambda spec, n: [shard.run(spec, 0, n)[:-1]], "partial sum: expected"),
            (lambda spec, n: [shard.run(spec, 0, n + 1)], "expected a range within the round's 20 devices"),
        ]:
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                simulation.run(workers=workers)

    def test_what_workers_raise_is_what_one_sees(self):
        def lost(spec, devices):
            raise ConnectionError("the node is gone")

        with self.assertRaisesRegex(ConnectionError, "the node is gone"):
            Simulation(SMALL).run(workers=lost)

    def test_a_configuration_travels(self):
        import pickle

        config = Config(data=rows(), task="topic", mode="none", rounds=2, buckets=8)
        there = Shard(pickle.loads(pickle.dumps(config)))
        here = Simulation(config)
        sharded = here.run(workers=lambda spec, n: [there.run(spec, 0, n)])
        self.assertEqual(sharded["summary"]["model_sha256"], here.run()["summary"]["model_sha256"])

    def test_ranges_have_every_device_once(self):
        for devices in (1, 2, 7, 100):
            for parts in (1, 2, 3, 8):
                ranges = split(devices, parts)
                self.assertEqual([i for r in ranges for i in range(*r)], list(range(devices)))
                self.assertLessEqual(max(b - a for a, b in ranges) - min(b - a for a, b in ranges), 1)


if __name__ == "__main__":
    unittest.main()
