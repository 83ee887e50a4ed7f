//! What the owner does not want to be shown is not in the document, nor is what it stood on.

use super::document::{Attribute, ProfileDocument};
use super::owner::OwnerWord;

/// Takes out what is vetoed, and every place in the texts that nothing points to any more.
pub(super) fn apply(document: &mut ProfileDocument, owner: &OwnerWord) {
    if owner.vetoed.is_empty() {
        return;
    }
    let field = |head: &str| format!("interests.{head}");
    document.interests.retain(|i| !owner.vetoes(&field(&i.head), Some(&i.label)));
    document.sentiment.aspects.retain(|a| !owner.vetoes(&a.field, Some(&a.label)));
    document
        .provenance
        .drift
        .retain(|d| !owner.vetoes(&d.field, Some(&d.towards)) && !owner.vetoes(&d.field, Some(&d.away_from)));
    let kept = |section: &str, a: &Attribute| !owner.vetoes(&format!("{section}.{}", a.name), Some(&a.value));
    document.demographics.retain(|a| kept("demographics", a));
    document.psychographics.retain(|a| kept("psychographics", a));
    document.keywords.retain(|k| !owner.vetoes("keywords", Some(&k.term)));
    document.languages.retain(|l| !owner.vetoes("languages", Some(&l.language.to_string())));
    if owner.vetoes("sentiment", None) {
        document.sentiment = super::sentiment::silent(document.sentiment.source);
    }
    if owner.vetoes("behavior", None) {
        let (events, texts) = (document.behavior.events, document.behavior.texts);
        document.behavior = super::document::Behavior { events, texts, ..Default::default() };
    }
    drop_evidence(document);
}

/// Every list of places in the document.
fn citations(document: &mut ProfileDocument) -> Vec<&mut Vec<usize>> {
    let ProfileDocument { interests, sentiment, behavior, demographics, psychographics, languages, keywords, .. } =
        document;
    let mut lists: Vec<&mut Vec<usize>> = Vec::new();
    lists.extend(interests.iter_mut().map(|i| &mut i.evidence));
    lists.extend(demographics.iter_mut().chain(psychographics).map(|a| &mut a.evidence));
    lists.extend(languages.iter_mut().map(|l| &mut l.evidence));
    lists.extend(keywords.iter_mut().map(|k| &mut k.evidence));
    lists.extend([&mut sentiment.evidence, &mut behavior.evidence]);
    lists
}

fn drop_evidence(document: &mut ProfileDocument) {
    let mut cited = vec![false; document.evidence.len()];
    for list in citations(document) {
        list.iter().for_each(|&place| cited[place] = true);
    }
    let mut next = 0;
    let moved: Vec<usize> = cited
        .iter()
        .map(|&kept| {
            next += usize::from(kept);
            next.saturating_sub(1)
        })
        .collect();
    for list in citations(document) {
        list.iter_mut().for_each(|place| *place = moved[*place]);
    }
    let mut keep = cited.into_iter();
    document.evidence.retain(|_| keep.next().unwrap_or(false));
}
