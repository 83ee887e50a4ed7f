//! Names in Latin letters, in English and in Chinese texts.

use super::{
    Entity, EntityKind,
    list::{self, Listed},
};
use crate::{
    pos::{Pos, TaggedWord},
    script::Script,
    scrub,
};

/// Words of the longest name of the lists.
const MAX_WORDS: usize = 4;

const INSTITUTIONS: &[&str] = &[
    "University",
    "College",
    "Inc",
    "Corp",
    "Corporation",
    "Ltd",
    "Company",
    "Bank",
    "Hospital",
    "Institute",
    "Foundation",
    "Association",
    "Club",
    "Council",
    "Committee",
    "Ministry",
    "Agency",
    "Academy",
    "Orchestra",
    "Museum",
    "Library",
    "Times",
    "Society",
    "Airlines",
    "Group",
];
const OF: &[&str] = &["University", "Bank", "Ministry", "Department", "Institute", "College"];
const AFTER: &[&str] = &[
    "River",
    "Lake",
    "Mountain",
    "Mountains",
    "Island",
    "Islands",
    "Park",
    "Airport",
    "Bridge",
    "Beach",
    "Station",
    "Square",
    "Valley",
    "Bay",
    "Street",
    "Avenue",
    "Road",
    "Boulevard",
    "County",
    "Canyon",
    "Falls",
    "Harbor",
    "Ocean",
    "Sea",
];
const BEFORE: &[&str] = &["Lake", "Mount", "Mt", "Fort", "Cape", "Port", "Saint", "St"];

/// Words in capitals that are no names before an institution or a landmark.
const COMMON: &[&str] =
    &["The", "A", "An", "My", "Our", "Their", "This", "That", "Your", "His", "Her", "Its", "In", "At", "On", "I", "We"];

/// What an ambiguous name at the head of a sentence makes or sells.
const GOODS: &[&str] = &[
    "guitar", "guitars", "pedal", "pedals", "amp", "amps", "strings", "bass", "drums", "keyboard", "mic", "picks",
    "pick", "speaker", "speakers", "mixer", "mixers", "phone", "laptop", "car", "soap", "tuner", "tuners", "cable",
    "cables",
];

