//! Reading, cleaning, segmenting and hashing the text of one person, Chinese or English.
//!
//! Everything runs on the device and in bounded memory. Rows become [`Event`]s, their text is
//! cleaned, and what leaves this crate for a model is a sparse vector of hashed n-grams whose
//! definition is fixed, so that every device of a federation computes the same features.
//!
//! ```
//! use silhouette_text::{Cleaner, Format, EventReader, NgramHasher, ReadOptions};
//!
//! let rows = "user,review\n7,<b>很好</b> great!\n".as_bytes();
//! let reader = EventReader::from_reader(rows, "rows.csv", Format::Csv, ReadOptions::default())?;
//! let (cleaner, hasher) = (Cleaner::default(), NgramHasher::default());
//! for event in reader {
//!     let text = cleaner.clean(&event?.text);
//!     assert_eq!(text, "很好 great!");
//!     assert_eq!(hasher.features(&text).total(), 4); // 很, 好, 很好, great
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It does not anonymise: [`scrub`] takes out the personal data it recognises, not what tells who
//! somebody is in ordinary words, and a hash of a rare word can be guessed. Privacy comes from what is
//! done with the features. How well the parts do is in docs/quality.md. It does
//! not tell Latin-script languages apart: [`Language`] looks at scripts only.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod clean;
pub mod emoji;
pub mod entities;
pub mod event;
pub mod features;
pub mod hash;
pub mod keyphrases;
pub mod keywords;
pub mod language;
pub mod lexicon;
pub mod numerals;
pub mod pos;
pub mod read;
pub mod script;
pub mod scrub;
pub mod segment;

pub use clean::{
    CleanOptions, CleanReport, Cleaner, Deduplicator, SpamFilter, SpamOptions, SpamReason, SpamScore, Verdict,
};
pub use emoji::{Emoji, EmojiCounts, EmojiKind};
pub use entities::{Entity, EntityKind};
pub use event::{Event, EventKind, FieldValue};
pub use features::{NgramHasher, NgramOptions, SparseCounts};
pub use keyphrases::{Keyphrase, KeyphraseExtractor, KeyphraseOptions};
pub use keywords::{Keyword, KeywordExtractor, KeywordOptions};
pub use language::{Language, ScriptShares};
pub use lexicon::{Lexicon, SentimentWord};
pub use numerals::{Numeral, NumeralKind};
pub use pos::{Pos, TaggedWord};
pub use read::{EventReader, Format, OpenError, ReadError, ReadOptions, ReadReport, RowError, read_all};
pub use script::Script;
pub use scrub::{Finding, PersonalKind, ScrubOptions, Scrubber};
pub use segment::{Segmenter, StopWords, Token};
