//! Rows of any labelled file dealt out to made-up people, skewed as a study asks for.
//!
//! The skews are those that the field compares methods on: a label mixture of one's own for each person
//! (Hsu et al. 2019), shards of sorted labels (McMahan et al. 2017), a fixed number of labels, unequal amounts.
//! Every row goes to exactly one person, every person has a row, and the same seed deals the same way on every
//! machine: the arithmetic is integers, IEEE's operations and `libm`'s functions.

mod dealt;
mod dirichlet;
mod draws;
mod labels;
mod skew;

use std::collections::{BTreeMap, BTreeSet};

use silhouette_text::Event;

pub use self::dealt::Dealt;
use self::draws::Draws;
pub use self::skew::Skew;
use crate::config::ConfigError;
use crate::dataset::DatasetError;

/// Rows per made-up person where the file has no users whose number could be kept.
const ROWS_A_PERSON: usize = 20;

/// Fewest people: two who train and one who is held out.
const FEWEST: usize = 3;

/// Most labels: as many as a task may have.
const MOST_LABELS: usize = 4096;

/// The column that holds people out, as in the files that the simulator reads.
const SPLIT: &str = "split_user";

/// How a file's rows are dealt to made-up people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partition {
    /// What makes people differ.
    pub skew: Skew,
    /// How many people, held-out ones included. When absent as many as the file has users, or one for every 20
    /// labelled rows where it has none.
    pub people: Option<usize>,
}

/// The rows of one kind of people: those who train, those who are held out, or both.
struct Pool {
    /// Separates its draws from the other pool's.
    name: &'static str,
    /// Places among the events, of rows with a label and of those without.
    labelled: Vec<usize>,
    others: Vec<usize>,
    people: usize,
}

