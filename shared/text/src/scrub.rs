//! Personal data in a text: found, and replaced by typed placeholders.
//!
//! Telephone numbers, e-mail addresses, identity and card numbers, number plates, addresses, names
//! and the like, Chinese and English, are found by hand-written scanners in one pass over the
//! characters; numbers with a check digit are checked. A placeholder such as `⟨phone⟩` is one word
//! to a reader and none to this crate: hashing, segmentation, keywords and language detection skip
//! it, so that nothing of a person's data becomes a feature.
//!
//! ```
//! use silhouette_text::Scrubber;
//!
//! let scrubber = Scrubber::default();
//! assert_eq!(scrubber.scrub("我叫张伟,电话13812345678"), "我叫⟨name⟩,电话⟨phone⟩");
//! assert_eq!(scrubber.scrub("write to ann@example.com"), "write to ⟨email⟩");
//! ```
//!
//! # What it does not do
//!
//! It finds patterns, not people: a name without a title, an introduction, a label or a known given
//! name before it stays, and so does whatever tells who somebody is in ordinary words. It lowers
//! what a profile can leak; it is no anonymisation, and no privacy claim rests on it.

mod address;
mod check;
mod kind;
mod label;
mod names;
mod network;
mod number;
mod set;
mod view;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::kind::PersonalKind;
pub(crate) use self::kind::placeholder_len;
use self::view::View;

/// Personal data in a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: PersonalKind,
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// From 0 to 1: 0.9 and more for what a check digit or an unmistakable form confirms.
    pub confidence: f32,
}

/// What to take for personal data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScrubOptions {
    /// Findings below this confidence are left alone.
    pub min_confidence: f32,
    /// Names too, which are guessed from their surroundings.
    pub names: bool,
}

impl Default for ScrubOptions {
    fn default() -> Self {
        Self { min_confidence: 0.5, names: true }
    }
}

/// Most rounds of [`Scrubber::scrub`]: a replacement can bring out another finding beside it.
const MAX_ROUNDS: usize = 8;

/// Finds and replaces personal data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scrubber {
    options: ScrubOptions,
}

impl Scrubber {
    /// A scrubber with these options.
    pub fn new(options: ScrubOptions) -> Self {
        Self { options }
    }

    /// The personal data in `text`, from left to right, none overlapping. Time and memory are
    /// linear in the length of the text.
    pub fn find(&self, text: &str) -> Vec<Finding> {
        let view = View::of(text);
        let mut found: Vec<Finding> = Vec::new();
        let mut push = |kind, (from, to): (usize, usize), confidence| {
            found.push(Finding { kind, start: view.byte(from), end: view.byte(to), confidence });
        };
        let mut at = 0;
        while at < view.len() {
            match structured_at(&view, at) {
                Some((kind, span, confidence)) => {
                    push(kind, span, confidence);
                    // Names may begin inside what a label covers, never inside the finding.
                    at = span.1.max(at + 1);
                }
                None => {
                    if self.options.names
                        && let Some((span, confidence)) = names::at(&view, at)
                    {
                        push(PersonalKind::Name, span, confidence);
                    }
                    at += 1;
                }
            }
        }
        found.retain(|finding| finding.confidence >= self.options.min_confidence && finding.start < finding.end);
        without_overlaps(found)
    }

    /// `text` with a placeholder for everything found.
    ///
    /// What is scrubbed once is scrubbed for good: a second time changes nothing.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scrub_counted(text).0
    }

    /// As [`Self::scrub`], with the number of replacements.
    pub fn scrub_counted<'t>(&self, text: &'t str) -> (Cow<'t, str>, u64) {
        let mut current = Cow::Borrowed(text);
        let mut count = 0;
        for _ in 0..MAX_ROUNDS {
            let found = self.find(&current);
            if found.is_empty() {
                break;
            }
            count += found.len() as u64;
            current = Cow::Owned(replaced(&current, &found));
        }
        (current, count)
    }
}

/// The names of people in a text, as [`Scrubber::find`] finds them.
pub(crate) fn names_in(text: &str) -> Vec<((usize, usize), f32)> {
    let view = View::of(text);
    let found = (0..view.len()).filter_map(|at| names::at(&view, at));
    found.map(|((from, to), confidence)| ((view.byte(from), view.byte(to)), confidence)).collect()
}

/// Whether `word` is a given name of the list.
pub(crate) fn is_english_given(word: &str) -> bool {
    names::is_given(word)
}

/// Whether `word` is a surname and one or two characters that make no everyday word.
pub(crate) fn is_chinese_name(word: &str) -> bool {
    names::is_chinese(&View::of(word))
}

