//! What the profile lacks, and what would fill it.

use super::document::{Completeness, Gap, Need, ProfileDocument};
use super::owner::OwnerWord;
use super::plan::{ProfilePlan, Section, Source};

/// From this confidence on a part counts as filled.
pub const FILLED: f64 = 0.3;

/// Texts from which on the counted parts are filled.
const ENOUGH: usize = 10;

/// One part of a profile.
struct Part {
    field: String,
    weight: f64,
    filled: bool,
    needs: Need,
}

/// How complete the document is, by its plan's dimensions and the parts that every profile has.
pub(super) fn completeness(document: &ProfileDocument, plan: &ProfilePlan, owner: &OwnerWord) -> Completeness {
    let mut parts = Vec::new();
    dimensions(document, plan, owner, &mut parts);
    counted(document, &mut parts);
    parts.retain(|part| !owner.vetoes(&part.field, None));
    let total: f64 = parts.iter().map(|part| part.weight).sum();
    let share = |part: &Part| part.weight / if total > 0.0 { total } else { 1.0 };
    // The sum of nothing is -0.0, which is no score.
    let score = parts.iter().filter(|part| part.filled).map(share).fold(0.0, |sum, share| sum + share).min(1.0);
    let mut gaps: Vec<Gap> = parts
        .iter()
        .filter(|part| !part.filled)
        .map(|part| Gap { field: part.field.clone(), weight: share(part), needs: part.needs })
        .collect();
    gaps.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.field.cmp(&b.field)));
    let filled = parts.into_iter().filter(|part| part.filled).map(|part| part.field).collect();
    Completeness { score, filled, gaps }
}

fn dimensions(document: &ProfileDocument, plan: &ProfilePlan, owner: &OwnerWord, parts: &mut Vec<Part>) {
    for dimension in &plan.dimensions {
        let (section, weight) = match dimension.section {
            Section::Interests => ("interests", 3.0),
            Section::Demographics => ("demographics", 1.0),
            Section::Psychographics => ("psychographics", 1.0),
            Section::Sentiment => continue,
        };
        let found = match dimension.section {
            Section::Interests => {
                document.interests.iter().filter(|i| i.head == dimension.name).map(|i| i.confidence).fold(0.0, f64::max)
            }
            Section::Demographics => of(&document.demographics, &dimension.name),
            _ => of(&document.psychographics, &dimension.name),
        };
        let needs = if dimension.source == Source::Declared {
            Need::Declaration
        } else if dimension.sensitive && !owner.consent.contains(&dimension.name) {
            Need::Consent
        } else if dimension.head.is_some()
            && document.provenance.model.is_none()
            && dimension.labels.iter().all(|l| l.words.is_empty())
        {
            Need::Model
        } else {
            Need::Texts
        };
        let field = format!("{section}.{}", dimension.name);
        parts.push(Part { field, weight, filled: found >= FILLED, needs });
    }
}

fn of(attributes: &[super::document::Attribute], name: &str) -> f64 {
    attributes.iter().find(|a| a.name == name).map_or(0.0, |a| a.confidence)
}

fn counted(document: &ProfileDocument, parts: &mut Vec<Part>) {
    let b = &document.behavior;
    let mut part = |field: &str, weight: f64, filled: bool, needs: Need| {
        parts.push(Part { field: field.to_owned(), weight, filled, needs });
    };
    part("sentiment", 2.0, document.sentiment.confidence >= FILLED, Need::Texts);
    part("keywords", 1.0, document.keywords.len() >= 5, Need::Texts);
    part("languages", 0.5, b.texts >= ENOUGH, Need::Texts);
    part("behavior.style", 0.5, b.texts >= ENOUGH, Need::Texts);
    part("behavior.busiest_hours", 1.0, b.timed >= ENOUGH, Need::Times);
    part("behavior.return_time", 0.5, b.return_time.is_some(), Need::Times);
    part("behavior.categories", 0.5, !b.categories.is_empty(), Need::Categories);
    part("behavior.next_category", 0.5, b.next_category.is_some(), Need::Categories);
    part("behavior.rating_bias", 0.5, b.rating_bias.as_ref().is_some_and(|r| r.ratings >= 5), Need::Ratings);
    part("behavior.value", 0.5, b.value.is_some(), Need::Prices);
}
