//! Categories, items, ratings and money.

use std::collections::{BTreeMap, BTreeSet};

use silhouette_text::{Event, EventKind};

use super::super::document::{CategoryShare, NextCategory, RatingBias, Value};

/// Categories listed.
const LISTED: usize = 32;

/// Fewer steps from one category to the next say nothing about the one to come.
const FEWEST_STEPS: usize = 8;

/// How many steps the mix counts for in each row of the chain.
const SMOOTHING: f64 = 2.0;

/// What the events are about by their own category.
pub(super) fn categories(events: &[Event]) -> Vec<CategoryShare> {
    let mut found: BTreeMap<&str, (usize, Vec<f64>)> = BTreeMap::new();
    for event in events {
        let Some(category) = event.category.as_deref() else { continue };
        let (count, ratings) = found.entry(category).or_default();
        *count += 1;
        ratings.extend(event.rating.map(f64::from));
    }
    let total: usize = found.values().map(|(count, _)| count).sum();
    let share = |(category, (events, ratings)): (&str, (usize, Vec<f64>))| CategoryShare {
        category: category.to_owned(),
        events,
        share: events as f64 / total as f64,
        mean_rating: (!ratings.is_empty()).then(|| ratings.iter().sum::<f64>() / ratings.len() as f64),
    };
    let mut shares: Vec<_> = found.into_iter().map(share).collect();
    shares.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.category.cmp(&b.category)));
    shares.truncate(LISTED);
    shares
}

/// Share of events about an item that an earlier one was about too. `events` in the order of time.
pub(super) fn repeat_rate(events: &[&Event]) -> Option<f64> {
    let items: Vec<&str> = events.iter().filter_map(|event| event.item.as_deref()).collect();
    let mut seen = BTreeSet::new();
    let again = items.iter().filter(|item| !seen.insert(**item)).count();
    (!items.is_empty()).then(|| again as f64 / items.len() as f64)
}

pub(super) fn rating_bias(events: &[Event]) -> Option<RatingBias> {
    let ratings: Vec<f64> = events.iter().filter_map(|event| event.rating).map(f64::from).collect();
    let n = ratings.len() as f64;
    let (least, most) = ratings.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &r| (a.min(r), b.max(r)));
    let mean = ratings.iter().sum::<f64>() / n;
    let share = |of: f64| ratings.iter().filter(|&&r| r == of).count() as f64 / n;
    (!ratings.is_empty()).then(|| RatingBias {
        ratings: ratings.len(),
        deviation: (ratings.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / n).sqrt(),
        highest: share(most),
        lowest: share(least),
    })
}

/// A finite number in one of these columns.
fn number(event: &Event, columns: &[&str]) -> Option<f64> {
    columns.iter().find_map(|column| event.field(column)?.as_f64()).filter(|v| v.is_finite())
}

pub(super) fn value(events: &[Event]) -> Option<Value> {
    let bought = events.iter().filter(|event| event.kind == EventKind::Purchase);
    let spent: Vec<f64> = bought
        .filter_map(|event| {
            let price = number(event, &["price", "amount"]).filter(|&p| p >= 0.0)?;
            Some(price * number(event, &["quantity"]).filter(|&q| q >= 0.0).unwrap_or(1.0))
        })
        .collect();
    let total: f64 = spent.iter().sum();
    (!spent.is_empty()).then(|| Value { purchases: spent.len(), total, mean: total / spent.len() as f64 })
}

/// The chain over categories so far.
#[derive(Default)]
struct Chain<'e> {
    mix: BTreeMap<&'e str, f64>,
    steps: BTreeMap<&'e str, BTreeMap<&'e str, f64>>,
    last: Option<&'e str>,
}

impl<'e> Chain<'e> {
    fn see(&mut self, category: &'e str) {
        *self.mix.entry(category).or_default() += 1.0;
        if let Some(last) = self.last.replace(category) {
            *self.steps.entry(last).or_default().entry(category).or_default() += 1.0;
        }
    }

