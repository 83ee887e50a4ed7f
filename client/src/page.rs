//! The profile to look at: one HTML page, or lines for a terminal.
//!
//! [`render`] makes a page that is complete in one file: it asks for nothing, runs nothing and sends nothing, which its
//! own content security policy says to the browser. [`plain`] has the same parts in the same order as text. Both are as
//! [`Private`] as the profile: they hold the person's own words.
//!
//! ```
//! use silhouette_client::page::{PageOptions, render};
//! use silhouette_client::profile::profile;
//! use silhouette_text::Event;
//!
//! let made = profile(&[Event::new("me", "The new guitar sounds <great>")], None, 1_700_000_000)?;
//! let page = render(made.expose_on_device(), &PageOptions::default());
//! assert!(page.expose_on_device().contains("default-src 'none'"));
//! assert!(!page.expose_on_device().contains("<great>"));
//! # Ok::<(), silhouette_client::profile::ProfileError>(())
//! ```
//!
//! A page does not get out by accident either:
//!
//! ```compile_fail,E0277
//! # use silhouette_privacy::Private;
//! fn log(page: &Private<String>) -> String {
//!     format!("{page}")
//! }
//! ```

mod attributes;
mod behavior;
mod draw;
mod evidence;
mod facts;
mod frame;
mod head;
mod html;
mod interests;
mod names;
mod number;
mod plain;
mod rest;
mod sentiment;
mod taxonomy;
mod words;
mod writing;

use silhouette_privacy::Private;

use crate::persona::PersonaLanguage;
use crate::profile::{ProfileDocument, ProfilePlan};

use self::names::Names;
use self::words::Words;

pub use self::plain::{Marks, PlainOptions, plain};

/// How a page is made.
#[derive(Clone, Copy, Debug)]
pub struct PageOptions<'a> {
    /// The language of everything but the person's own words.
    pub language: PersonaLanguage,
    /// Its heading; "Your profile" without one.
    pub title: Option<&'a str>,
    /// Whether the places in the texts are on it, folded away under each line.
    pub evidence: bool,
    /// The plan the profile was made by, for names that the document does not hold: those of missing dimensions and of
    /// labels that are not shown alone. A pack is found by its name without it.
    pub plan: Option<&'a ProfilePlan>,
}

impl Default for PageOptions<'_> {
    /// English, with evidence.
    fn default() -> Self {
        Self { language: PersonaLanguage::En, title: None, evidence: true, plan: None }
    }
}

/// The profile as one HTML page for its owner. A function of its arguments: the same profile gives the same bytes.
pub fn render(document: &ProfileDocument, options: &PageOptions<'_>) -> Private<String> {
    let view = View::new(document, options.language, options.plan, options.evidence);
    Private::new(frame::page(&view, options.title))
}

/// What all parts look at.
struct View<'d> {
    document: &'d ProfileDocument,
    words: &'static Words,
    names: Names<'d>,
    language: PersonaLanguage,
    evidence: bool,
}

impl<'d> View<'d> {
    fn new(
        document: &'d ProfileDocument,
        language: PersonaLanguage,
        plan: Option<&'d ProfilePlan>,
        evidence: bool,
    ) -> Self {
        Self { document, words: Words::of(language), names: Names::new(document, plan, language), language, evidence }
    }
}

#[cfg(test)]
mod tests;
