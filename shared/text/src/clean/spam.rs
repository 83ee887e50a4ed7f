//! Spam and bots: a score with its reasons, for one text and over many.
//!
//! Looks at the raw text, before links are taken out of it. Nothing here reads a text's opinion: only
//! forms that hardly any person writes count, so that a short or angry review is no spam.

use std::collections::{HashMap, HashSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::hash::hash64;

/// The seed of our fingerprints, apart from those of features.
const SEED: u64 = 0x7370_616d_0000_0001;

/// A run of one character this long is no emphasis any more.
const LONG_RUN: usize = 16;

/// Distinct 3-grams among all, below which a text says the same again and again; and from how many
/// characters on that is told.
const DISTINCT: f64 = 0.25;
const LEAST_CHARS: usize = 30;

/// Shorter texts, in letters and digits, are said by many people in the same words.
const LEAST_SAME: usize = 16;

/// Most characters of a text that are looked at.
const MAX_CHARS: usize = 20_000;

/// What advertisements say; in small letters.
const TEMPLATES: &[&str] = &[
    "刷单",
    "日赚",
    "日结",
    "兼职",
    "返现",
    "代开",
    "发票代",
    "套现",
    "无抵押",
    "秒到账",
    "货源",
    "免费加盟",
    "招代理",
    "支持代理",
    "领取红包",
    "领红包",
    "抢红包",
    "名额有限",
    "点击链接",
    "点击领取",
    "免费领取",
    "高薪招聘",
    "在家可做",
    "无需押金",
    "加微信",
    "加v信",
    "添加微信",
    "加qq",
    "咨询微信",
    "一手批发",
    "点数优惠",
    "earn $",
    "make money",
    "work from home",
    "working from home",
    "click here",
    "sign up now",
    "act now",
    "limited offer",
    "free iphone",
    "free gift",
    "gift card",
    "claim your",
    "you have won",
    "winner",
    "buy followers",
    "100% guaranteed",
    "order now",
    "pills online",
    "no experience needed",
    "buy now",
    "cheap pills",
];

/// Why a text looks like spam.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpamReason {
    /// Two or more phrases of advertisements, or one with a link.
    Advertisement,
    /// Three links or more, or more than one in ten words.
    Links,
    /// A run of one character makes up most of it.
    RepeatedCharacters,
    /// The same few words again and again.
    RepeatedWords,
    /// The same letters and digits came many times.
    SameText,
}

impl SpamReason {
    /// How much it counts by itself.
    fn weight(self) -> f32 {
        match self {
            Self::Links => 0.6,
            Self::Advertisement | Self::RepeatedCharacters | Self::RepeatedWords | Self::SameText => 0.85,
        }
    }
}

/// How much a text looks like spam, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpamScore {
    /// From 0 to 1; reasons are taken as independent.
    pub score: f32,
    /// In a fixed order, none twice.
    pub reasons: Vec<SpamReason>,
}

impl SpamScore {
    /// The score of one text by itself.
    pub fn of(text: &str) -> Self {
        Self::because(reasons(text))
    }

    fn because(mut reasons: Vec<SpamReason>) -> Self {
        reasons.sort_unstable();
        reasons.dedup();
        let score = 1.0 - reasons.iter().map(|reason| 1.0 - reason.weight()).product::<f32>();
        Self { score, reasons }
    }
}

/// What counts as spam, and how much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpamOptions {
    /// From this score on a text is spam.
    pub threshold: f32,
    /// From this time on that the same 16 or more letters and digits come they are spam.
    pub copies: u32,
    /// How many different texts are remembered; the oldest are forgotten first.
    pub remembered: usize,
}

impl Default for SpamOptions {
    fn default() -> Self {
        Self { threshold: 0.8, copies: 5, remembered: 50_000 }
    }
}

/// Finds spam in a stream of texts.
///
/// ```
/// use silhouette_text::SpamFilter;
///
/// let mut filter = SpamFilter::default();
/// assert!(filter.is_spam("Make money fast, click here http://a.example"));
/// assert!(!filter.is_spam("The strings broke after a week. Never again!"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct SpamFilter {
    options: SpamOptions,
    copies: HashMap<u64, u32>,
    order: VecDeque<u64>,
}

