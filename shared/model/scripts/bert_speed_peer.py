"""The peer of examples/bert_speed.rs: sentence-transformers on PyTorch, the same texts, batches of 64.

    python3 -m venv venv && venv/bin/pip install sentence-transformers torch
    venv/bin/python scripts/bert_speed_peer.py DIR [threads] [texts] [tokens]
"""

import sys
import time

import torch
from sentence_transformers import SentenceTransformer

WORDS = ["music", "garden", "river", "window", "engine", "doctor", "winter", "paper", "summer", "house"]


def main():
    threads, texts, tokens = (int(a) for a in (sys.argv[2:] + ["2", "64", "128"][len(sys.argv) - 2 :]))
    torch.set_num_threads(threads)
    model = SentenceTransformer(sys.argv[1], device="cpu")
    model.max_seq_length = tokens
    made = [" ".join(WORDS[(i * 7 + k * k + k) % 10] for k in range(tokens - 2)) for i in range(texts)]
    best, vectors = float("inf"), None
    for _ in range(5):
        started = time.perf_counter()
        vectors = model.encode(made, batch_size=64, show_progress_bar=False)
        best = min(best, time.perf_counter() - started)
    print(
        f"{threads} threads, {texts} texts of {tokens} tokens: {texts / best:.1f} texts/s, "
        f"checksum {abs(vectors).sum():.3f}"
    )


main()
