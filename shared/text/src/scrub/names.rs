//! Names of people, by what surrounds them.

mod chinese;
mod english;

use super::view::View;

/// The name that is told by what begins at `at`: a title, an introduction, a greeting, a known
/// given name, or a Chinese surname before a title.
pub(super) fn at(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let c = view.get(at);
    if c.is_ascii_alphabetic() {
        (!view.get_before(at).is_ascii_alphanumeric()).then(|| english::at(view, at)).flatten()
    } else if c.is_ascii() {
        None
    } else {
        chinese::at(view, at)
    }
}

/// Whether the whole text is a surname and one or two characters more that make no everyday word.
pub(super) fn is_chinese(view: &View<'_>) -> bool {
    chinese::is_name(view)
}

/// Whether a word is one of the English given names.
pub(super) fn is_given(word: &str) -> bool {
    english::is_given(word)
}