pub(super) fn find(text: &str, words: &[TaggedWord<'_>], found: &mut Vec<Entity>) {
    let mut at = 0;
    while at < words.len() {
        let latin = words[at].text.starts_with(|c: char| c.is_ascii_alphabetic());
        let entity = if latin {
            person(words, at).or_else(|| listed(text, words, at)).or_else(|| formed(words, at))
        } else {
            None
        };
        match entity {
            Some(entity) => {
                let end = entity.end;
                found.push(entity);
                at += words[at..].iter().take_while(|word| word.start < end).count().max(1);
            }
            None => at += 1,
        }
    }
}

fn upper(word: &TaggedWord<'_>) -> bool {
    word.text.starts_with(char::is_uppercase)
}

/// Two proper nouns, the first a given name or both unknown where a person would stand: before a
/// verb, or after `by` or `like`.
fn person(words: &[TaggedWord<'_>], at: usize) -> Option<Entity> {
    let (first, last) = (words.get(at)?, words.get(at + 1)?);
    let joined = last.start == first.end + 1 && upper(first) && upper(last) && last.text.len() > 2;
    let proper = |word: &TaggedWord<'_>| word.pos == Pos::Propn && !COMMON.contains(&word.text);
    let form = |word: &str| INSTITUTIONS.contains(&word) || AFTER.contains(&word) || BEFORE.contains(&word);
    if !joined || !proper(first) || !proper(last) || form(first.text) || form(last.text) {
        return None;
    }
    let thing =
        |name: &str| list::get(name).is_some_and(|listed| listed.kind != EntityKind::Person && !listed.ambiguous);
    let pair = format!("{} {}", first.text, last.text);
    let longer = words.get(at + 2).is_some_and(|next| next.start == last.end + 1 && upper(next));
    if thing(&pair) || thing(first.text) || thing(last.text) || list::get(&pair).is_some() || longer {
        return None;
    }
    let known = list::get(last.text).is_some_and(|listed| listed.kind == EntityKind::Person);
    let given = scrub::is_english_given(first.text);
    let acts = words.get(at + 2).is_some_and(|next| matches!(next.pos, Pos::Verb | Pos::Aux));
    let named = at > 0 && matches!(words[at - 1].text, "by" | "like" | "with");
    let confidence = match (known || given, acts || named) {
        (true, true) => 0.8,
        (true, false) => 0.6,
        (false, true) => 0.5,
        (false, false) => return None,
    };
    Some(Entity { kind: EntityKind::Person, start: first.start, end: last.end, confidence })
}

/// A name of the lists, the longest that begins with the word.
fn listed(text: &str, words: &[TaggedWord<'_>], at: usize) -> Option<Entity> {
    let mut name = String::new();
    let mut longest = None;
    let mut count = 0;
    for word in words[at..].iter().take(2 * MAX_WORDS) {
        if word.text == "-" {
            continue;
        }
        if count == MAX_WORDS || !word.text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            break;
        }
        count += 1;
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(&word.text.replace('’', "'"));
        if let Some(listed) = list::get(&name) {
            longest = Some((word.end, listed, count));
        }
    }
    let (end, listed, count) = longest?;
    let word = &words[at];
    let next = words.iter().find(|word| word.start >= end);
    // Part of a longer name, or followed by what makes it one: the forms tell.
    if next
        .is_some_and(|next| next.start == end + 1 && (INSTITUTIONS.contains(&next.text) || AFTER.contains(&next.text)))
    {
        return None;
    }
    let model = list::model_end(text, end);
    if model > end && matches!(listed.kind, EntityKind::Brand | EntityKind::Product) {
        return Some(Entity { kind: EntityKind::Product, start: word.start, end: model, confidence: 0.85 });
    }
    let first = at == 0 || matches!(words[at - 1].text, "." | "!" | "?" | "\"");
    let said = Listed { ambiguous: listed.ambiguous && count == 1, ..listed };
    let goods = next.is_some_and(|next| GOODS.contains(&next.text));
    let among_han = text[end..].chars().next().is_some_and(|c| Script::of(c) == Script::Han);
    if said.ambiguous && !(among_han && upper(word) || goods || !first && word.pos == Pos::Propn && upper(word)) {
        return None;
    }
    Some(Entity { kind: listed.kind, start: word.start, end, confidence: if said.ambiguous { 0.7 } else { 0.9 } })
}

/// A name by its form: `Yale University`, `Lake Tahoe`, `University of Ohio`.
fn formed(words: &[TaggedWord<'_>], at: usize) -> Option<Entity> {
    let word = &words[at];
    if !upper(word) || COMMON.contains(&word.text) {
        return None;
    }
    let capital = |index: usize| {
        let before = words.get(index.checked_sub(1)?)?;
        let word = words.get(index)?;
        (word.start == before.end + 1 && upper(word)).then_some(word)
    };
    if OF.contains(&word.text) && words.get(at + 1).is_some_and(|word| word.text == "of") {
        let last = capital(at + 2)?;
        return Some(Entity { kind: EntityKind::Organisation, start: word.start, end: last.end, confidence: 0.8 });
    }
    if BEFORE.contains(&word.text) {
        let dot = usize::from(words.get(at + 1).is_some_and(|word| word.text == "."));
        let last = capital(at + 1 + dot).filter(|word| word.pos == Pos::Propn || word.pos == Pos::Noun)?;
        return Some(Entity { kind: EntityKind::Place, start: word.start, end: last.end, confidence: 0.75 });
    }
    let last = (1..MAX_WORDS).map_while(|offset| capital(at + offset)).find_map(|word| {
        let organisation = INSTITUTIONS.contains(&word.text).then_some(EntityKind::Organisation);
        Some((word, organisation.or_else(|| AFTER.contains(&word.text).then_some(EntityKind::Place))?))
    });
    last.map(|(last, kind)| Entity { kind, start: word.start, end: last.end, confidence: 0.75 })
}
