//! English names: after a title, an introduction or a greeting, or a known given name and one more.

use std::{collections::HashSet, sync::LazyLock};

use super::{super::set::CharSet, View};

const GIVEN: &str = include_str!("../../../data/given_names.en.txt");
const EXCEPTIONS: &str = include_str!("../../../data/name_exceptions.en.txt");

/// Given names that are words too: from this one of the list on.
const AMBIGUOUS_FROM: &str = "Oliver";

const TITLES: &[&str] =
    &["Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Prof", "Professor", "Madam", "Doctor", "Mister", "Sir", "Rev", "Father"];

/// After these comes a name, whoever it is.
const STRONG: &[&str] =
    &["my name is", "my name's", "his name is", "her name is", "their name is", "name:", "full name is", "i am called"];

/// After these a known given name is a name.
const WEAK: &[&str] = &[
    "i'm",
    "i am",
    "im",
    "this is",
    "call me",
    "ask for",
    "named",
    "spoke to",
    "spoke with",
    "talked to",
    "talk to",
    "contact",
    "my sister",
    "my brother",
    "my wife",
    "my husband",
    "my son",
    "my daughter",
    "my mother",
    "my father",
    "my mom",
    "my dad",
    "my friend",
    "my neighbor",
    "my neighbour",
    "my landlord",
    "my boss",
    "my teacher",
    "my cousin",
    "my uncle",
    "my aunt",
    "my colleague",
    "my roommate",
    "my girlfriend",
    "my boyfriend",
    "my grandson",
    "my nephew",
    "my niece",
    "my buddy",
    "hi",
    "hello",
    "dear",
    "signed",
];

/// Endings of a letter; after the second sort, only a known given name.
const ENDINGS: &[(&str, bool)] = &[
    ("best regards", true),
    ("kind regards", true),
    ("warm regards", true),
    ("regards", true),
    ("sincerely yours", true),
    ("sincerely", true),
    ("yours sincerely", true),
    ("yours truly", true),
    ("yours faithfully", true),
    ("yours", true),
    ("warmly", true),
    ("respectfully", true),
    ("best wishes", true),
    ("all the best", true),
    ("best", false),
    ("many thanks", false),
    ("thanks", false),
    ("thank you", false),
    ("cheers", false),
    ("love", false),
    ("xoxo", false),
];

/// Words in capitals that are no names.
const NOT_NAMES: &[&str] = &[
    "The", "A", "An", "I", "And", "But", "Or", "Not", "It", "Its", "This", "That", "My", "Your", "You", "We", "He",
    "She", "Is", "Was", "In", "On", "At", "For", "To", "Of", "With", "All", "Very", "Really", "Sure", "Great", "Good",
    "Amazon", "Everyone", "So", "If", "No", "Yes", "American", "Canadian", "British", "English", "Irish", "Chinese",
    "Guitar", "Guitars", "Strings", "Street", "Road", "Avenue", "Day", "Series", "Edition", "Pro", "Model", "Inc",
    "Ltd", "Co", "Company", "Store", "Shop", "Please", "Thanks",
];

static KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| GIVEN.split_whitespace().collect());
static AMBIGUOUS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| GIVEN.split_whitespace().skip_while(|name| *name != AMBIGUOUS_FROM).collect());
static BRANDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| EXCEPTIONS.split(['|', '\n']).collect());

static FIRST: LazyLock<CharSet> =
    LazyLock::new(|| CharSet::first_of(STRONG.iter().chain(WEAK).chain(ENDINGS.iter().map(|(ending, _)| ending))));

pub(super) fn at(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let told = || introduced(view, at).or_else(|| signed(view, at));
    let told = || FIRST.contains(view.get(at)).then(told).flatten();
    if !view.get(at).is_ascii_uppercase() {
        return told();
    }
    titled(view, at).or_else(told).or_else(|| pair(view, at))
}

pub(super) fn is_given(word: &str) -> bool {
    KNOWN.contains(word)
}

/// The end of a word that begins with a capital and goes on like a name.
fn word(view: &View<'_>, at: usize) -> Option<usize> {
    let first = view.get(at);
    let end = view.run(at, 24, |c| c.is_alphabetic() && !is_han(c) || matches!(c, '\'' | '-'));
    let end = if matches!(view.get_before(end), '\'' | '-') { end - 1 } else { end };
    // A possessive ending is no part of the name.
    let end = if end > at + 3 && view.get(end - 2) == '\'' && view.get(end - 1) == 's' { end - 2 } else { end };
    let lower = view.slice(at + 1, end.max(at + 1)).iter().any(|c| c.is_lowercase());
    (first.is_uppercase() && end >= at + 2 && lower && !NOT_NAMES.contains(&view.string(at, end).as_str()))
        .then_some(end)
}

