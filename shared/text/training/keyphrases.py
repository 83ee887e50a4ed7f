#!/usr/bin/env python3
"""Writes what jieba's own extractors name for the labelled texts, first five of each (pip install jieba==0.42.1).

Usage: keyphrases.py ../tests/data
"""
import sys

import jieba.analyse

for name, extract in (("tfidf", jieba.analyse.extract_tags), ("textrank", jieba.analyse.textrank)):
    lines = [l.rstrip("\n") for l in open(f"{sys.argv[1]}/keyphrases.zh.txt", encoding="utf8") if not l.startswith("#")]
    texts = [l.rsplit("|", 1)[0] for l in lines]
    with open(f"{sys.argv[1]}/keyphrases.zh.jieba-{name}.txt", "w", encoding="utf8") as out:
        out.writelines(f"{t}|{' '.join(extract(t, topK=5))}\n" for t in texts)
