//! Cleaning: markup, links, control characters, Unicode forms, Traditional Chinese, white space.
//!
//! Last, personal data is replaced by placeholders, see [`scrub`](crate::scrub).
//!
//! Cleaning what is already clean changes nothing. Hidden markup such as `&amp;lt;b>` shows only
//! after one pass, so passes are repeated until nothing changes.

mod chinese;
mod duplicate;
mod html;
mod links;
mod spam;
mod unicode;

use serde::{Deserialize, Serialize};

pub use self::{
    duplicate::{Deduplicator, DuplicateOptions, Verdict, simhash},
    spam::{SpamFilter, SpamOptions, SpamReason, SpamScore},
};
use crate::scrub::Scrubber;

/// Passes before markup characters are taken out bodily. Text in the wild needs two; only text
/// made to keep us busy, one entity hidden in another many times over, needs more.
const MAX_PASSES: usize = 8;

/// Which steps to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleanOptions {
    /// Drop tags, scripts and style sheets; decode entities.
    pub html: bool,
    /// Drop URLs and e-mail addresses.
    pub links: bool,
    /// Normalise to NFKC, which also turns full-width letters into half-width ones.
    pub normalize: bool,
    /// Turn Traditional Chinese into Simplified.
    pub simplify: bool,
    /// Turn capitals into small letters; off by default, because style is told by capitals too.
    pub lowercase: bool,
    /// Put placeholders in the place of personal data: telephone numbers, addresses, names and so on.
    /// After `lowercase` most English names are not found.
    pub scrub: bool,
}

impl Default for CleanOptions {
    fn default() -> Self {
        Self { html: true, links: true, normalize: true, simplify: true, lowercase: false, scrub: true }
    }
}

/// What cleaning did, summed over texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanReport {
    /// Texts cleaned.
    pub texts: u64,
    /// Texts that came out different.
    pub changed: u64,
    /// Texts of which nothing was left.
    pub emptied: u64,
    /// Tags, comments, scripts and style sheets dropped.
    pub tags: u64,
    /// Entities decoded.
    pub entities: u64,
    /// URLs dropped.
    pub urls: u64,
    /// E-mail addresses dropped.
    pub emails: u64,
    /// Control and invisible characters dropped.
    pub invisible: u64,
    /// Texts that Unicode normalisation changed.
    pub normalized: u64,
    /// Texts turned from Traditional to Simplified Chinese.
    pub simplified: u64,
    /// Pieces of personal data replaced.
    #[serde(default)]
    pub scrubbed: u64,
}

impl CleanReport {
    /// Adds another report's counts.
    pub fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.texts, other.texts),
            (&mut self.changed, other.changed),
            (&mut self.emptied, other.emptied),
            (&mut self.tags, other.tags),
            (&mut self.entities, other.entities),
            (&mut self.urls, other.urls),
            (&mut self.emails, other.emails),
            (&mut self.invisible, other.invisible),
            (&mut self.normalized, other.normalized),
            (&mut self.simplified, other.simplified),
            (&mut self.scrubbed, other.scrubbed),
        ];
        pairs.into_iter().for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// Cleans texts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cleaner {
    options: CleanOptions,
}

impl Cleaner {
    /// A cleaner that takes the steps in `options`. Control characters are always dropped and
    /// white space is always folded.
    pub fn new(options: CleanOptions) -> Self {
        Self { options }
    }

    /// The clean form of `text`.
    pub fn clean(&self, text: &str) -> String {
        self.clean_counted(text, &mut CleanReport::default())
    }

    /// The clean form of `text`; what was done is added to `report`.
    pub fn clean_counted(&self, text: &str, report: &mut CleanReport) -> String {
        let mut current = self.pass(text, report);
        let mut settled = current == text;
        for _ in 0..MAX_PASSES {
            if settled {
                break;
            }
            let next = self.pass(&current, report);
            settled = next == current;
            current = next;
        }
        if !settled {
            current = self.neutralize(&current, report);
        }
        if self.options.scrub {
            current = self.scrub(current, report);
        }
        report.texts += 1;
        report.changed += u64::from(current != text);
        report.emptied += u64::from(current.is_empty());
        current
    }

    /// Without personal data, and clean all the same: taking something out can bring its neighbours
    /// together.
    fn scrub(&self, text: String, report: &mut CleanReport) -> String {
        let mut current = text;
        for _ in 0..MAX_PASSES {
            let (scrubbed, count) = Scrubber::default().scrub_counted(&current);
            if count == 0 {
                break;
            }
            report.scrubbed += count;
            current = self.pass(&scrubbed, report);
        }
        current
    }

    /// Without the characters that begin markup and links, every step settles at once.
    fn neutralize(&self, text: &str, report: &mut CleanReport) -> String {
        let mut current = text.replace(['&', '<', '@', ':'], " ");
        for _ in 0..MAX_PASSES {
            let next = self.pass(&current, report);
            if next == current {
                break;
            }
            current = next.replace(['&', '<', '@', ':'], " ");
        }
        current
    }

