//! What dimensions and labels are called: the document's own names first, then the plan's, then the usual ones.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::words::Words;
use crate::persona::{PersonaLanguage, head_name, label_name};
use crate::profile::{Dimension, ProfileDocument, ProfilePlan, Shown};

/// Names in one language.
pub(super) struct Names<'d> {
    document: &'d ProfileDocument,
    plan: Option<Cow<'d, ProfilePlan>>,
    language: PersonaLanguage,
    words: &'static Words,
}

impl<'d> Names<'d> {
    pub(super) fn new(document: &'d ProfileDocument, plan: Option<&'d ProfilePlan>, language: PersonaLanguage) -> Self {
        let pack = || ProfilePlan::pack(&document.provenance.plan).ok().map(Cow::Owned);
        Self { document, plan: plan.map(Cow::Borrowed).or_else(pack), language, words: Words::of(language) }
    }

    fn key(&self) -> &'static str {
        match self.language {
            PersonaLanguage::Zh => "zh",
            PersonaLanguage::En => "en",
        }
    }

    fn shown<'s>(&self, shown: &'s BTreeMap<String, Shown>) -> Option<&'s Shown> {
        shown.get(self.key())
    }

    fn planned(&self, dimension: &str) -> Option<&Dimension> {
        self.plan.as_deref()?.dimension(dimension)
    }

    /// The name of a dimension, by what stands beside it in the document where there is anything.
    pub(super) fn dimension(&self, name: &str, beside: Option<&BTreeMap<String, Shown>>) -> String {
        let own = beside.and_then(|b| self.shown(b)).and_then(|s| s.head.clone());
        let plan = || self.planned(name)?.display.get(self.key()).cloned();
        let listed = || self.words.name(name).map(str::to_owned);
        own.or_else(plan).or_else(listed).unwrap_or_else(|| spaced(head_name(name, self.language)))
    }

    /// The name of a label of a dimension.
    pub(super) fn label(&self, dimension: &str, label: &str, beside: Option<&BTreeMap<String, Shown>>) -> String {
        let own = beside.and_then(|b| self.shown(b)).and_then(|s| s.label.clone());
        let plan = || self.planned(dimension)?.label(label)?.display.get(self.key()).cloned();
        let document = || {
            let same = self.document.interests.iter().find(|i| i.head == dimension && i.label == label)?;
            self.shown(&same.shown)?.label.clone()
        };
        let listed = || self.words.name(label).map(str::to_owned);
        let usual = || spaced(label_name(label, self.language));
        own.or_else(plan).or_else(document).or_else(listed).unwrap_or_else(usual)
    }

    /// The name of a field such as `interests.topic` or `behavior.value`.
    pub(super) fn field(&self, field: &str) -> String {
        if let Some(name) = self.words.name(field) {
            return name.to_owned();
        }
        let (section, name) = field.split_once('.').unwrap_or(("", field));
        let interests = self.document.interests.iter().filter(|i| section == "interests" && i.head == name);
        let attributes = match section {
            "demographics" => &self.document.demographics[..],
            "psychographics" => &self.document.psychographics[..],
            _ => &[],
        };
        let beside = attributes.iter().filter(|a| a.name == name).map(|a| &a.shown);
        self.dimension(name, interests.map(|i| &i.shown).chain(beside).next())
    }
}

/// A name that nobody translated, as words.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
