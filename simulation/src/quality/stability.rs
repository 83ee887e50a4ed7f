//! Whether another run of the same training makes the same of people.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use silhouette_client::profile::jensen_shannon;
use silhouette_model::argmax;

use super::{Candidate, LabelledPeople, QualityError, say};

/// How far models of one task agree about people: the mean over pairs of models and over people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// Models compared.
    pub models: usize,
    /// Share of people whose top label is the same.
    pub same_top: f64,
    /// Jensen-Shannon divergence between their mixtures, in bits.
    pub jsd_bits: f64,
}

/// Compares models, of several seeds say, by the mixtures that each makes of the task's first head with labels.
///
/// # Errors
/// When an encoder can't be built or the engine fails.
pub fn stability(candidates: &[Candidate<'_>], people: &LabelledPeople) -> Result<Option<Stability>, QualityError> {
    let mixtures: Vec<Vec<Vec<f64>>> =
        candidates.iter().map(|candidate| mixtures(candidate, people)).collect::<Result<_, _>>()?;
    let (mut pairs, mut same, mut apart) = (0.0, 0.0, 0.0);
    for (i, first) in mixtures.iter().enumerate() {
        for second in &mixtures[i + 1..] {
            for (a, b) in first.iter().zip(second).filter(|(a, b)| !a.is_empty() && a.len() == b.len()) {
                pairs += 1.0;
                same += f64::from(u8::from(top(a) == top(b)));
                apart += jensen_shannon(a, b);
            }
        }
    }
    let of = |sum: f64| sum / pairs;
    Ok((pairs > 0.0).then(|| Stability { models: candidates.len(), same_top: of(same), jsd_bits: of(apart) }))
}

fn top(mixture: &[f64]) -> usize {
    argmax(&mixture.iter().map(|&p| p as f32).collect::<Vec<_>>())
}

/// Each person's mean output; empty for somebody without a text.
fn mixtures(candidate: &Candidate<'_>, people: &LabelledPeople) -> Result<Vec<Vec<f64>>, QualityError> {
    let (model, vectoriser) = (candidate.model, candidate.vectoriser()?);
    let Some((_, range)) = model.task().ranges().find(|(head, _)| !head.labels().is_empty()) else {
        return Ok(Vec::new());
    };
    let of = |(_, events): &(String, Vec<silhouette_text::Event>)| -> Result<Vec<f64>, QualityError> {
        let said = say(candidate, &vectoriser, events)?;
        let rows: Vec<&[f32]> = match &said.person {
            Some(person) => vec![&person[range.clone()]],
            None => said.texts.iter().map(|row| &row[range.clone()]).collect(),
        };
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let mut mean = vec![0.0; first.len()];
        for row in &rows {
            mean.iter_mut().zip(*row).for_each(|(m, &p)| *m += f64::from(p) / rows.len() as f64);
        }
        Ok(mean)
    };
    people.par_iter().map(of).collect()
}
