//! Whole profiles held against the truth.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use silhouette_client::profile::{Making, OwnerWord, ProfileDocument, ProfilePlan, Trained, make};
use silhouette_model::{Model, Target};
use silhouette_text::Event;
use silhouette_wire::ContentHash;

use super::{Candidate, LabelledPeople, QualityError};

/// What whole profiles are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProfileFigures {
    /// Profiles made.
    pub profiles: usize,
    /// Places cited for a label of a head, in texts whose own label is known.
    pub cited: u64,
    /// Share of them that lie in a text of that very label.
    pub evidence_precision: f64,
    /// Mean completeness score.
    pub completeness: f64,
    /// Mean clauses of a persona.
    pub clauses: f64,
}

/// What one profile adds.
#[derive(Default)]
struct Part {
    cited: u64,
    right: u64,
    completeness: f64,
    clauses: usize,
}

impl ProfileFigures {
    /// Makes everybody's profile, with consent to all that the model's heads say.
    pub(super) fn of(candidate: &Candidate<'_>, people: &LabelledPeople) -> Result<Self, QualityError> {
        let Candidate { model, engine, encoder_weights } = *candidate;
        let heads = &model.task().heads;
        let owner = OwnerWord { consent: heads.iter().map(|head| head.name.clone()).collect(), ..OwnerWord::default() };
        let plan = ProfilePlan::of_heads(heads);
        // What names a model is not looked at here.
        let trained = Trained { engine, model, hash: ContentHash([0; 32]), round: None, encoder_weights };
        let one = |events: &[Event]| -> Result<Part, QualityError> {
            let making = Making { trained: Some(trained), plan: Some(&plan), owner: Some(&owner), made_at: 0 };
            let made = make(events, &making)?;
            Ok(Part::of(made.expose_on_device(), model, events))
        };
        let parts: Vec<Part> = people.par_iter().map(|(_, events)| one(events)).collect::<Result<_, _>>()?;
        let n = parts.len().max(1) as f64;
        let sum = |of: &dyn Fn(&Part) -> f64| parts.iter().map(of).sum::<f64>();
        let cited = parts.iter().map(|part| part.cited).sum::<u64>();
        Ok(Self {
            profiles: parts.len(),
            cited,
            evidence_precision: sum(&|part| part.right as f64) / cited.max(1) as f64,
            completeness: sum(&|part| part.completeness) / n,
            clauses: sum(&|part| part.clauses as f64) / n,
        })
    }
}

impl Part {
    fn of(document: &ProfileDocument, model: &Model, events: &[Event]) -> Self {
        let mut part =
            Self { completeness: document.completeness.score, clauses: document.persona.en.len(), ..Self::default() };
        for head in model.task().heads.iter().filter(|head| !head.labels().is_empty()) {
            let field = format!("interests.{}", head.name);
            let of_head = |name: &str| name == field || name == head.name;
            for evidence in document.evidence.iter().filter(|e| of_head(&e.field)) {
                if let Ok(Some(Target::Class(truth))) = head.target(&events[evidence.event]) {
                    part.cited += 1;
                    part.right += u64::from(head.labels()[truth as usize] == evidence.label);
                }
            }
        }
        part
    }
}
