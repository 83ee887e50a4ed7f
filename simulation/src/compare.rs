//! What the same people reach without a federation: each alone, and all in one place.
//!
//! Three models are held beside each other on the same texts: the later ones of those who train, which are kept out
//! of all training while a run compares. *Local only*: each person's own model, trained on that person's earlier texts
//! and judged on their own later ones. *Central*: all earlier texts pooled in one place, without noise and without
//! clipping. On people who are held out there is no local model, so only central and federated stand side by side.
//!
//! Both baselines use the run's encoder and local learning rate. They are looked at after 1, 2, 4, ... passes over
//! their texts, at most as many as a device makes that is in every round (and at least 16), and **the best look
//! counts**, which favours them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use silhouette_model::{Engine, Example, Examples, LocalTraining, Model, Target};

use crate::config::{ConfigError, SimulationConfig};
use crate::dataset::Dataset;
use crate::evaluate::{PersonResult, UserAccuracy, classes_of, evaluate};
use crate::federation::FederationError;
use crate::people::{People, User};
use crate::recipe::FULL_BATCH;
use crate::run::RunError;

/// Passes that a baseline may always make, however few rounds the run has.
const FEWEST_PASSES: u32 = 16;

/// Batch of the central baseline where devices take all their texts at once: one step a pass over everybody's texts
/// would be no fair picture of what a centre can do. It is that of a device with another encoder; of 8, 64 and 512 it
/// did best on the two sets it was tried on.
const CENTRAL_BATCH: u32 = 8;

/// How one model does on some texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Share of the texts predicted right.
    pub accuracy: f64,
    /// The same for each person, and what that looks like over people.
    pub people: UserAccuracy,
}

/// Models side by side on the same texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideBySide {
    /// People.
    pub people: usize,
    /// Their texts.
    pub texts: u64,
    /// The run's last published model.
    pub federated: Figures,
    /// One model trained on everybody's texts in one place, without privacy.
    pub central: Figures,
    /// Passes over the texts at its best look.
    pub central_passes: u32,
    /// Each person's own model; none on people who have no past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_only: Option<Figures>,
    /// Passes at its best look, the same for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_passes: Option<u32>,
    /// Always saying the label that the person's earlier texts have most often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_majority: Option<Figures>,
}

/// The federated model beside what needs no federation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// On the later texts of the people who train; nobody's earlier texts are among them.
    pub later: Option<SideBySide>,
    /// On the texts of held-out people.
    pub held_out: Option<SideBySide>,
}

/// Trains and judges the baselines of a run whose last model is `federated`, from the model `start` that it began with.
///
/// # Errors
/// When the data were not loaded for a comparison, or the engine fails.
pub fn compare(
    start: &Model,
    federated: &Model,
    data: &Dataset,
    config: &SimulationConfig,
    engine: &dyn Engine,
) -> Result<Comparison, RunError> {
    comparable(data, config)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build().map_err(FederationError::from)?;
    pool.install(|| Comparing { start, data, config, engine }.run(federated))
}

/// Only people in memory whose later texts were kept apart can be compared.
fn comparable(data: &Dataset, config: &SimulationConfig) -> Result<(), ConfigError> {
    let refused = |found: &str| ConfigError::Setting {
        field: "compare",
        expected: "people read from a file, whose later texts were kept out of training".into(),
        found: found.into(),
    };
    match &data.train {
        People::Made(_) => Err(refused("people made when their turn comes")),
        People::Kept(_) if !config.compare => Err(refused("data loaded without --compare")),
        People::Kept(_) => Ok(()),
    }
}

struct Comparing<'a> {
    start: &'a Model,
    data: &'a Dataset,
    config: &'a SimulationConfig,
    engine: &'a dyn Engine,
}

