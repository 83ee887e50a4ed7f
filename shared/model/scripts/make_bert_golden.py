"""Writes tests/golden/tiny-en, tests/golden/tiny-zh and tests/golden/unicode.json: two encoders with random weights and
small vocabularies of our own, with token ids and vectors by the reference, and what the reference's normaliser makes of every
character.

    python3 -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python scripts/make_bert_golden.py
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, BertTokenizer

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ENGLISH = SPECIAL + list("abdehilmnorstuw'-.,!") + (
    "the river music play gar ##den ##ing ##s ##e ##t un ##known ##ly ##5 20 ##a ##b ##i # ## $ cafe ##́ naive ß σ i"
).split()
CHINESE = SPECIAL + list("今天比赛很精彩的音乐，。！aA") + "Music mus ##ic ##A 2 ##0 ##赛 é E ##́ café".split()

TEXTS = [
    "The river plays music.",
    "gardening, unknownly! the gardens",
    "gardenx is unknown",
    "today's café — naïve CAFÉ",
    "今天的比赛很精彩！music",
    "比赛2020 Music AA 音乐。",
    "[MASK] the [SEP]river[CLS] [mask]",
    "",
    "\u200b\u00ad \u3000\t\r\n\u0007",
    "a" * 101 + " " + "a" * 100,
    "## # the##ing $5 e\u0301 E\u0301 É",
    "ΣΑΣ ß ẞ İ i\u0307 ﬁ 豈 \U00020000 가",
    "the music " * 40,
    "🎸music🎸 the\u2028river",
]


def model(folder, config, seed):
    torch.manual_seed(seed)
    network = BertModel(config, add_pooling_layer=False).eval()
    for name, parameter in network.named_parameters():
        # Far from the start of a training, so that every part of the network matters.
        scale = 0.3 if parameter.dim() > 1 else 0.1
        one = 1.0 if "LayerNorm.weight" in name else 0.0
        torch.nn.init.normal_(parameter, mean=one, std=scale)
    config.save_pretrained(folder)
    return network


def cases(folder, network, tokenizer, pool, length):
    found = []
    for text in TEXTS:
        ids = tokenizer(text, truncation=True, max_length=length)["input_ids"]
        with torch.no_grad():
            hidden = network(input_ids=torch.tensor([ids])).last_hidden_state[0]
        vector = torch.nn.functional.normalize(pool(hidden), dim=0)
        found.append({"text": text, "ids": ids, "vector": [float(f"{v:.8g}") for v in vector]})
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in found)
    (folder / "golden.json").write_text(f"[\n{lines}\n]\n")


def write(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


def vocabulary(folder, words):
    words = list(dict.fromkeys(words))
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return len(words)


def english():
    """As sentence-transformers lays a folder out: tokenizer.json, lower case, the mean."""
    folder = GOLDEN / "tiny-en"
    folder.mkdir(parents=True, exist_ok=True)
    size = vocabulary(folder, ENGLISH)
    config = BertConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40,
        max_position_embeddings=40, hidden_act="gelu",
    )
    network = model(folder, config, 1)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)
    (folder / "vocab.txt").unlink()
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write(folder, "modules.json", [{"path": p, "type": f"sentence_transformers.models.{t}"} for p, t in modules])
    write(folder, "1_Pooling/config.json", {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False})
    write(folder, "sentence_bert_config.json", {"max_seq_length": 32})
    cases(folder, network, tokenizer, lambda hidden: hidden.mean(0), 32)


def chinese():
    """As older checkpoints are: vocab.txt, the case kept, half numbers, `bert.` and `gamma` in the names, `[CLS]`."""
    folder = GOLDEN / "tiny-zh"
    folder.mkdir(parents=True, exist_ok=True)
    size = vocabulary(folder, CHINESE)
    config = BertConfig(
        vocab_size=size, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48,
        max_position_embeddings=24, hidden_act="gelu_new", layer_norm_eps=1e-5,
    )
    network = model(folder, config, 2)
    state = {k: v.half().contiguous() for k, v in network.state_dict().items()}
    network.load_state_dict({k: v.float() for k, v in state.items()})
    old = lambda k: "bert." + k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    state = {old(k): v for k, v in state.items()}
    state["cls.predictions.bias"] = torch.zeros(size)
    save_file(state, folder / "model.safetensors")
    write(folder, "tokenizer_config.json", {"do_lower_case": False})
    write(folder, "1_Pooling/config.json", {"pooling_mode": "cls"})
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), do_lower_case=False)
    cases(folder, network, tokenizer, lambda hidden: hidden[0], 24)


def characters():
    """A hash of the words that the reference finds in `a?b` with each character, 4096 characters a hash."""
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    found = {}
    for lower in (True, False):
        normal = normalizers.BertNormalizer(lowercase=lower).normalize_str
        blocks = []
        for first in range(0, 0x110000, 4096):
            points = [c for c in range(first, first + 4096) if not 0xD800 <= c < 0xE000]
            words = "".join(" ".join(w for w, _ in split(normal(f"a{chr(c)}b"))) + "\n" for c in points)
            blocks.append(hashlib.sha256(words.encode()).hexdigest()[:16])
        found["lower" if lower else "kept"] = blocks
    (GOLDEN / "unicode.json").write_text(json.dumps(found, indent=0) + "\n")


english()
chinese()
characters()
