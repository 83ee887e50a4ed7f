"""Writes src/bert/unicode/tables.rs: which characters the reference tokenizer drops, splits at and strips as accents.

The tables are found by asking the reference (the `tokenizers` package, 0.23.3) about every code point, as its own tables
are of an older Unicode than the standard library's: what counts is what the models were trained and are used with.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python scripts/make_bert_unicode.py > src/bert/unicode/tables.rs
"""

import unicodedata

from tokenizers import normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def normalizer(**parts):
    settings = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**settings, **parts}).normalize_str


def ranges(points):
    found = []
    for c in points:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def table(name, doc, points):
    cells = [f"(0x{a:x}, 0x{b:x})" for a, b in ranges(points)]
    print(f"\n/// {doc}\n#[rustfmt::skip]\npub(super) const {name}: &[(u32, u32)] = &[")
    line = "   "
    for cell in cells:
        if len(line) + len(cell) + 2 > 116:
            print(line)
            line = "   "
        line += f" {cell},"
    print(line + "\n];")


def main():
    clean, accents = normalizer(clean_text=True), normalizer(strip_accents=True)
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    print("//! Made by `scripts/make_bert_unicode.py`: first and last code point of each range.")
    dropped = [c for c in ALL if clean(f"a{chr(c)}b") == "ab"]
    table("DROPPED", "Control, format and private characters, and the replacement character.", dropped)
    # Asked one by one: a mark that is decomposed first is not asked about as itself.
    marks = [c for c in ALL if unicodedata.normalize("NFD", chr(c)) == chr(c) and accents("a" + chr(c)) == "a"]
    table("MARKS", "Nonspacing marks.", marks)
    parts = [c for c in ALL if [p for p, _ in split(f"a{chr(c)}b")] == ["a", chr(c), "b"]]
    table("PUNCTUATION", "Characters that stand as words of their own.", parts)


main()
