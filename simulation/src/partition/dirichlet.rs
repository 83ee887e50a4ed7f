//! Label skew: a mixture of labels for each person, and rows dealt out to follow it.

use super::draws::sums;
use super::skew::Streams;

/// A place of a person that no row of the label it wanted is left for.
const OPEN: u32 = u32::MAX;

/// Everybody gets as many rows. Each place of a person wants a label drawn from the person's mixture. Of a label that
/// is wanted more often than it has rows some places go without, and draw again from their person's mixture among
/// what is left (Hsu et al. 2019 renormalise in the same way). Who goes without: people as a whole where a label is
/// all they want, so that they get another one whole, and single places where it is one of many, so that the bend
/// which a finite supply puts on mixtures is spread thin. Dealing person by person would put all of it on the last.
pub(super) fn deal(alpha: f64, labels: &[u32], kinds: usize, people: usize, streams: Streams<'_>) -> Vec<u32> {
    let rows = labels.len();
    let mut left = vec![0_usize; kinds];
    labels.iter().for_each(|&label| left[label as usize] += 1);
    let mixtures = Mixtures::new(alpha, &left, streams);
    let start = |person: usize| person * rows / people;
    let mut wants = vec![OPEN; rows];
    for person in 0..people {
        let running = sums(mixtures.of(person).into_iter());
        let mut draws = streams("wants", person as u64);
        wants[start(person)..start(person + 1)].iter_mut().for_each(|want| *want = draws.pick(&running) as u32);
    }
    let person = |place: usize| ((place + 1) * people - 1) / rows;
    let mut order: Vec<usize> = (0..people).collect();
    streams("order", 0).shuffle(&mut order);
    open_what_is_short(&mut wants, &mut left, &person, streams);
    for person in order {
        let places = &mut wants[start(person)..start(person + 1)];
        if !places.contains(&OPEN) {
            continue;
        }
        let (mixture, mut draws) = (mixtures.of(person), streams("again", person as u64));
        for place in places.iter_mut().filter(|place| **place == OPEN) {
            let there = |k: usize| if left[k] > 0 { mixture[k] } else { 0.0 };
            let mut running = sums((0..kinds).map(there));
            if running.last().is_none_or(|&total| total <= 0.0) {
                // All of their labels have run out.
                running = sums(left.iter().map(|&count| count as f64));
            }
            let label = draws.pick(&running);
            left[label] -= 1;
            *place = label as u32;
        }
    }
    hand_out(labels, kinds, &wants, &person, streams)
}

/// The mixtures of all people, made anew when asked for: together they may be larger than the data.
struct Mixtures<'a> {
    concentrations: Vec<f64>,
    /// Labels that have rows.
    there: Vec<usize>,
    kinds: usize,
    streams: Streams<'a>,
}

impl<'a> Mixtures<'a> {
    fn new(alpha: f64, counts: &[usize], streams: Streams<'a>) -> Self {
        let there: Vec<usize> = (0..counts.len()).filter(|&k| counts[k] > 0).collect();
        let all = counts.iter().sum::<usize>() as f64;
        let of = |&k: &usize| alpha * there.len() as f64 * (counts[k] as f64 / all);
        Self { concentrations: there.iter().map(of).collect(), kinds: counts.len(), there, streams }
    }

    fn of(&self, person: usize) -> Vec<f64> {
        let shares = (self.streams)("mixture", person as u64).dirichlet(&self.concentrations);
        let mut all = vec![0.0; self.kinds];
        self.there.iter().zip(shares).for_each(|(&k, share)| all[k] = share);
        all
    }
}

/// Opens places of labels that are wanted too often; what stays in `left` is wanted by nobody yet. A place's turn is
/// its person's with a probability of the label's share of what the person wants, else its own.
fn open_what_is_short(wants: &mut [u32], left: &mut [usize], person: &dyn Fn(usize) -> usize, streams: Streams<'_>) {
    let mut size = vec![0_usize; wants.len()];
    (0..wants.len()).for_each(|place| size[person(place)] += 1);
    for (label, places) in by_label(wants, left.len()).into_iter().enumerate() {
        let short = places.len().saturating_sub(left[label]);
        left[label] -= places.len() - short;
        if short == 0 {
            continue;
        }
        let mut draws = streams("turns", label as u64);
        let mut turns: Vec<(f64, usize)> = Vec::with_capacity(places.len());
        for own in places.chunk_by(|&a, &b| person(a) == person(b)) {
            let (shared, share) = (draws.unit(), own.len() as f64 / size[person(own[0])] as f64);
            let turn = |&place| (if draws.unit() < share { shared } else { draws.unit() }, place);
            turns.extend(own.iter().map(turn));
        }
        turns.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        turns[places.len() - short..].iter().for_each(|&(_, place)| wants[place] = OPEN);
    }
}

/// The places of each label, in their order.
pub(super) fn by_label(labels: &[u32], kinds: usize) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); kinds];
    labels.iter().enumerate().for_each(|(place, &label)| places[label as usize].push(place));
    places
}

/// Gives each place a row of the label it wants; there are as many of each. Which row is left to chance.
fn hand_out(
    labels: &[u32],
    kinds: usize,
    wants: &[u32],
    person: &dyn Fn(usize) -> usize,
    streams: Streams<'_>,
) -> Vec<u32> {
    let mut person_of = vec![0; labels.len()];
    for (label, (mut rows, places)) in by_label(labels, kinds).into_iter().zip(by_label(wants, kinds)).enumerate() {
        streams("which row", label as u64).shuffle(&mut rows);
        rows.iter().zip(places).for_each(|(&row, place)| person_of[row] = person(place) as u32);
    }
    person_of
}
