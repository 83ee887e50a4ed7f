//! Which run a checkpoint is of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use silhouette_model::{Example, Model, ModelError};
use silhouette_wire::ContentHash;

use crate::config::SimulationConfig;
use crate::dataset::Dataset;
use crate::people::{People, User};

/// Above this many characters a setting is told apart by its hash.
const LONGEST: usize = 300;

/// People of whom a population that is made on demand is told apart by.
const ASKED: usize = 8;

/// Everything that has to be the same for a run to go on to the same end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Names and values of what is told apart, settings by the names of their fields.
    of: BTreeMap<String, String>,
}

impl Identity {
    pub(crate) fn of(
        data: &Dataset,
        config: &SimulationConfig,
        engine: &str,
        start: &Model,
    ) -> Result<Self, ModelError> {
        let mut of = settings(config);
        let mut say = |name: &str, value: String| of.insert(name.to_owned(), value);
        say("version", env!("CARGO_PKG_VERSION").to_owned());
        say("engine", engine.to_owned());
        say("recipe", short(&format!("{:?}", data.recipe)));
        say("task", short(&format!("{:?}", data.task)));
        say("model at the start", start.content_hash()?.to_string());
        say("people who train", data.train.len().to_string());
        say("texts to train on", hash_of_people(&data.train));
        say("texts of held-out people", hash_of_people(&data.test));
        say("later texts", hash_of(data.later.iter()));
        Ok(Self { of })
    }

    /// The first thing that is different: what, here and there.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let value =
            |of: &BTreeMap<String, String>, name: &str| of.get(name).cloned().unwrap_or_else(|| "nothing".into());
        // What was asked for comes before what follows from it.
        let mut names: Vec<&String> = self.of.keys().chain(other.of.keys()).collect();
        names.sort_by_key(|name| (!name.starts_with(SETTING), name.as_str()));
        let different = names.into_iter().find(|name| self.of.get(*name) != other.of.get(*name))?;
        Some((different.clone(), value(&self.of, different), value(&other.of, different)))
    }
}

const SETTING: &str = "setting ";

/// The settings by the names of their fields, without `threads`, on which no result depends. Taken from how they are
/// shown, so that no field can be forgotten.
fn settings(config: &SimulationConfig) -> BTreeMap<String, String> {
    let shown = format!("{:#?}", SimulationConfig { threads: 0, ..config.clone() });
    let mut of: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in shown.lines() {
        match line.strip_prefix("    ").filter(|rest| !rest.starts_with([' ', '}', ')', ']'])) {
            Some(field) => {
                let (name, value) = field.split_once(": ").unwrap_or((field, ""));
                last = format!("{SETTING}{name}");
                of.insert(last.clone(), value.trim_end_matches(',').to_owned());
            }
            None => {
                if let Some(value) = of.get_mut(&last).filter(|_| line.starts_with("    ")) {
                    value.push_str(line.trim());
                }
            }
        }
    }
    of.remove(&format!("{SETTING}threads"));
    let tidy = |value: &str| value.trim_end_matches(',').replace(",)", ")").replace(",}", "}").replace(",]", "]");
    of.values_mut().for_each(|value| *value = short(&tidy(value)));
    of
}

fn short(value: &str) -> String {
    if value.len() <= LONGEST { value.to_owned() } else { ContentHash::of(value.as_bytes()).to_string() }
}

fn hash_of_people(people: &People) -> String {
    let maker = match people {
        People::Kept(users) => return hash_of(users.iter()),
        People::Made(maker) => maker,
    };
    // People who are made are the same if they say so and some of them are: all come from one place. Somebody who
    // can't be made stops the run when their turn comes.
    let last = people.len().saturating_sub(1);
    let numbers = (0..ASKED.min(people.len())).map(|i| i * last / ASKED);
    let asked: Vec<_> = numbers.filter_map(|number| people.person(number).ok()).collect();
    let some = hash_of(asked.iter().map(|person| &**person));
    ContentHash::of(&[&maker.fingerprint()[..], some.as_bytes()].concat()).to_string()
}

fn hash_of<'u>(people: impl Iterator<Item = &'u User>) -> String {
    let mut hash = Sha256::new();
    for user in people {
        add(&mut hash, user.id.as_bytes());
        add(&mut hash, &user.examples.len().to_le_bytes());
        user.examples.items().iter().for_each(|example| add_example(&mut hash, example));
        for unseen in &user.unseen {
            add(&mut hash, unseen.label.as_bytes());
        }
    }
    ContentHash(hash.finalize().into()).to_string()
}

fn add_example(hash: &mut Sha256, example: &Example) {
    let (indices, values) = (example.vector.indices(), example.vector.values());
    hash.update(indices.len().to_le_bytes());
    indices.iter().for_each(|index| hash.update(index.to_le_bytes()));
    values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    add(hash, format!("{:?}", example.targets).as_bytes());
}

fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_le_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PrivacyChoice;

    #[test]
    fn every_setting_but_threads_tells_runs_apart() {
        let config = SimulationConfig::default();
        let of = settings(&config);
        let (mode, seed) = (&of["setting privacy"], &of["setting seed"]);
        assert!(mode.contains("Central") && mode.contains("epsilon: 8.0") && seed == "7", "{of:?}");
        assert!(!of.contains_key("setting threads") && of.len() > 30, "{of:?}");
        assert_eq!(of, settings(&SimulationConfig { threads: 3, ..config.clone() }));
        for other in [
            SimulationConfig { seed: 8, ..config.clone() },
            SimulationConfig { privacy: PrivacyChoice::None, ..config.clone() },
            SimulationConfig { schedule: Some(vec![vec![0, 1]]), ..config.clone() },
            SimulationConfig { clip: Some(0.1), ..config },
        ] {
            assert_ne!(of, settings(&other));
        }
    }
}
