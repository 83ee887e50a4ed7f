//! From the tags of jieba (those of ICTCLAS) to Universal POS.

use super::{Pos, TaggedWord};

/// Words that jieba tags by their commonest use, or in its own way.
const PRONOUNS: &str = "这那哪谁我你他她它您咱";

/// The tag of `word`, which jieba calls `flag`.
pub(super) fn pos(word: &str, flag: &str) -> Pos {
    match word {
        "是" | "能" | "会" | "可以" | "应该" | "要" | "必须" | "可能" | "能够" => return Pos::Aux,
        "的" | "地" | "得" | "了" | "着" | "过" | "吗" | "呢" | "吧" | "啊" | "们" => return Pos::Part,
        "在" | "对" | "从" | "把" | "被" | "给" | "比" | "向" | "跟" => return Pos::Adp,
        "好" | "差" | "贵" | "一样" => return Pos::Adj,
        "没有" => return Pos::Verb,
        "很" | "太" | "更" | "最" | "挺" | "非常" | "每天" | "有点" | "为什么" | "越来越" => {
            return Pos::Adv;
        }
        _ => {}
    }
    if word.chars().count() == 1 && PRONOUNS.contains(word) {
        return Pos::Pron;
    }
    match flag.as_bytes() {
        [b'n', b'r' | b's' | b't' | b'z', ..] => Pos::Propn,
        [b'v', b'n', ..] | [b'a', b'n', ..] => Pos::Noun,
        [b'a', b'd', ..] => Pos::Adv,
        [b'v', b'd', ..] => Pos::Adv,
        [b'n' | b't' | b's' | b'f' | b'q' | b'g' | b'j' | b'i' | b'l', ..] => noun_like(flag),
        [b'v', ..] => Pos::Verb,
        [b'z', b'g', ..] => Pos::Adv,
        [b'a' | b'b' | b'z', ..] => Pos::Adj,
        [b'd', ..] => Pos::Adv,
        [b'r', ..] => Pos::Pron,
        [b'm', ..] => Pos::Num,
        [b'p', ..] => Pos::Adp,
        [b'c', ..] => Pos::Cconj,
        [b'u' | b'y' | b'h' | b'k', ..] => Pos::Part,
        [b'e' | b'o', ..] => Pos::Intj,
        [b'w' | b'x', ..] if word.chars().all(|c| !c.is_alphanumeric()) => Pos::Punct,
        _ => Pos::X,
    }
}

/// A verb that is a noun too (`vn`) is a verb after whatever goes before verbs, unless a noun or 的
/// follows; so is an adjective (`an`) one after an adverb.
pub(super) fn settle(flags: &[&str], words: &mut [TaggedWord<'_>]) {
    for at in 0..words.len() {
        let before = at.checked_sub(1).map(|at| words[at].pos);
        let after = words.get(at + 1).map(|word| word.pos);
        let modifies = matches!(after, Some(Pos::Noun | Pos::Part | Pos::Propn));
        let modifies =
            modifies && words.get(at + 1).is_some_and(|word| !matches!(word.text, "了" | "着" | "过" | "得"));
        let leads = matches!(before, Some(Pos::Adv | Pos::Aux | Pos::Pron | Pos::Propn));
        match flags.get(at) {
            Some(&"vn") if leads && !modifies => words[at].pos = Pos::Verb,
            Some(&"an") if before == Some(Pos::Adv) => words[at].pos = Pos::Adj,
            _ => {}
        }
    }
}

/// Nouns, times, places, measure words; idioms and set phrases are most often said of something.
fn noun_like(flag: &str) -> Pos {
    if flag.starts_with('i') || flag.starts_with('l') { Pos::Adj } else { Pos::Noun }
}
