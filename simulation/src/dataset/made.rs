//! A made-up population, of which only those whose turn it is are in memory.

use silhouette_model::{Task, Vectoriser};

use super::encode::Encoding;
use super::{Dataset, DatasetError};
use crate::config::{ConfigError, SimulationConfig};
use crate::people::{MakePeople, People, PersonError, User};
use crate::recipe::Recipe;
use crate::synth::{Interest, SynthConfig, SynthUser};

/// People held out of a made-up population: those with the next numbers.
const HELD_OUT: usize = 1_000;

/// Makes person `number` by writing, cleaning and encoding their texts anew.
struct Synthetic {
    config: SynthConfig,
    task: Task,
    vectoriser: Vectoriser,
}

impl Synthetic {
    fn encoded(&self, number: usize, training: bool) -> Result<User, DatasetError> {
        let SynthUser { id, events, .. } = SynthUser::generate(number, &self.config);
        let encoding = Encoding { vectoriser: self.vectoriser.clone(), task: &self.task, compare: false };
        let encoded = encoding.encode_part(&[(id.clone(), events)], training)?;
        Ok(encoded.users.into_iter().next().unwrap_or_else(|| User { id, ..User::default() }))
    }
}

impl MakePeople for Synthetic {
    fn len(&self) -> usize {
        self.config.users
    }

    fn make(&self, number: usize) -> Result<User, PersonError> {
        self.encoded(number, true).map_err(|error| PersonError::new(number, error))
    }
}

impl Dataset {
    /// A population written by [`synth`](crate::synth) whose label is the `interest` of a text: `made.users` people
    /// train, made when their turn comes, and 1,000 others are held out. Memory does not grow with the number of
    /// people but for 24 bytes each.
    ///
    /// # Errors
    /// When the settings of the population or the run are out of range.
    pub fn of_population(made: SynthConfig, config: &SimulationConfig) -> Result<Self, DatasetError> {
        config.validate()?;
        if config.compare {
            return Err(ConfigError::Setting {
                field: "compare",
                expected: "a file of people (--data), who have a past".into(),
                found: "people made when their turn comes".into(),
            }
            .into());
        }
        made.check().map_err(|e| ConfigError::Setting {
            field: "population",
            expected: "a population that can be made".into(),
            found: e.to_string(),
        })?;
        let rho = config.rho_of_training(made.users)?;
        let recipe = Recipe::of(config, None, made.users, rho);
        let labels = Interest::ALL.iter().take(made.interests).map(|i| i.key().to_owned()).collect();
        let task = Task::of_labels("interest", labels, recipe.encoder.clone())?;
        let vectoriser = Vectoriser::of(&task.encoder, config.encoder_weights.as_ref())?;
        let people = Synthetic { vectoriser, task: task.clone(), config: made };
        let others = people.config.users..people.config.users + HELD_OUT;
        let test = others.map(|number| people.encoded(number, false)).collect::<Result<Vec<_>, _>>()?;
        Self::of_examples(task, recipe, People::Made(Box::new(people)), test)
    }
}
