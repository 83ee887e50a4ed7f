//! The lists of names.

use std::{collections::HashMap, sync::LazyLock};

use super::EntityKind;

const LISTS: &str = include_str!("../../data/entities.txt");

/// What a list says of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) kind: EntityKind,
    /// It is a word too.
    pub(super) ambiguous: bool,
}

static NAMES: LazyLock<HashMap<String, Listed>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    let mut kind = EntityKind::Brand;
    for line in LISTS.lines() {
        match line.strip_prefix("# ") {
            Some("brand") => kind = EntityKind::Brand,
            Some("product") => kind = EntityKind::Product,
            Some("organisation") => kind = EntityKind::Organisation,
            Some("place") => kind = EntityKind::Place,
            Some("person") => kind = EntityKind::Person,
            _ => {}
        }
        for name in line.split_whitespace().filter(|_| !line.starts_with('#')) {
            let plain = name.trim_end_matches('?');
            // A hyphen stands for a space, and where a name has one, it is looked up with a space too.
            names.entry(plain.replace('-', " ")).or_insert(Listed { kind, ambiguous: plain != name });
        }
    }
    names
});

/// What the lists say of `name`, whose hyphens are spaces.
pub(super) fn get(name: &str) -> Option<Listed> {
    NAMES.get(name).copied()
}

/// Words after a product's name that belong to it.
const MODELS: &[&str] = &[
    "Pro",
    "Max",
    "Plus",
    "Ultra",
    "Air",
    "Mini",
    "mini",
    "SE",
    "Note",
    "Lite",
    "X",
    "XS",
    "XR",
    "XL",
    "One",
    "Edge",
    "Fold",
    "Flip",
    "Nano",
    "Touch",
    "Mate",
    "Magic",
    "Reno",
    "Find",
    "Watch",
    "Pad",
    "Series",
    "II",
    "III",
    "IV",
    "Paperwhite",
];

/// The end of the model that goes on at byte `at`: up to three words such as `15`, `Pro`, `X1`.
pub(super) fn model_end(text: &str, at: usize) -> usize {
    let mut end = at;
    for _ in 0..3 {
        let from = end + usize::from(text[end..].starts_with(' '));
        let rest = &text[from..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
        let word = rest[..length].trim_end_matches('-');
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let numbered = digits > 0 && word.len() <= 7 && (digits < word.len() || digits <= 3);
        let lettered = numbered && word.bytes().next().is_some_and(|byte| !byte.is_ascii_lowercase());
        // A number before a measure word or a currency counts something else.
        let after = text[from + word.len()..].trim_start().chars().next().unwrap_or(' ');
        let counted = digits == word.len() && "元块个件年月天次米小万千%".contains(after) && after != ' ';
        if !(MODELS.contains(&word) || lettered && !counted) {
            break;
        }
        end = from + word.len();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_long_and_models_end() {
        assert!(NAMES.len() > 1_000, "{}", NAMES.len());
        assert!(get("苹果").is_some_and(|listed| listed.ambiguous));
        for (text, model) in
            [("X 15 Pro is", "X 15 Pro"), ("X is", "X"), ("X300元", "X"), ("X S21.", "X S21"), ("X 2000 people", "X")]
        {
            assert_eq!(&text[..model_end(text, 1)], model, "{text}");
        }
    }
}
