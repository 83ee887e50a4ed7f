//! The profile as lines of text, for a terminal: the parts of the page, in the same order.

mod columns;
mod lines;
mod marks;
mod parts;

use silhouette_privacy::Private;

use crate::persona::PersonaLanguage;
use crate::profile::{ProfileDocument, ProfilePlan};

use super::View;
use lines::Lines;

#[cfg(test)]
pub(super) use columns::width;

/// Narrower than this nothing fits, wider nothing gets better.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=120;

/// What bars are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// Blocks, arrows and typographic quotes.
    #[default]
    Blocks,
    /// Nothing of our own beyond ASCII but the words themselves.
    Ascii,
}

/// How the lines are made.
#[derive(Clone, Copy, Debug)]
pub struct PlainOptions<'a> {
    /// The language of everything but the person's own words.
    pub language: PersonaLanguage,
    /// The first line; "Your profile" without one.
    pub title: Option<&'a str>,
    /// Whether places in the texts stand under each line.
    pub evidence: bool,
    /// See [`PageOptions::plan`](super::PageOptions::plan).
    pub plan: Option<&'a ProfilePlan>,
    /// Columns of a line, two for a Chinese character; taken for 40 at least and 120 at most.
    pub width: usize,
    /// What bars are drawn with.
    pub marks: Marks,
}

impl Default for PlainOptions<'_> {
    /// English, 80 columns, blocks, no evidence.
    fn default() -> Self {
        let language = PersonaLanguage::En;
        Self { language, title: None, evidence: false, plan: None, width: 80, marks: Marks::Blocks }
    }
}

/// The profile as text for its owner. No line is wider than [`PlainOptions::width`], and nothing in it that came from
/// the texts can move the cursor, colour the screen or turn the direction of writing.
///
/// ```
/// use silhouette_client::page::{PlainOptions, plain};
/// use silhouette_client::profile::profile;
/// use silhouette_text::Event;
///
/// let made = profile(&[Event::new("me", "good \u{1b}[31mmorning")], None, 1_700_000_000)?;
/// let text = plain(made.expose_on_device(), &PlainOptions { evidence: true, ..PlainOptions::default() });
/// assert!(text.expose_on_device().contains("Languages") && !text.expose_on_device().contains('\u{1b}'));
/// # Ok::<(), silhouette_client::profile::ProfileError>(())
/// ```
pub fn plain(document: &ProfileDocument, options: &PlainOptions<'_>) -> Private<String> {
    let view = View::new(document, options.language, options.plan, options.evidence);
    let width = options.width.clamp(*WIDTHS.start(), *WIDTHS.end());
    let mut lines = Lines::new(width, options.marks);
    parts::all(&view, options.title, &mut lines);
    Private::new(lines.finish())
}
