//! What a partition came to, for the report.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Skew;

/// People of whom a report shows the labels.
const SHOWN_PEOPLE: usize = 20;

/// Labels that a report shows; the rest is added up.
const SHOWN_LABELS: usize = 12;

/// What a partition came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dealt {
    /// What makes people differ.
    pub skew: Skew,
    /// The column of the labels.
    pub field: String,
    /// People in all.
    pub people: usize,
    /// Of these, held out.
    pub held_out: usize,
    /// Fewest, median and most rows of a person.
    pub rows: [usize; 3],
    /// Mean entropy of a person's labels, in bits.
    pub entropy: f64,
    /// Entropy of all labels together, in bits: what everybody would have if nobody differed.
    pub entropy_of_all: f64,
    /// Labels, most frequent first; the last is `(others)` where there are more than a report shows.
    pub labels: Vec<String>,
    /// Some who train, with their rows of each of these labels.
    pub sample: Vec<(String, Vec<u64>)>,
    /// Whether the file's own users were put aside, so that rows of one may be both trained on and held out.
    pub mixes_users: bool,
}

impl Dealt {
    pub(super) fn of(
        skew: Skew,
        field: &str,
        names: &[String],
        (labels, person_of): (&[Option<u32>], &[usize]),
        held_out: &BTreeSet<usize>,
        mixes_users: bool,
    ) -> Self {
        let people = person_of.iter().max().map_or(0, |most| most + 1);
        let mut rows = vec![0_usize; people];
        person_of.iter().for_each(|&person| rows[person] += 1);
        // The labels of each person, side by side: sorted pairs hold no more than there are rows.
        let mut pairs: Vec<(usize, u32)> =
            person_of.iter().zip(labels).filter_map(|(&p, l)| Some((p, (*l)?))).collect();
        pairs.sort_unstable();
        let mut all = vec![0_u64; names.len()];
        pairs.iter().for_each(|&(_, label)| all[label as usize] += 1);
        let each = pairs.chunk_by(|a, b| a.0 == b.0);
        let entropies = each.map(|of_one| entropy(of_one.chunk_by(|a, b| a.1 == b.1).map(|run| run.len() as u64)));
        let (sum, count) = entropies.fold((0.0, 0), |(sum, count), bits| (sum + bits, count + 1));
        let (shown, sample) = sample(names, &all, &pairs, people, held_out);
        rows.sort_unstable();
        let at = |place: usize| rows.get(place).copied().unwrap_or(0);
        Self {
            skew,
            field: field.to_owned(),
            people,
            held_out: held_out.len(),
            rows: [at(0), at(people / 2), at(people.saturating_sub(1))],
            entropy: if count > 0 { sum / f64::from(count) } else { 0.0 },
            entropy_of_all: entropy(all.iter().copied()),
            labels: shown,
            sample,
            mixes_users,
        }
    }

    /// A sentence for those who read the results.
    pub fn note(&self) -> String {
        let [fewest, median, most] = self.rows;
        let aside = if self.mixes_users {
            "; the file's own users were put aside, so rows of one of them may be both trained on and held out"
        } else {
            ""
        };
        format!(
            "partition: rows dealt to {} made-up people ({} held out) by {} over {}: {fewest} to {most} rows each, \
             median {median}; a person's labels have {:.2} bits of entropy on average, all together {:.2}{aside}",
            self.people, self.held_out, self.skew, self.field, self.entropy, self.entropy_of_all
        )
    }
}

/// The labels to show, and some people, evenly over all who train, with their rows of each.
fn sample(
    names: &[String],
    all: &[u64],
    pairs: &[(usize, u32)],
    people: usize,
    held_out: &BTreeSet<usize>,
) -> (Vec<String>, Vec<(String, Vec<u64>)>) {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&label| std::cmp::Reverse(all[label]));
    let own = if order.len() > SHOWN_LABELS { SHOWN_LABELS - 1 } else { order.len() };
    let mut column = vec![own; names.len()];
    order[..own].iter().enumerate().for_each(|(place, &label)| column[label] = place);
    let mut labels: Vec<String> = order[..own].iter().map(|&label| names[label].clone()).collect();
    if own < order.len() {
        labels.push("(others)".to_owned());
    }
    let training: Vec<usize> = (0..people).filter(|person| !held_out.contains(person)).collect();
    let shown = training.len().min(SHOWN_PEOPLE);
    let width = people.to_string().len();
    let rows = (0..shown).map(|i| {
        let person = training[i * training.len() / shown];
        let mut counts = vec![0; labels.len()];
        let from = pairs.partition_point(|&(other, _)| other < person);
        let own = pairs[from..].iter().take_while(|&&(other, _)| other == person);
        own.for_each(|&(_, label)| counts[column[label as usize]] += 1);
        (format!("p{person:0width$}"), counts)
    });
    let rows = rows.collect();
    (labels, rows)
}

/// Entropy of counts, in bits.
fn entropy(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let total = counts.clone().sum::<u64>() as f64;
    counts.filter(|&count| count > 0).map(|count| count as f64 / total).map(|p| -p * libm::log2(p)).sum()
}
