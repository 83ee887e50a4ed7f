//! Named entities: brands, products, places, people and organisations, Chinese and English.
//!
//! Lists of well-known names, the forms of names (a university's, a street's, a phone's model number),
//! parts of speech, and the rules for people's names that [`scrub`](crate::scrub) has. Names that are
//! words too (苹果, 小米, "Boss", "Orange") count only where their surroundings say so.
//!
//! ```
//! use silhouette_text::entities::{self, EntityKind};
//!
//! let text = "华为手机从深圳寄出";
//! let found = entities::find(text);
//! let names: Vec<_> = found.iter().map(|entity| (&text[entity.start..entity.end], entity.kind)).collect();
//! assert_eq!(names, [("华为", EntityKind::Brand), ("深圳", EntityKind::Place)]);
//! ```

mod chinese;
mod english;
mod list;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    pos::{self, TaggedWord},
    scrub,
};

/// What kind of thing has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntityKind {
    /// A maker's or a shop's name on its goods.
    Brand,
    /// A company, an authority, a school, a newspaper.
    Organisation,
    /// A person.
    Person,
    /// A country, a town, a river, a street.
    Place,
    /// A product line or model, a game, a program.
    Product,
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Brand => "brand",
            Self::Organisation => "organisation",
            Self::Person => "person",
            Self::Place => "place",
            Self::Product => "product",
        })
    }
}

/// A name in a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// What has the name.
    pub kind: EntityKind,
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// From 0 to 1.
    pub confidence: f32,
}

/// The names in `text`, from left to right, none overlapping. As of [`pos::tag`], only the first
/// [`pos::MAX_BYTES`] are read.
pub fn find(text: &str) -> Vec<Entity> {
    find_in(text, &pos::tag(text))
}

/// As [`find`], for a text whose words are tagged already.
pub fn find_in(text: &str, words: &[TaggedWord<'_>]) -> Vec<Entity> {
    let mut found = Vec::new();
    let people = scrub::names_in(&text[..text.floor_char_boundary(pos::MAX_BYTES)]);
    found.extend(people.into_iter().map(|((start, end), confidence)| Entity {
        kind: EntityKind::Person,
        start,
        end,
        confidence,
    }));
    chinese::find(text, words, &mut found);
    english::find(text, words, &mut found);
    without_overlaps(found)
}

/// Of two that overlap the longer stays, then the surer.
fn without_overlaps(mut found: Vec<Entity>) -> Vec<Entity> {
    found.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)).then(b.confidence.total_cmp(&a.confidence)));
    let mut kept: Vec<Entity> = Vec::with_capacity(found.len());
    for entity in found {
        match kept.last_mut() {
            Some(last) if entity.start < last.end => {
                if entity.end - entity.start > last.end - last.start {
                    *last = entity;
                }
            }
            _ => kept.push(entity),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        find(text).iter().map(|entity| format!("{}:{}", entity.kind, &text[entity.start..entity.end])).collect()
    }

    #[test]
    fn words_need_surroundings_to_be_names() {
        assert_eq!(names("苹果手机"), ["brand:苹果"]);
        assert_eq!(names("苹果很甜"), [""; 0]);
        assert_eq!(names("My Boss pedal"), ["brand:Boss"]);
        assert_eq!(names("my boss"), [""; 0]);
    }

    #[test]
    fn forms_tell_what_lists_do_not() {
        assert_eq!(names("She left Quixley University."), ["organisation:Quixley University"]);
        assert_eq!(names("near Lake Quix"), ["place:Lake Quix"]);
        assert_eq!(names("小米14 Pro"), ["product:小米14 Pro"]);
        assert_eq!(names("I talked to Mr. Quix"), ["person:Mr. Quix"]);
    }

    proptest! {
        #[test]
        fn entities_are_places_in_the_text_in_order(
            text in "(华为|苹果|手机|大学|北京|市|王先生|[0-9]{1,3}| |Sony|New York|University|Lake|the|Pro|。|,|é|😀){0,16}"
        ) {
            let mut last = 0;
            for entity in find(&text) {
                prop_assert!(entity.start >= last && entity.start < entity.end);
                prop_assert!(text.get(entity.start..entity.end).is_some());
                prop_assert!((0.0..=1.0).contains(&entity.confidence));
                last = entity.end;
            }
        }
    }
}
