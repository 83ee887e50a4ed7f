//! Postal addresses down to a house.

mod chinese;
mod english;

use super::{PersonalKind, view::View};

/// The address that begins at `at`, where one does.
pub(super) fn at(view: &View<'_>, at: usize) -> Option<(PersonalKind, (usize, usize), f32)> {
    let c = view.get(at);
    let found = if c.is_ascii() { english::at(view, at) } else { chinese::at(view, at) };
    found.map(|(end, confidence)| (PersonalKind::Address, (at, end), confidence))
}
