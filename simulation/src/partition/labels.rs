//! Everybody has a fixed number of labels.

use super::dirichlet::by_label;
use super::setting;
use super::skew::Streams;
use crate::config::ConfigError;

/// Swaps tried for each label that a person has, after which the first assignment is forgotten.
const SWAPS: usize = 10;

/// Labels get holders in proportion to their rows, so that people have about as many rows; which labels go together
/// is left to chance; then each label's rows are dealt evenly to its holders.
pub(super) fn deal(
    count: usize,
    labels: &[u32],
    kinds: usize,
    people: usize,
    streams: Streams<'_>,
) -> Result<Vec<u32>, ConfigError> {
    let mut rows = by_label(labels, kinds);
    let holders = holders(count, &rows, people)?;
    let mut held = assign(count, &holders, people, streams);
    mix(&mut held, streams);
    let mut person_of = vec![0; labels.len()];
    for (label, rows) in rows.iter_mut().enumerate() {
        let mut draws = streams("rows of a label", label as u64);
        draws.shuffle(rows);
        let mut holders: Vec<u32> = (0..people as u32).filter(|&p| held[p as usize].contains(&label)).collect();
        draws.shuffle(&mut holders);
        rows.iter().enumerate().for_each(|(i, &row)| person_of[row] = holders[i % holders.len()]);
    }
    Ok(person_of)
}

/// How many people have each label: `people * count` in all, in proportion to its rows, at least one, and no more
/// than there are people or rows of it.
fn holders(count: usize, rows: &[Vec<usize>], people: usize) -> Result<Vec<usize>, ConfigError> {
    let wrong = |expected: String| Err(setting("partition", expected, format!("labels:{count}")));
    let kinds = rows.iter().filter(|rows| !rows.is_empty()).count();
    if count > kinds {
        return wrong(format!("at most labels:{kinds}, as many as there are"));
    }
    let places = people * count;
    if places < kinds {
        return wrong(format!(
            "at least labels:{}, or the {people} people don't cover {kinds} labels",
            kinds.div_ceil(people)
        ));
    }
    let most = |label: usize| rows[label].len().min(people);
    if (0..rows.len()).map(most).sum::<usize>() < places {
        return wrong(format!("fewer: some labels have too few rows for {people} people with {count} labels each"));
    }
    let mut holders: Vec<usize> = rows.iter().map(|rows| usize::from(!rows.is_empty())).collect();
    // One at a time to the label with most rows to a holder (D'Hondt's method of giving out seats).
    let mut heap: std::collections::BinaryHeap<Seat> = (0..rows.len())
        .filter(|&k| holders[k] < most(k))
        .map(|k| Seat { rows: rows[k].len(), taken: 1, label: k })
        .collect();
    for _ in kinds..places {
        let Some(seat) = heap.pop() else { break };
        holders[seat.label] += 1;
        if holders[seat.label] < most(seat.label) {
            heap.push(Seat { taken: seat.taken + 1, ..seat });
        }
    }
    Ok(holders)
}

/// The next holder of a label; the greater, the more rows it would have.
#[derive(PartialEq, Eq)]
struct Seat {
    rows: usize,
    taken: usize,
    label: usize,
}

impl Ord for Seat {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // rows / (taken + 1), compared without division.
        let (own, others) =
            (self.rows as u128 * (other.taken as u128 + 1), other.rows as u128 * (self.taken as u128 + 1));
        own.cmp(&others).then(other.label.cmp(&self.label))
    }
}

impl PartialOrd for Seat {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The labels of each person, `count` different ones: the most held label first, each to those with most room
/// (Gale 1957; Ryser 1957: that never gets stuck).
fn assign(count: usize, holders: &[usize], people: usize, streams: Streams<'_>) -> Vec<Vec<usize>> {
    let mut held: Vec<Vec<usize>> = vec![Vec::with_capacity(count); people];
    let mut labels: Vec<usize> = (0..holders.len()).collect();
    labels.sort_by_key(|&label| std::cmp::Reverse(holders[label]));
    let mut order: Vec<usize> = (0..people).collect();
    let mut draws = streams("holders", 0);
    for label in labels {
        draws.shuffle(&mut order);
        order.sort_by_key(|&person| held[person].len());
        order[..holders[label]].iter().for_each(|&person| held[person].push(label));
    }
    held
}

/// Swaps labels between random pairs of people wherever both stay with different ones: everybody keeps their number
/// of labels and every label its holders, and which go together becomes random.
fn mix(held: &mut [Vec<usize>], streams: Streams<'_>) {
    let mut draws = streams("swaps", 0);
    let places: usize = held.iter().map(Vec::len).sum();
    for _ in 0..places * SWAPS {
        let (a, b) = (draws.below(held.len()), draws.below(held.len()));
        let (i, j) = (draws.below(held[a].len()), draws.below(held[b].len()));
        let (of_a, of_b) = (held[a][i], held[b][j]);
        if !held[a].contains(&of_b) && !held[b].contains(&of_a) {
            (held[a][i], held[b][j]) = (of_b, of_a);
        }
    }
}
