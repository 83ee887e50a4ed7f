# %% [markdown]
# # What does privacy cost?
#
# Load reviews, train over the people who wrote them at several promises, and plot accuracy against epsilon.
# Install the package first: `pip install "./simulation/python[plot]"` (needs Rust), then
#
#     python examples/python/sweep_epsilon.py --data reviews.jsonl.gz --task category
#
# Without `--data` it makes people up. In an editor that knows `# %%` cells, run it cell by cell.

# %%
import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import silhouette

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, help="JSON Lines with user, text and a label; also .gz [default: made-up people]")
parser.add_argument("--task", default="interest", help="the column that holds the label [default: %(default)s]")
parser.add_argument("--epsilons", type=float, nargs="+", default=[0.5, 1, 2, 4, 8])
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--out", type=Path, default=Path("epsilon.png"))
args = parser.parse_args()

# %% [markdown]
# ## The data
# Rows are dictionaries: filter them, relabel them, take them from a data frame (`frame.to_dict("records")`).

# %%
if args.data is None:
    what = {"population": 1000}
else:
    opener = gzip.open if args.data.suffix == ".gz" else open
    with opener(args.data, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [row for row in rows if row.get(args.task) is not None]
    what = {"data": rows, "task": args.task}

known = silhouette.Simulation(what).describe()
print(f"{known['users']} people train, {known['users_test']} are held out; labels: {', '.join(known['labels'])}")

# %% [markdown]
# ## One run per promise and seed
# Noise follows from epsilon and delta; the worst tenth of the people is looked at as well as the mean.

# %%
def figures(**settings):
    """Accuracy of all texts, and of the people in the worst tenth, for every seed."""
    found = []
    for seed in args.seeds:
        result = silhouette.Simulation(what, rounds=args.rounds, evaluate_every=0, seed=seed, **settings).run()
        each = np.sort(result["user_accuracy"])
        found.append((result["accuracy"], each[: max(1, len(each) // 10)].mean()))
    return np.array(found)


without = figures(mode="none").mean(axis=0)
print(f"no privacy:  accuracy {without[0]:.3f}, worst tenth {without[1]:.3f}")
table = []
for epsilon in args.epsilons:
    found = figures(epsilon=epsilon)
    table.append((found.mean(axis=0), found.std(axis=0, ddof=min(1, len(found) - 1))))
    (mean, worst), (sd, _) = table[-1]
    print(f"epsilon {epsilon:4g}: accuracy {mean:.3f} ± {sd:.3f}, worst tenth {worst:.3f}")

# %% [markdown]
# ## The plot

# %%
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

means, deviations = (np.array(part) for part in zip(*table))
figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
for column, (name, colour) in enumerate([("all texts", "#2563eb"), ("people in the worst tenth", "#d97706")]):
    axes.errorbar(args.epsilons, means[:, column], deviations[:, column], fmt="o-", color=colour, capsize=3, label=name)
    axes.axhline(without[column], color=colour, linestyle=":", linewidth=1)
axes.set(xscale="log", xlabel="epsilon (user level, delta 1e-5)", ylabel="accuracy on people never seen", ylim=(0, 1))
axes.set_xticks(args.epsilons, [f"{e:g}" for e in args.epsilons])
axes.minorticks_off()
axes.set_title(f"{known['users']} people, {args.rounds} rounds, {len(args.seeds)} seeds; dotted: no privacy", fontsize=10)
axes.legend(loc="lower right", frameon=False)
axes.spines[["top", "right"]].set_visible(False)
figure.savefig(args.out, dpi=150)
print(f"plot: {args.out}")
