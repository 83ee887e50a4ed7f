//! How soon a profile follows a person who changes.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use silhouette_client::profile::HALF_LIFE_DAYS;
use silhouette_model::{Head, Target, Unit};

use super::{Candidate, LabelledPeople, QualityError, Said, say};

/// Pairs of people made into one, at most.
const PAIRS: usize = 100;

/// Texts of the past that are kept, and of the present that are waited for.
const LONGEST: usize = 60;

/// How many texts it takes until a profile shows that its person has turned to something else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftLatency {
    /// Made-up people, each the texts of one person followed by those of another with another most frequent label.
    pub pairs: usize,
    /// Share of them whose recent mixture has the new label on top by the end.
    pub followed: f64,
    /// Median over these of the new texts it took.
    pub median_texts: f64,
    /// Median of the old texts they had before.
    pub median_past: f64,
}

/// Makes people who change at a known moment out of pairs of people, and waits for the profile's recent mixture to
/// follow: a text a day, the weights of older ones halving every [`HALF_LIFE_DAYS`].
///
/// # Errors
/// When an encoder can't be built or the engine fails.
pub fn drift_latency(candidate: &Candidate<'_>, people: &LabelledPeople) -> Result<Option<DriftLatency>, QualityError> {
    let (model, vectoriser) = (candidate.model, candidate.vectoriser()?);
    let of_texts = |head: &Head| !head.labels().is_empty() && head.unit == Unit::Text;
    let Some((head, range)) = model.task().ranges().find(|(head, _)| of_texts(head)) else { return Ok(None) };
    let (mut waited, mut pasts, mut pairs) = (Vec::new(), Vec::new(), 0_usize);
    for pair in people.chunks_exact(2).take(PAIRS) {
        let [(_, before), (_, after)] = pair else { continue };
        let (before, after) = (say(candidate, &vectoriser, before)?, say(candidate, &vectoriser, after)?);
        let (Some(old), Some(new)) = (dominant(head, &before), dominant(head, &after)) else { continue };
        if old == new {
            continue;
        }
        pairs += 1;
        let past = before.texts.len().min(LONGEST);
        if let Some(texts) = latency(&before, &after, &range, new) {
            waited.push(texts as f64);
            pasts.push(past as f64);
        }
    }
    let followed = waited.len() as f64 / pairs.max(1) as f64;
    Ok((pairs > 0).then(|| DriftLatency {
        pairs,
        followed,
        median_texts: median(&mut waited),
        median_past: median(&mut pasts),
    }))
}

/// A person's most frequent true label.
fn dominant(head: &Head, said: &Said<'_>) -> Option<usize> {
    let mut counts = vec![0_usize; head.labels().len()];
    for event in said.events {
        if let Ok(Some(Target::Class(label))) = head.target(event) {
            counts[label as usize] += 1;
        }
    }
    let (label, &most) = counts.iter().enumerate().rev().max_by_key(|&(_, &n)| n)?;
    (most > 0).then_some(label)
}

/// New texts after which the recent mixture has `new` on top.
fn latency(before: &Said<'_>, after: &Said<'_>, range: &Range<usize>, new: usize) -> Option<usize> {
    let fade = (-1.0 / HALF_LIFE_DAYS).exp2();
    let mut mixture = vec![0.0_f64; range.len()];
    let mut see = |row: &[f32]| {
        mixture.iter_mut().zip(&row[range.clone()]).for_each(|(m, &p)| *m = *m * fade + f64::from(p));
        let top = (0..mixture.len()).rev().max_by(|&a, &b| mixture[a].total_cmp(&mixture[b]));
        top == Some(new)
    };
    let past = before.texts.len().saturating_sub(LONGEST);
    before.texts[past..].iter().for_each(|row| {
        see(row);
    });
    after.texts.iter().take(LONGEST).position(|row| see(row)).map(|at| at + 1)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n => f64::midpoint(values[(n - 1) / 2], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use silhouette_text::Event;

    use super::*;

    fn said(events: &[Event], rows: &[[f32; 2]]) -> Said<'static> {
        let events: &'static [Event] = Box::leak(events.to_vec().into_boxed_slice());
        Said { events, texts: rows.iter().map(|r| r.to_vec()).collect(), person: None }
    }

    #[test]
    fn a_longer_past_takes_longer_to_forget() {
        let (old, new) = ([1.0, 0.0], [0.0, 1.0]);
        let wait = |past: usize| latency(&said(&[], &vec![old; past]), &said(&[], &[new; 60]), &(0..2), 1).unwrap();
        assert!(wait(2) <= 3 && wait(10) > wait(2) && wait(40) > wait(10));
        // With a half-life, fewer new texts than there were old ones.
        assert!(wait(50) < 50, "{}", wait(50));
        assert_eq!(latency(&said(&[], &[old; 50]), &said(&[], &[new; 5]), &(0..2), 1), None);
    }
}