    fn pass(&self, text: &str, report: &mut CleanReport) -> String {
        let mut current = None;
        let step = |changed: Option<String>, current: &mut Option<String>| {
            let any = changed.is_some();
            if any {
                *current = changed;
            }
            u64::from(any)
        };
        if self.options.html {
            step(html::strip(text, report), &mut current);
        }
        // Before normalisation, which makes a full-width comma after a URL look like part of it.
        if self.options.links {
            let changed = links::strip(current.as_deref().unwrap_or(text), report);
            step(changed, &mut current);
        }
        if self.options.normalize {
            let changed = unicode::normalize(current.as_deref().unwrap_or(text));
            report.normalized += step(changed, &mut current);
        }
        if self.options.simplify {
            let changed = chinese::simplify(current.as_deref().unwrap_or(text));
            report.simplified += step(changed, &mut current);
        }
        if self.options.lowercase {
            let changed = unicode::lowercase(current.as_deref().unwrap_or(text));
            step(changed, &mut current);
        }
        let changed = unicode::fold(current.as_deref().unwrap_or(text), report);
        step(changed, &mut current);
        current.unwrap_or_else(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lower() -> Cleaner {
        Cleaner::new(CleanOptions { lowercase: true, ..CleanOptions::default() })
    }

    #[test]
    fn cleans_what_people_paste() {
        let cleaner = Cleaner::default();
        for (raw, clean) in [
            ("  a\t\r\n b  ", "a b"),
            ("<p>很<b>好</b>！</p><br/>再来", "很好! 再来"),
            ("see https://example.com/a?b=c，很好", "see ,很好"),
            ("mail me@example.com now", "mail now"),
            ("Ｈｅｌｌｏ　１２３", "Hello 123"),
            ("這個手機很好用，瞭解一下", "这个手机很好用,了解一下"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("1 < 2 & 3 > 2, I <3 you", "1 < 2 & 3 > 2, I <3 you"),
            ("<script>alert('x')</script>kept", "kept"),
            ("&lt;b&gt;bold&lt;/b&gt; &#20320;&#x597d; AT&amp;T", "bold 你好 AT&T"),
            ("&amp;amp;lt;i&amp;gt;deep", "deep"),
            ("聯系人:張偉,電話１３８１２３４５６７８", "联系人:⟨name⟩,电话⟨phone⟩"),
        ] {
            assert_eq!(cleaner.clean(raw), clean, "{raw}");
        }
    }

    #[test]
    fn counts_what_it_did() {
        let mut report = CleanReport::default();
        let cleaner = Cleaner::default();
        cleaner.clean_counted("<p>這&amp;那</p> http://a.b x@y.zz\u{200b}", &mut report);
        cleaner.clean_counted("plain", &mut report);
        cleaner.clean_counted("<br>", &mut report);
        assert_eq!(
            report,
            CleanReport {
                texts: 3,
                changed: 2,
                emptied: 1,
                tags: 3,
                entities: 1,
                urls: 1,
                emails: 1,
                invisible: 1,
                normalized: 0,
                simplified: 1,
                scrubbed: 0,
            }
        );
    }

    #[test]
    fn hostile_nesting_ends_soon_and_settles() {
        let cleaner = Cleaner::default();
        let mut entity = "&lt;".to_owned();
        for _ in 0..200 {
            // Hides the last letter of the innermost entity in an entity of its own.
            entity = entity.replacen("t;", "&#116;;", 1).replacen("6;", "&#54;;", 1);
        }
        for text in [
            entity,
            "<<b>b>".repeat(2_000),
            format!("{}x{}", "<".repeat(5_000), ">".repeat(5_000)),
            "&amp;".repeat(5_000),
            "<a".repeat(50_000),
            "@".repeat(50_000),
        ] {
            let once = cleaner.clean(&text);
            assert_eq!(cleaner.clean(&once), once);
        }
    }

    #[test]
    fn steps_can_be_left_out() {
        let off = CleanOptions {
            html: false,
            links: false,
            normalize: false,
            simplify: false,
            lowercase: false,
            scrub: false,
        };
        let text = "<b>Ａ</b> http://x.y 這 我叫張偉";
        assert_eq!(Cleaner::new(off).clean(text), text);
        assert_eq!(lower().clean("ABC Ａ"), "abc a");
    }

    fn messy() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "\\PC{0,6}",
            proptest::sample::select(vec![
                "<",
                ">",
                "&",
                ";",
                "&amp;",
                "&lt;",
                "&gt",
                "#60;",
                "<b>",
                "</b",
                "<script>",
                "</script>",
                "<!--",
                "-->",
                "http://",
                "www.",
                "a@b.cc",
                "@",
                ".",
                "＜",
                "＆",
                "\u{200b}",
                "\u{7}",
                "\t",
                " ",
                "\u{3000}",
                "這個",
                "乾隆",
                "么麼",
                "於潛",
                "瞭解",
                "İ",
                "ß",
                "ﬁ",
                "e\u{301}",
                "https:",
                "//x",
                "13812345678",
                "我叫張偉",
                "1 Main St",
                "Mr. Lee",
                "⟨name⟩",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn cleaning_twice_changes_nothing(text in messy()) {
            for cleaner in [Cleaner::default(), lower()] {
                let once = cleaner.clean(&text);
                prop_assert_eq!(cleaner.clean(&once), once);
            }
        }
    }
}
