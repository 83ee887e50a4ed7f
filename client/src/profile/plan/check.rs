//! Whether a plan can be used.

use std::collections::{BTreeMap, BTreeSet};

use super::{Dimension, Label, PlanError, ProfilePlan, Source};

/// Dimensions of a plan, labels of a dimension, words of a label, at most.
const MOST_DIMENSIONS: usize = 256;
const MOST_LABELS: usize = 4096;
const MOST_WORDS: usize = 1024;

/// Longest name or word, in characters.
const LONGEST: usize = 64;

/// Languages that have names.
const LANGUAGES: [&str; 2] = ["en", "zh"];

/// What is wrong: the key, what is accepted, what was found.
type Wrong = (String, &'static str, String);

impl ProfilePlan {
    /// Checks what the types can't.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn validate(&self) -> Result<(), PlanError> {
        self.check().map_err(|(field, expected, found)| PlanError::Field {
            plan: self.name.clone(),
            field,
            expected,
            found,
        })
    }

    fn check(&self) -> Result<(), Wrong> {
        named("name", &self.name)?;
        if !(1..=MOST_DIMENSIONS).contains(&self.dimensions.len()) {
            return Err(("dimension".into(), "1 to 256 dimensions", self.dimensions.len().to_string()));
        }
        let mut names = BTreeSet::new();
        for dimension in &self.dimensions {
            named("dimension.name", &dimension.name)?;
            if !names.insert(&dimension.name) {
                return Err(("dimension.name".into(), "a name once", dimension.name.clone()));
            }
            dimension
                .check()
                .map_err(|(key, expected, found)| (format!("{}.{key}", dimension.name), expected, found))?;
        }
        Ok(())
    }
}

impl Dimension {
    fn check(&self) -> Result<(), Wrong> {
        if let Some(head) = &self.head {
            named("head", head)?;
        }
        displayed(&self.display)?;
        if self.labels.len() > MOST_LABELS {
            return Err(("label".into(), "at most 4096 labels", self.labels.len().to_string()));
        }
        let by_words = self.labels.iter().any(|label| !label.words.is_empty());
        if self.source == Source::Inferred && self.head.is_none() && !by_words {
            return Err(("source".into(), "a head or words to infer it from", "neither".into()));
        }
        let mut names = BTreeSet::new();
        for label in &self.labels {
            named("label.name", &label.name)?;
            if !names.insert(&label.name) {
                return Err(("label.name".into(), "a label once", label.name.clone()));
            }
            self.check_label(label)
                .map_err(|(key, expected, found)| (format!("{}.{key}", label.name), expected, found))?;
        }
        Ok(())
    }

    fn check_label(&self, label: &Label) -> Result<(), Wrong> {
        displayed(&label.display)?;
        if label.words.len() > MOST_WORDS {
            return Err(("words".into(), "at most 1024 words", label.words.len().to_string()));
        }
        label.words.iter().try_for_each(|word| named("words", word))?;
        let Some(parent) = &label.parent else { return Ok(()) };
        if self.label(parent).is_none() {
            return Err(("parent".into(), "another label of the dimension", parent.clone()));
        }
        // The path stops where it would go in a circle, and then its top has a parent.
        let top = self.path(&label.name).into_iter().next().unwrap_or_default();
        match self.label(&top).and_then(|top| top.parent.as_ref()) {
            Some(_) => Err(("parent".into(), "a label that is not below this one", parent.clone())),
            None => Ok(()),
        }
    }
}

/// Names end in a person's terminal and in HTML.
fn named(key: &str, name: &str) -> Result<(), Wrong> {
    let fits = (1..=LONGEST).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits && name.trim() == name {
        return Ok(());
    }
    let found = format!("{} characters", name.chars().count());
    Err((key.to_owned(), "1 to 64 characters, none of them a control character, no space at either end", found))
}

fn displayed(names: &BTreeMap<String, String>) -> Result<(), Wrong> {
    for (language, name) in names {
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(("display".into(), "the languages en and zh", language.clone()));
        }
        named("display", name)?;
    }
    Ok(())
}
