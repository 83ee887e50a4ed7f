//! What the owner says about their own profile: it goes before everything that is inferred.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::plan::{Dimension, ProfilePlan, Section, Source};

/// Longest value that is declared, in characters.
const LONGEST: usize = 64;

/// Most statements of each kind.
const MOST: usize = 1024;

/// The owner's word: values they declare, sensitive dimensions they agree to, values they correct, lines they forbid.
///
/// Kept sealed beside the texts ([`Store::owner`](crate::store::Store::owner)), and as private as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerWord {
    /// Value by dimension: what the owner says it is.
    pub declared: BTreeMap<String, String>,
    /// Sensitive dimensions that may be inferred and shown.
    pub consent: BTreeSet<String>,
    /// Value by dimension: what it is in truth, where the texts say otherwise. Stronger than `declared` in that the
    /// profile says that it was wrong.
    pub corrected: BTreeMap<String, String>,
    /// Lines that are never to be shown: a dimension (`interests.topic`), one label of it (`interests.topic/music`), a
    /// keyword (`keywords/guitar`), a part (`behavior`, `sentiment`).
    pub vetoed: BTreeSet<String>,
}

/// A statement that can't be taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnerError {
    /// No dimension of this name.
    #[error("{statement}: expected a dimension of the plan, one of {known}; found {found}")]
    Dimension {
        /// Which list.
        statement: &'static str,
        /// What was found.
        found: String,
        /// The dimensions there are.
        known: String,
    },
    /// The dimension does not take the value.
    #[error("{statement}, {dimension}: expected {expected}, found a value of {found} characters")]
    Value {
        /// Which list.
        statement: &'static str,
        /// The dimension.
        dimension: String,
        /// What is accepted.
        expected: String,
        /// Its length; the value itself is private.
        found: usize,
    },
    /// More statements than are kept.
    #[error("{statement}: expected at most 1024, found {found}")]
    TooMany {
        /// Which list.
        statement: &'static str,
        /// How many there are.
        found: usize,
    },
}

impl OwnerWord {
    /// Checks every statement against a plan.
    ///
    /// # Errors
    /// Names the first that can't be taken, and what would be.
    pub fn check(&self, plan: &ProfilePlan) -> Result<(), OwnerError> {
        let counts = [
            ("declared", self.declared.len()),
            ("consent", self.consent.len()),
            ("corrected", self.corrected.len()),
            ("vetoed", self.vetoed.len()),
        ];
        if let Some((statement, found)) = counts.into_iter().find(|&(_, found)| found > MOST) {
            return Err(OwnerError::TooMany { statement, found });
        }
        for (statement, values) in [("declared", &self.declared), ("corrected", &self.corrected)] {
            for (name, value) in values {
                fits(statement, known(statement, name, plan)?, value)?;
            }
        }
        self.consent.iter().try_for_each(|name| known("consent", name, plan).map(|_| ()))
    }

    /// The value that the owner gives, and whether it corrects an inference.
    pub(super) fn value(&self, dimension: &Dimension) -> Option<(&str, bool)> {
        let corrected = self.corrected.get(&dimension.name).map(|value| (value.as_str(), true));
        let declared = || self.declared.get(&dimension.name).filter(|_| dimension.source != Source::Inferred);
        corrected.or_else(|| declared().map(|value| (value.as_str(), false)))
    }

    /// Whether the dimension may be inferred.
    pub(super) fn allows(&self, dimension: &Dimension) -> bool {
        dimension.source != Source::Declared && (!dimension.sensitive || self.consent.contains(&dimension.name))
    }

    /// Whether a field, or one label of it, is not to be shown.
    pub fn vetoes(&self, field: &str, label: Option<&str>) -> bool {
        let part = field.split('.').next().unwrap_or(field);
        self.vetoed.contains(field)
            || self.vetoed.contains(part)
            || label.is_some_and(|label| self.vetoed.contains(&format!("{field}/{label}")))
    }
}

fn known<'p>(statement: &'static str, name: &str, plan: &'p ProfilePlan) -> Result<&'p Dimension, OwnerError> {
    plan.dimension(name).ok_or_else(|| OwnerError::Dimension {
        statement,
        found: name.to_owned(),
        known: plan.dimensions.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

fn fits(statement: &'static str, dimension: &Dimension, value: &str) -> Result<(), OwnerError> {
    let characters = value.chars().count();
    let clean = (1..=LONGEST).contains(&characters) && !value.chars().any(char::is_control);
    let expected = if dimension.section == Section::Sentiment {
        "no value: how texts feel is judged text by text".to_owned()
    } else if !clean {
        "1 to 64 characters, none of them a control character".to_owned()
    } else if !dimension.admits(value) {
        let labels: Vec<_> = dimension.labels.iter().map(|label| label.name.as_str()).collect();
        format!("one of {}", labels.join(", "))
    } else {
        return Ok(());
    };
    Err(OwnerError::Value { statement, dimension: dimension.name.clone(), expected, found: characters })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_checked_against_the_plan() {
        let plan = ProfilePlan::pack("retail").unwrap();
        let of = |name: &str, value: &str| OwnerWord {
            declared: [(name.to_owned(), value.to_owned())].into(),
            ..OwnerWord::default()
        };
        assert_eq!(of("category", "books").check(&plan), Ok(()));
        assert_eq!(of("region", "华东").check(&plan), Ok(()));
        assert!(matches!(of("colour", "red").check(&plan), Err(OwnerError::Dimension { .. })));
        let Err(OwnerError::Value { expected, found, .. }) = of("category", "bikes").check(&plan) else { panic!() };
        assert!(expected.contains("books") && found == 5);
        assert!(matches!(of("region", "a\nb").check(&plan), Err(OwnerError::Value { .. })));
        let consent = OwnerWord { consent: ["weather".into()].into(), ..OwnerWord::default() };
        assert!(matches!(consent.check(&plan), Err(OwnerError::Dimension { statement: "consent", .. })));
    }

    #[test]
    fn sensitive_dimensions_wait_for_consent_and_declared_ones_are_never_inferred() {
        let plan = ProfilePlan::pack("retail").unwrap();
        let (gender, region) = (plan.dimension("gender").unwrap(), plan.dimension("region").unwrap());
        let mut owner = OwnerWord::default();
        assert!(!owner.allows(gender));
        owner.consent = ["gender".into(), "region".into()].into();
        assert!(owner.allows(gender) && !owner.allows(region));
        assert!(owner.allows(plan.dimension("category").unwrap()));
    }

    #[test]
    fn a_veto_covers_what_is_below_it() {
        let owner = |veto: &str| OwnerWord { vetoed: [veto.to_owned()].into(), ..OwnerWord::default() };
        assert!(owner("interests.topic/music").vetoes("interests.topic", Some("music")));
        assert!(!owner("interests.topic/music").vetoes("interests.topic", Some("sport")));
        assert!(owner("interests.topic").vetoes("interests.topic", Some("sport")));
        assert!(owner("interests").vetoes("interests.topic", None));
        assert!(!owner("keywords").vetoes("sentiment", None));
    }
}