fn is_han(c: char) -> bool {
    crate::script::Script::of(c) == crate::script::Script::Han
}

/// The end of up to `most` words of a name from `at` on.
fn words(view: &View<'_>, at: usize, most: usize) -> Option<usize> {
    let mut end = word(view, at)?;
    for _ in 1..most {
        let initial = view.get(end + 1).is_ascii_uppercase() && view.get(end + 2) == '.' && view.get(end + 3) == ' ';
        let from = if initial { end + 4 } else { end + 1 };
        match (view.get(end) == ' ').then(|| word(view, from)).flatten() {
            Some(next) => end = next,
            None => break,
        }
    }
    Some(end)
}

/// `Mr. Thompson`, `Mr. and Mrs. Dawson`; the title belongs to the name.
fn titled(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let title = |at: usize| {
        TITLES
            .iter()
            .find_map(|title| view.after_word(at, title).filter(|_| view.string(at, at + title.len()) == *title))
    };
    let dot = |end: usize| view.run(end, 1, |c| c == '.');
    let end = title(at)?;
    let mut from = dot(end);
    if let Some(second) = ["and ", "& "].iter().find(|and| view.starts_with(from + 1, and))
        && let Some(end) = title(from + 1 + second.len())
    {
        from = dot(end);
    }
    if view.get(from) != ' ' {
        return None;
    }
    let end = words(view, from + 1, 3)?;
    let first = view.run(from + 1, 24, |c| !c.is_whitespace());
    let brand = format!(
        "{} {}",
        view.string(at, at + title(at)? - at),
        view.string(from + 1, first).trim_end_matches(['.', ',', '!', '?'])
    );
    (!is_brand(&brand)).then_some(((at, end), 0.85))
}

fn is_brand(name: &str) -> bool {
    BRANDS.contains(name)
}

/// `My name is Priya Sharma`, `I'm Sarah`.
fn introduced(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let after = |words: &[&str]| words.iter().find_map(|word| view.after_word(at, word));
    if let Some(end) = after(STRONG)
        && let Some(from) = gap(view, end)
        && let Some(name) = words(view, from, 3)
    {
        return Some(((from, name), 0.9));
    }
    let from = after(WEAK).and_then(|end| gap(view, end))?;
    let first = word(view, from)?;
    if !KNOWN.contains(view.string(from, first).as_str()) {
        return None;
    }
    let end = words(view, from, 3)?;
    (!is_brand(&view.string(from, end))).then_some(((from, end), 0.8))
}

/// Past one space, a comma and a space, or nothing where a colon stands.
fn gap(view: &View<'_>, at: usize) -> Option<usize> {
    let comma = usize::from(view.get(at) == ',');
    (view.get(at + comma) == ' ').then_some(at + comma + 1)
}

/// `Regards, Michael Stone` at the end of a text or a line.
fn signed(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let (end, strong) = ENDINGS.iter().find_map(|&(ending, strong)| Some((view.after_word(at, ending)?, strong)))?;
    let from = if view.get(end) == ',' { view.run(end + 1, 3, char::is_whitespace) } else { end };
    if from == end || !matches!(view.get(end), ',') {
        return None;
    }
    let first = word(view, from)?;
    let known = KNOWN.contains(view.string(from, first).as_str());
    let end = words(view, from, 3)?;
    let stop = view.run(end, 3, |c| c.is_whitespace() || c == '.');
    let last = stop >= view.len() || view.slice(end, stop).contains(&'\n');
    (last && (strong || known)).then_some(((from, end), if known { 0.9 } else { 0.7 }))
}

/// A known given name and a surname.
fn pair(view: &View<'_>, at: usize) -> Option<((usize, usize), f32)> {
    let first = word(view, at)?;
    let given = view.string(at, first);
    if !KNOWN.contains(given.as_str()) || AMBIGUOUS.contains(given.as_str()) || view.get(first) != ' ' {
        return None;
    }
    let end = words(view, at, 2).filter(|&end| end > first + 3)?;
    // The Paul of Les Paul is nobody's given name.
    let word_before =
        (0..at.saturating_sub(1)).rev().take(24).take_while(|&place| view.get(place).is_alphabetic()).last();
    if word_before.is_some_and(|from| is_brand(&view.string(from, first))) {
        return None;
    }
    (!is_brand(&view.string(at, end))).then_some(((at, end), 0.75))
}