impl Partition {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Names the setting.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.skew.check()?;
        match self.people {
            Some(people) if people < FEWEST => {
                Err(setting("people", format!("at least {FEWEST}: two who train and one held out"), people.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Gives every event a made-up user, and the value `test` or `train` in the column `split_user`.
    ///
    /// Rows that say `test` in that column go to people made of such rows alone, so that nothing that is tested
    /// is trained on. Where no row has the column, a fifth of the people are held out. `field` is the column of
    /// the labels; rows without one are dealt evenly on top of the skew of the others. A person's rows stand in
    /// the order of their time, if they have one.
    ///
    /// # Errors
    /// When there are too few rows or labels for the people and the skew, or too many labels.
    pub fn apply(&self, events: Vec<Event>, field: &str, seed: u64) -> Result<(Vec<Event>, Dealt), DatasetError> {
        self.check()?;
        let values: Vec<Option<String>> = events.iter().map(|e| e.field(field).map(|v| v.to_string())).collect();
        let names: Vec<String> = values.iter().flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        if self.skew.looks_at_labels() && names.len() > MOST_LABELS {
            return Err(DatasetError::TooManyLabels { field: field.to_owned(), found: names.len() });
        }
        let place: BTreeMap<&str, u32> = names.iter().zip(0..).map(|(name, i)| (name.as_str(), i)).collect();
        let labels: Vec<Option<u32>> = values.iter().map(|value| place.get(value.as_deref()?).copied()).collect();
        let users = events.iter().map(|event| event.user.as_str()).collect::<BTreeSet<_>>().len();
        let pools = self.pools(&events, &labels, users)?;
        let mut person_of = vec![0; events.len()];
        let mut first = 0;
        for pool in &pools {
            self.deal_pool(pool, &labels, (names.len(), first, seed), &mut person_of)?;
            first += pool.people;
        }
        let split = pools.len() == 2;
        let held_out = if split { (pools[0].people..first).collect() } else { a_fifth(first, seed) };
        let dealt = Dealt::of(self.skew, field, &names, (&labels, &person_of), &held_out, users > 1 && !split);
        Ok((renamed(events, &person_of, first, &held_out), dealt))
    }

    /// Those who train and those who are held out, where the file says so; else everybody.
    fn pools(&self, events: &[Event], labels: &[Option<u32>], users: usize) -> Result<Vec<Pool>, ConfigError> {
        let has_split = events.iter().any(|event| event.field(SPLIT).is_some());
        let held_out = |event: &Event| event.field(SPLIT).is_some_and(|split| split.to_string() == "test");
        let mut pools: Vec<Pool> = [("train", 0), ("test", 0)]
            .map(|(name, people)| Pool { name, labelled: Vec::new(), others: Vec::new(), people })
            .into();
        for (i, event) in events.iter().enumerate() {
            let pool = &mut pools[usize::from(has_split && held_out(event))];
            if labels[i].is_some() { pool.labelled.push(i) } else { pool.others.push(i) }
        }
        let rows = pools.iter().map(|pool| pool.labelled.len()).sum::<usize>();
        let default = if users > 1 { users } else { rows / ROWS_A_PERSON };
        let people = self.people.unwrap_or_else(|| default.min(rows).max(FEWEST));
        if people > rows {
            return Err(setting("people", format!("at most the {rows} rows with a label"), people.to_string()));
        }
        let [train, test] = &mut pools[..] else { return Ok(pools) };
        if test.labelled.is_empty() {
            train.others.append(&mut test.others);
            train.people = people;
            pools.truncate(1);
            return Ok(pools);
        }
        // In proportion to the rows, to the nearest whole person.
        let share = (2 * people * test.labelled.len() + rows) / (2 * rows);
        test.people = share.clamp(1, people - 2);
        train.people = people - test.people;
        for pool in &pools {
            if pool.people > pool.labelled.len() {
                let expected = format!("at most the {} rows with a label of {} people", pool.labelled.len(), pool.name);
                return Err(setting("people", expected, pool.people.to_string()));
            }
        }
        Ok(pools)
    }

    /// Deals one pool out to the people whose numbers begin with `first`.
    fn deal_pool(
        &self,
        pool: &Pool,
        labels: &[Option<u32>],
        (kinds, first, seed): (usize, usize, u64),
        person_of: &mut [usize],
    ) -> Result<(), ConfigError> {
        let of_pool: Vec<u32> = pool.labelled.iter().filter_map(|&i| labels[i]).collect();
        let dealt = self.skew.deal(&of_pool, kinds, pool.people, &|purpose, number| {
            Draws::new(seed, &format!("{} {purpose}", pool.name), number)
        })?;
        for (&row, person) in pool.labelled.iter().zip(dealt) {
            person_of[row] = first + person as usize;
        }
        let mut others = pool.others.clone();
        Draws::new(seed, pool.name, 0).shuffle(&mut others);
        others.iter().enumerate().for_each(|(i, &row)| person_of[row] = first + i % pool.people);
        Ok(())
    }
}

/// A fifth of the people, at least one.
fn a_fifth(people: usize, seed: u64) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..people).collect();
    Draws::new(seed, "held out", 0).shuffle(&mut order);
    order.truncate((people / 5).max(1));
    order.into_iter().collect()
}

/// The events person by person, each person's in the order of time.
fn renamed(events: Vec<Event>, person_of: &[usize], people: usize, held_out: &BTreeSet<usize>) -> Vec<Event> {
    let width = people.to_string().len();
    let mut all: Vec<(usize, Event)> = person_of.iter().copied().zip(events).collect();
    all.sort_by_key(|(person, event)| (*person, event.time));
    let named = all.into_iter().map(|(person, mut event)| {
        event.user = format!("p{person:0width$}");
        let split = if held_out.contains(&person) { "test" } else { "train" };
        event.extra.insert(SPLIT.to_owned(), split.into());
        event
    });
    named.collect()
}

fn setting(field: &'static str, expected: String, found: String) -> ConfigError {
    ConfigError::Setting { field, expected, found }
}

#[cfg(test)]
mod tests;
