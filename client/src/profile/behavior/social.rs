//! Whom the person mentions.

use std::collections::BTreeMap;

use silhouette_text::Event;

use super::super::document::{Social, Tie};

/// Ties listed.
const LISTED: usize = 10;

/// Longest name, in characters.
const LONGEST: usize = 30;

pub(super) fn social(events: &[Event]) -> Social {
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    let mut replies = 0;
    for event in events {
        let mut names: Vec<&str> = mentions(&event.text).collect();
        let answers = event.extra.get("reply_to").is_some_and(|to| !to.is_null());
        replies += usize::from(answers || event.text.trim_start().starts_with('@'));
        names.sort_unstable();
        names.dedup();
        names.iter().for_each(|name| *texts.entry(name.to_lowercase()).or_default() += 1);
    }
    let total: usize = texts.values().sum();
    let people = texts.len();
    let tie = |(name, texts): (String, usize)| Tie { name, texts, strength: texts as f64 / total as f64 };
    let mut ties: Vec<_> = texts.into_iter().map(tie).collect();
    ties.sort_by(|a, b| b.texts.cmp(&a.texts).then_with(|| a.name.cmp(&b.name)));
    ties.truncate(LISTED);
    Social { people, replies: replies as f64 / events.len().max(1) as f64, ties }
}

/// Names after an at sign that begins a word; what stands before one in an address does not count.
fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let begins = |at: usize| !text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-".contains(c));
    text.match_indices('@').filter(move |&(at, _)| begins(at)).filter_map(|(at, _)| {
        let name = &text[at + 1..];
        let end = name.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(name.len());
        let name = &name[..end];
        (1..=LONGEST).contains(&name.chars().count()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_those_with_an_at_sign() {
        let texts = ["@Anna look", "with @anna and @小明 again, @小明!", "write to me@example.org", "a @ b @@"];
        let events: Vec<_> = texts.map(|t| Event::new("me", t)).into();
        let s = social(&events);
        assert_eq!((s.people, s.replies), (2, 0.25));
        let ties: Vec<_> = s.ties.iter().map(|t| (t.name.as_str(), t.texts)).collect();
        assert_eq!(ties, [("anna", 2), ("小明", 1)]);
        assert_eq!(social(&[]), Social::default());
    }
}
