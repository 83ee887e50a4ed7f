//! Older texts say less about how a person is now.

use silhouette_text::Event;

use super::HALF_LIFE_DAYS;

/// The weight of each event.
pub(super) struct Decay {
    weights: Vec<f64>,
}

impl Decay {
    /// Every event weighs the same.
    pub(super) fn none() -> Self {
        Self { weights: Vec::new() }
    }

    /// `2^(-(newest - time) / half-life)`: against the newest event, not the clock, so that a profile does not fade by
    /// being looked at later. An event without a time weighs as much as the newest.
    pub(super) fn of(events: &[Event]) -> Self {
        let newest = events.iter().filter_map(|event| event.time).max();
        let weight = |event: &Event| match (newest, event.time) {
            (Some(newest), Some(time)) => {
                let days = (newest as f64 - time as f64) / 86_400.0;
                (-days / HALF_LIFE_DAYS).exp2()
            }
            _ => 1.0,
        };
        Self { weights: events.iter().map(weight).collect() }
    }

    /// The weight of event `i`.
    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.get(i).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_halves() {
        let at = |days: f64| Event { time: Some((days * 86_400.0) as i64), ..Event::new("me", "") };
        let decay = Decay::of(&[at(0.0), at(HALF_LIFE_DAYS), Event::new("me", "")]);
        assert!((decay.weight(0) - 0.5).abs() < 1e-9);
        assert_eq!((decay.weight(1), decay.weight(2), Decay::none().weight(7)), (1.0, 1.0, 1.0));
    }
}