/// Whatever is not a name, and begins or is told by its label at `at`.
fn structured_at(view: &View<'_>, at: usize) -> Option<(PersonalKind, (usize, usize), f32)> {
    let c = view.get(at);
    if c == '⟨' {
        return None;
    }
    let word_start = c.is_ascii_alphanumeric() && !view.get_before(at).is_ascii_alphanumeric();
    if word_start {
        let found = network::at(view, at).or_else(|| label::passport_at(view, at));
        if found.is_some() {
            return found;
        }
    }
    if let Some(found) = label::at(view, at) {
        return Some(found);
    }
    if c == ':' && view.get(at + 1) == ':' {
        return network::compressed_at(view, at);
    }
    if let Some(found) = address::at(view, at) {
        return Some(found);
    }
    number::at(view, at)
}

/// Sorted by place; of two that overlap the surer one stays, then the longer.
fn without_overlaps(mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let mut kept: Vec<Finding> = Vec::with_capacity(found.len());
    for finding in found {
        match kept.last_mut() {
            Some(last) if finding.start < last.end => {
                if finding.confidence > last.confidence {
                    *last = finding;
                }
            }
            _ => kept.push(finding),
        }
    }
    kept
}

fn replaced(text: &str, found: &[Finding]) -> String {
    let mut scrubbed = String::with_capacity(text.len());
    let mut from = 0;
    for finding in found {
        scrubbed.push_str(text.get(from..finding.start).unwrap_or_default());
        scrubbed.push_str(finding.kind.placeholder());
        from = finding.end;
    }
    scrubbed.push_str(text.get(from..).unwrap_or_default());
    scrubbed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scrubbed(text: &str) -> String {
        Scrubber::default().scrub(text).into_owned()
    }

    #[test]
    fn replaces_by_typed_placeholders() {
        for (text, clean) in [
            ("电话:13812345678,邮箱a@b.cn", "电话:⟨phone⟩,邮箱⟨email⟩"),
            ("my name is John Carter.", "my name is ⟨name⟩."),
            ("刘先生的车牌京A12345", "⟨name⟩先生的车牌⟨plate⟩"),
            ("电话１３８１２３４５６７８", "电话⟨phone⟩"),
            ("nothing to see here", "nothing to see here"),
            ("", ""),
        ] {
            assert_eq!(scrubbed(text), clean, "{text}");
        }
    }

    #[test]
    fn options_are_kept_to() {
        let names = Scrubber::new(ScrubOptions { names: false, ..ScrubOptions::default() });
        assert_eq!(names.scrub("我叫张伟,a@b.cn"), "我叫张伟,⟨email⟩");
        let sure = Scrubber::new(ScrubOptions { min_confidence: 0.95, ..ScrubOptions::default() });
        assert_eq!(sure.scrub("call 555-0123"), "call 555-0123");
    }

    #[test]
    fn placeholders_are_told_from_other_brackets() {
        for kind in PersonalKind::ALL {
            let text = format!("{}x", kind.placeholder());
            assert_eq!(placeholder_len(&text), Some(kind.placeholder().len()), "{kind}");
        }
        assert_eq!(placeholder_len("⟨x⟩"), None);
        assert_eq!(placeholder_len("phone"), None);
    }

    #[test]
    fn hostile_text_is_read_once() {
        for piece in ["1-", "a@", "我叫", "::", "http://a:", "王", "(1", "微信", "路1号", "IBAN ", "12 Main "] {
            let text = piece.repeat(20_000);
            for finding in Scrubber::default().find(&text) {
                assert!(text.get(finding.start..finding.end).is_some());
            }
        }
    }

    fn messy() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "\\PC{0,4}",
            "[0-9]{1,6}",
            proptest::sample::select(vec![
                "我叫",
                "张伟",
                "先生",
                "老师",
                "13812345678",
                "-",
                ".",
                " ",
                "@",
                "a@b.cc",
                "http://u:p@h",
                "京A12345",
                "北京市",
                "中山路12号",
                "微信:",
                "QQ",
                "abc_12",
                "My name is ",
                "John",
                "Smith",
                "Mr. ",
                "Thanks, ",
                "12 Main Street",
                "SW1A 1AA",
                "::1",
                "⟨name⟩",
                "⟨",
                "⟩",
                "护照",
                "E12345678",
                "+",
                "(010)",
                "１",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn findings_are_places_in_the_text_in_order(text in messy()) {
            let mut last = 0;
            for finding in Scrubber::default().find(&text) {
                prop_assert!(finding.start >= last && finding.start < finding.end);
                prop_assert!(text.get(finding.start..finding.end).is_some());
                prop_assert!((0.5..=1.0).contains(&finding.confidence));
                last = finding.end;
            }
        }

        #[test]
        fn scrubbing_twice_changes_nothing(text in messy()) {
            let once = scrubbed(&text);
            prop_assert_eq!(scrubbed(&once), once);
        }
    }
}