    /// The likeliest next category, and how likely: `(n(a, b) + s m(b)) / (n(a) + s)` with `m` the mix.
    fn next(&self) -> Option<(&'e str, f64)> {
        let total: f64 = self.mix.values().sum();
        let row = self.last.and_then(|last| self.steps.get(last));
        let seen: f64 = row.map_or(0.0, |row| row.values().sum());
        let probability = |(&category, count): (&&'e str, &f64)| {
            let steps = row.and_then(|row| row.get(category)).copied().unwrap_or(0.0);
            (category, (steps + SMOOTHING * count / total) / (seen + SMOOTHING))
        };
        // Of equals the first by name.
        self.mix.iter().map(probability).rev().max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn most_frequent(&self) -> Option<&'e str> {
        self.mix.iter().rev().max_by(|a, b| a.1.total_cmp(b.1)).map(|(&category, _)| category)
    }
}

/// What comes next, and how well that could have been told in the past. `events` in the order of time.
pub(super) fn next_category(events: &[&Event]) -> Option<NextCategory> {
    let mut chain = Chain::default();
    let (mut asked, mut hits, mut plain) = (0_usize, 0_usize, 0_usize);
    for category in events.iter().filter_map(|event| event.category.as_deref()) {
        if let (Some((told, _)), Some(frequent)) = (chain.next(), chain.most_frequent()) {
            asked += 1;
            hits += usize::from(told == category);
            plain += usize::from(frequent == category);
        }
        chain.see(category);
    }
    let (category, probability) = chain.next().filter(|_| asked >= FEWEST_STEPS)?;
    let rate = |n: usize| n as f64 / asked as f64;
    Some(NextCategory { category: category.to_owned(), probability, hit_rate: rate(hits), baseline: rate(plain) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(categories: &[&str]) -> Vec<Event> {
        let event = |c: &&str| Event { category: Some((*c).to_owned()), ..Event::new("me", "") };
        categories.iter().map(event).collect()
    }

    fn next(events: &[Event]) -> Option<NextCategory> {
        next_category(&events.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_habit_is_told_from_the_mix() {
        let events = of(&["tea", "cake"].repeat(10));
        let n = next(&events).unwrap();
        assert_eq!(n.category, "tea");
        assert!(n.probability > 0.9 && n.hit_rate > 0.8 && n.hit_rate > n.baseline, "{n:?}");
        assert_eq!(next(&events[..8]), None);
    }

    #[test]
    fn money_is_what_purchases_cost() {
        let buy = |price: f64, quantity: Option<f64>| {
            let mut event = Event { kind: EventKind::Purchase, ..Event::new("me", "") };
            event.extra.insert("price".into(), price.into());
            quantity.into_iter().for_each(|q| drop(event.extra.insert("quantity".into(), q.into())));
            event
        };
        let v = value(&[buy(10.0, Some(3.0)), buy(5.0, None), buy(-4.0, None), Event::new("me", "")]).unwrap();
        assert_eq!((v.purchases, v.total, v.mean), (2, 35.0, 17.5));
        assert_eq!(value(&[Event::new("me", "")]), None);
    }

    #[test]
    fn ratings_and_repeats() {
        let mut events: Vec<_> = ["a", "b", "a"].map(|i| Event { item: Some(i.into()), ..Event::new("me", "") }).into();
        events.iter_mut().zip([5.0, 5.0, 1.0]).for_each(|(e, r)| e.rating = Some(r));
        let bias = rating_bias(&events).unwrap();
        assert!((bias.highest - 2.0 / 3.0).abs() < 1e-9 && bias.lowest < 0.34 && bias.deviation > 1.8);
        assert_eq!(repeat_rate(&events.iter().collect::<Vec<_>>()), Some(1.0 / 3.0));
        assert_eq!((rating_bias(&[]), repeat_rate(&[])), (None, None));
    }

    proptest! {
        #[test]
        fn shares_and_probabilities_are_such(c in prop::collection::vec("[abc]", 0..40)) {
            let events = of(&c.iter().map(String::as_str).collect::<Vec<_>>());
            let shares: f64 = categories(&events).iter().map(|c| c.share).sum();
            prop_assert!(c.is_empty() || (shares - 1.0).abs() < 1e-9);
            if let Some(n) = next(&events) {
                prop_assert!(n.probability > 0.0 && n.probability <= 1.0 && n.hit_rate <= 1.0);
            }
        }
    }
}