impl SpamFilter {
    /// A filter that has seen nothing.
    pub fn new(options: SpamOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// The score of a text beside the earlier ones, which it joins.
    pub fn check(&mut self, text: &str) -> SpamScore {
        let mut reasons = reasons(text);
        // Letters and digits only: who sends a text round changes its spaces and exclamation marks.
        let letters = text.chars().take(MAX_CHARS).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let letters: String = letters.collect();
        let print = hash64(letters.as_bytes(), SEED);
        if letters.chars().nth(LEAST_SAME - 1).is_some() && self.count(print) >= self.options.copies.max(2) {
            reasons.push(SpamReason::SameText);
        }
        SpamScore::because(reasons)
    }

    /// Whether a text is spam beside the earlier ones, which it joins.
    pub fn is_spam(&mut self, text: &str) -> bool {
        self.check(text).score >= self.options.threshold
    }

    /// How often this fingerprint was seen, this time included.
    fn count(&mut self, print: u64) -> u32 {
        if !self.copies.contains_key(&print) {
            if self.order.len() >= self.options.remembered.max(1)
                && let Some(oldest) = self.order.pop_front()
            {
                self.copies.remove(&oldest);
            }
            self.order.push_back(print);
        }
        let count = self.copies.entry(print).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

fn reasons(text: &str) -> Vec<SpamReason> {
    let mut reasons = Vec::new();
    let chars: Vec<char> = text.chars().take(MAX_CHARS).filter(|c| !c.is_whitespace()).collect();
    let letters = chars.iter().filter(|c| c.is_alphanumeric()).count();
    if run_share(&chars) {
        reasons.push(SpamReason::RepeatedCharacters);
    } else if letters >= LEAST_CHARS && distinct(&chars) < DISTINCT {
        reasons.push(SpamReason::RepeatedWords);
    }
    let lower: String = text.chars().take(MAX_CHARS).collect::<String>().to_lowercase();
    let links = ["http://", "https://", "www."].iter().map(|start| lower.matches(start).count()).sum::<usize>();
    let words = lower.split_whitespace().count();
    if links >= 3 && links * 10 > words {
        reasons.push(SpamReason::Links);
    }
    let said = TEMPLATES.iter().filter(|phrase| lower.contains(**phrase)).take(2).count();
    // In a long text two such phrases may well be a story about spam.
    let short = chars.len() <= 200;
    if short && (said >= 2 || said == 1 && links > 0) {
        reasons.push(SpamReason::Advertisement);
    }
    reasons
}

/// Whether runs of one letter of some length make up more than half of the text. A row of dots or of
/// exclamation marks after a sentence is how people write; with next to nothing else it counts too.
fn run_share(chars: &[char]) -> bool {
    let letters = chars.iter().filter(|c| c.is_alphanumeric()).count();
    let symbols = letters * 10 < chars.len();
    let (mut long, mut run) = (0, 1);
    for pair in chars.windows(2) {
        let same = pair[0] == pair[1] && (symbols || pair[0].is_alphanumeric());
        run = if same { run + 1 } else { 1 };
        if run == LONG_RUN {
            long += LONG_RUN;
        } else if run > LONG_RUN {
            long += 1;
        }
    }
    2 * long > chars.len()
}

/// The share of distinct 3-grams of letters and digits among the first 300, or all.
fn distinct(chars: &[char]) -> f64 {
    let chars: Vec<char> = chars.iter().copied().filter(|c| c.is_alphanumeric()).collect();
    let grams: Vec<&[char]> = chars.windows(3).take(300).collect();
    let distinct: HashSet<&&[char]> = grams.iter().collect();
    distinct.len() as f64 / grams.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gives_its_reasons() {
        assert_eq!(SpamScore::of("哈".repeat(40).as_str()).reasons, [SpamReason::RepeatedCharacters]);
        assert_eq!(SpamScore::of("buy it ".repeat(12).as_str()).reasons, [SpamReason::RepeatedWords]);
        assert_eq!(SpamScore::of("http://a http://b http://c").reasons, [SpamReason::Links]);
        assert_eq!(SpamScore::of("兼职日赚300").reasons, [SpamReason::Advertisement]);
        assert_eq!(SpamScore::of("好好好!太喜欢了!!!!!!"), SpamScore::default());
        assert_eq!(SpamScore::of(""), SpamScore::default());
    }

    #[test]
    fn the_same_text_many_times_is_spam() {
        let mut filter = SpamFilter::new(SpamOptions { copies: 3, remembered: 2, ..SpamOptions::default() });
        let text = "This product changed my whole life for the better";
        assert_eq!([(); 4].map(|()| filter.is_spam(text)), [false, false, true, true]);
        for other in
            ["one entirely different text here", "and yet another text that differs", "and a third one of its own"]
        {
            assert!(!filter.is_spam(other));
        }
        assert!(filter.copies.len() <= 2 && !filter.is_spam(text));
    }

    proptest! {
        #[test]
        fn scores_stay_in_range(text in "\\PC{0,60}") {
            let score = SpamScore::of(&text);
            prop_assert!((0.0..=1.0).contains(&score.score));
            prop_assert_eq!(score.reasons.is_empty(), score.score == 0.0);
        }
    }
}