impl Comparing<'_> {
    fn run(&self, federated: &Model) -> Result<Comparison, RunError> {
        let central = self.central()?;
        let mut later = self.beside(federated, &central, &self.data.later)?;
        if let Some(side) = &mut later {
            let (local, passes) = self.local_only()?;
            side.local_only = figures(&local);
            side.local_passes = Some(passes);
            side.own_majority = figures(&self.own_majority());
        }
        Ok(Comparison { later, held_out: self.beside(federated, &central, self.data.test.kept())? })
    }

    /// The looks: after so many passes in all.
    fn looks(&self) -> Vec<u32> {
        let epochs = self.data.recipe.training.epochs;
        let most = u32::try_from(self.config.rounds).unwrap_or(u32::MAX).saturating_mul(epochs).max(FEWEST_PASSES);
        let mut looks: Vec<u32> =
            std::iter::successors(Some(1_u32), |passes| passes.checked_mul(2)).take_while(|&p| p < most).collect();
        looks.push(most);
        looks
    }

    /// Federated and central on the same texts; `None` where there are none.
    fn beside(
        &self,
        federated: &Model,
        central: &[(u32, Model)],
        people: &[User],
    ) -> Result<Option<SideBySide>, RunError> {
        let of_federated = evaluate(self.engine, federated, people)?.people;
        let Some(federated) = figures(&of_federated) else { return Ok(None) };
        let mut best: Option<(u32, Figures)> = None;
        for (passes, model) in central {
            let found = figures(&evaluate(self.engine, model, people)?.people);
            best = better(best, found.map(|figures| (*passes, figures)));
        }
        Ok(best.map(|(central_passes, central)| SideBySide {
            people: of_federated.len(),
            texts: of_federated.iter().map(|person| person.texts).sum(),
            federated,
            central,
            central_passes,
            local_only: None,
            local_passes: None,
            own_majority: None,
        }))
    }

    /// What devices train on, in a run that may also keep texts out for private evaluation.
    fn trained_on(&self, user: &User) -> Vec<Example> {
        match self.config.kept_out() {
            0 => user.examples.items().to_vec(),
            percent => user.examples.parted(percent).0.items().to_vec(),
        }
    }

    fn central(&self) -> Result<Vec<(u32, Model)>, RunError> {
        let pooled =
            Examples::from_items(self.data.train.kept().iter().flat_map(|user| self.trained_on(user)).collect());
        let own = self.data.recipe.training;
        let batch = if own.batch == FULL_BATCH { CENTRAL_BATCH } else { own.batch };
        self.after_passes(&pooled, LocalTraining { batch, ..own }, 0, |model| Ok(model.clone()))
    }

    /// Trains on `examples` and hands the model of every look to `judge`.
    fn after_passes<T>(
        &self,
        examples: &Examples,
        training: LocalTraining,
        device: u64,
        judge: impl Fn(&Model) -> Result<T, RunError>,
    ) -> Result<Vec<(u32, T)>, RunError> {
        let (mut model, mut passed, mut judged) = (self.start.clone(), 0, Vec::new());
        for look in self.looks() {
            // No proximal term: there is no global model to stay near.
            let training = LocalTraining { epochs: look - passed, proximal_mu: 0.0, ..training };
            let seed = self.config.seed ^ u64::from(look) << 32 ^ device;
            let change = self.engine.train(&model, examples, &training, seed)?;
            let mut values = model.values().to_vec();
            values.iter_mut().zip(change.to_dense()).for_each(|(value, by)| *value += by);
            // A rate that is right for a federation's short steps may be too much here; then this is the end.
            if model.set_values(&values).is_err() {
                break;
            }
            passed = look;
            judged.push((look, judge(&model)?));
        }
        Ok(judged)
    }

    /// Each person alone, at the look that is best for all together.
    fn local_only(&self) -> Result<(Vec<PersonResult>, u32), RunError> {
        let alone = |(person, later): (usize, &User)| -> Result<Vec<(u32, PersonResult)>, RunError> {
            let Some(own) = self.own(later) else { return Ok(Vec::new()) };
            let earlier = Examples::from_items(self.trained_on(own));
            let judge = |model: &Model| self.of_person(model, person, later);
            self.after_passes(&earlier, self.data.recipe.training, person as u64 + 1, judge)
        };
        let each = self.data.later.par_iter().enumerate().map(alone).collect::<Result<Vec<_>, _>>()?;
        let at = |look: u32| -> Vec<PersonResult> {
            // Whose training ended early keeps the last look there was.
            let last =
                |looks: &Vec<(u32, PersonResult)>| looks.iter().rfind(|(passes, _)| *passes <= look).map(|l| l.1);
            each.iter().filter_map(last).collect()
        };
        let looks = self.looks().into_iter().map(|look| (look, at(look)));
        let best = looks.fold(None, |best: Option<(u32, Vec<PersonResult>)>, (look, people)| match best {
            Some(best) if right(&best.1) >= right(&people) => Some(best),
            _ => Some((look, people)),
        });
        Ok(best.map_or_else(Default::default, |(look, people)| (people, look)))
    }

    fn own_majority(&self) -> Vec<PersonResult> {
        let Some((index, _, labels)) = classes_of(self.start) else { return Vec::new() };
        let of = |(person, later): (usize, &User)| {
            let mut counts = vec![0_u64; labels];
            let earlier = self.own(later).map(|own| self.trained_on(own)).unwrap_or_default();
            earlier.iter().filter_map(|example| label(example, index)).for_each(|label| counts[label] += 1);
            let most = counts.iter().copied().max()?;
            let said = counts.iter().position(|&count| count == most)?;
            let truths: Vec<usize> = later.examples.items().iter().filter_map(|e| label(e, index)).collect();
            let right = truths.iter().filter(|&&truth| truth == said).count() as u64;
            counted(person, truths.len() as u64, right)
        };
        self.data.later.iter().enumerate().filter_map(of).collect()
    }

    fn of_person(&self, model: &Model, person: usize, later: &User) -> Result<PersonResult, RunError> {
        let of = evaluate(self.engine, model, std::slice::from_ref(later))?;
        let (texts, right) = of.people.first().map_or((0, 0), |found| (found.texts, found.right));
        let top_label_right = of.people.first().is_some_and(|found| found.top_label_right);
        Ok(PersonResult { person, texts, right, top_label_right })
    }

    /// The earlier texts of the person of these later ones. People are in the order of their ids.
    fn own(&self, later: &User) -> Option<&User> {
        let kept = self.data.train.kept();
        kept.binary_search_by(|user| user.id.cmp(&later.id)).ok().map(|place| &kept[place])
    }
}

fn label(example: &Example, head: usize) -> Option<usize> {
    match example.targets.get(head) {
        Some(Some(Target::Class(label))) => Some(*label as usize),
        _ => None,
    }
}

fn counted(person: usize, texts: u64, right: u64) -> Option<PersonResult> {
    (texts > 0).then_some(PersonResult { person, texts, right, top_label_right: right * 2 > texts })
}

fn right(people: &[PersonResult]) -> u64 {
    people.iter().map(|person| person.right).sum()
}

fn figures(people: &[PersonResult]) -> Option<Figures> {
    let told: Vec<PersonResult> = people.iter().copied().filter(|person| person.texts > 0).collect();
    let accuracies: Vec<f64> = told.iter().map(PersonResult::accuracy).collect();
    let texts: u64 = told.iter().map(|person| person.texts).sum();
    Some(Figures { accuracy: right(&told) as f64 / texts as f64, people: UserAccuracy::of(&accuracies)? })
}

fn better(best: Option<(u32, Figures)>, found: Option<(u32, Figures)>) -> Option<(u32, Figures)> {
    match (best, found) {
        (Some(best), Some(found)) if found.1.accuracy > best.1.accuracy => Some(found),
        (Some(best), _) => Some(best),
        (None, found) => found,
    }
}
