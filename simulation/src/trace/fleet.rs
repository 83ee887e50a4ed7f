//! The devices of one run: a trace, a seed, and who is who.

use super::daily::{covered_until, next_covered};
use super::dice::{Dice, Purpose, pick, unit};
use super::{Availability, DAY, HOUR, SpeedClass, Trace, TraceError};
use crate::Millis;
use crate::people::People;

/// Local time is never negative: so many days lie before the start.
const DAYS_BEFORE: Millis = 2;

/// How far ahead it is looked for a device's return: longer than anybody waits.
const HORIZON: Millis = 8 * DAY;

/// What becomes of a device that starts its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It finishes.
    Reports {
        /// Its training is over: it charges its ledger, then sends.
        released: Millis,
        /// The last byte has arrived.
        reported: Millis,
    },
    /// It vanishes first.
    Vanishes {
        /// When.
        at: Millis,
        /// Whether it had charged its ledger by then.
        charged: bool,
    },
}

impl Outcome {
    /// When the device is free again.
    pub(crate) fn over(self) -> Millis {
        match self {
            Self::Reports { reported, .. } => reported,
            Self::Vanishes { at, .. } => at,
        }
    }

    /// Whether its ledger is charged, now or in a while.
    pub(crate) fn charges(self) -> bool {
        !matches!(self, Self::Vanishes { charged: false, .. })
    }
}

/// What a round asks of a device, in numbers that cost time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Bytes it fetches.
    pub(crate) down: usize,
    /// Labelled texts it works on, those of each local epoch anew.
    pub(crate) examples: usize,
    /// Bytes it sends.
    pub(crate) up: usize,
}

/// The devices of one run.
pub(crate) struct Fleet {
    trace: Trace,
    dice: Dice,
    /// Where availability is listed: each device's line; empty otherwise.
    lines: Vec<Option<u32>>,
}

impl Fleet {
    /// # Errors
    /// When intervals are listed by user and the users have no names, or none of them is listed.
    pub(crate) fn new(trace: &Trace, seed: u64, people: &People) -> Result<Self, TraceError> {
        let lines = match &trace.availability {
            Availability::Daily { .. } => Vec::new(),
            Availability::Listed(listed) => listed.lines_of(people)?,
        };
        Ok(Self { trace: trace.clone(), dice: Dice::new(seed), lines })
    }

    /// The device's speed class.
    pub(crate) fn class(&self, device: usize) -> &SpeedClass {
        let speed = &self.trace.speed;
        let named = match (&self.trace.availability, self.lines.get(device)) {
            (Availability::Listed(listed), Some(Some(line))) => listed.class(*line),
            _ => None,
        };
        let drawn = || pick(self.dice.draw(device, Purpose::Class, 0, 0), speed.iter().map(|c| c.share));
        &speed[named.unwrap_or_else(drawn)]
    }

    /// Local time, in milliseconds since [`DAYS_BEFORE`] days before the start in the device's own zone.
    pub(super) fn local(&self, device: usize, t: Millis) -> Millis {
        let zones = &self.trace.zones;
        let zone = pick(self.dice.draw(device, Purpose::Zone, 0, 0), zones.iter().map(|zone| zone.share));
        let offset = (zones[zone].utc_offset_h * HOUR as f64) as i64;
        (t + DAYS_BEFORE * DAY).saturating_add_signed(offset)
    }

    /// Until when the device is eligible, if it is at `t`; at most a day on.
    pub(crate) fn eligible_until(&self, device: usize, t: Millis) -> Option<Millis> {
        match &self.trace.availability {
            Availability::Listed(listed) => listed.until((*self.lines.get(device)?)?, t),
            Availability::Daily { arrival, battery, network } => {
                let local = self.local(device, t);
                let until = |kinds| covered_until(kinds, self.dice, device, local);
                let end = until(std::slice::from_ref(arrival.as_ref()))?.min(until(battery)?).min(until(network)?);
                Some(t + (end - local))
            }
        }
    }

    /// When a device that is not eligible at `t` is so next; at most eight days on, if it is not before.
    pub(crate) fn absent_until(&self, device: usize, t: Millis) -> Millis {
        let end = t + HORIZON;
        match &self.trace.availability {
            Availability::Listed(listed) => {
                let line = self.lines.get(device).copied().flatten();
                line.and_then(|line| listed.next(line, t)).map_or(end, |next| next.min(end))
            }
            Availability::Daily { arrival, battery, network } => {
                let (local, mut at) = (self.local(device, t), self.local(device, t));
                loop {
                    let next = |kinds| next_covered(kinds, self.dice, device, at, local + HORIZON);
                    // It is not eligible before all three are there.
                    let all = next(std::slice::from_ref(arrival.as_ref())).max(next(battery)).max(next(network));
                    if all == at || all >= local + HORIZON {
                        return t + (all - local);
                    }
                    at = all;
                }
            }
        }
    }

    /// What becomes of a device that is eligible until `until` and starts work at `t`: it fetches, trains, charges,
    /// sends; on the way it vanishes by chance, or because its charger, network or idle time ends.
    pub(crate) fn work(&self, device: usize, t: Millis, until: Millis, effort: Effort) -> Outcome {
        let class = self.class(device);
        let factor = 1.0 + class.spread * (2.0 * unit(self.dice.draw(device, Purpose::Factor, 0, 0)) - 1.0);
        let ms = |seconds: f64| (seconds * 1e3).ceil().max(1.0) as Millis;
        let megabits = |bytes: usize| bytes as f64 * 8e-6;
        let fetch = megabits(effort.down) / class.down_mbps;
        let train = (class.startup_s + effort.examples as f64 * class.seconds_per_example) * factor;
        let released = t + ms(fetch + train);
        let reported = released + ms(megabits(effort.up) / class.up_mbps);
        let chance = class.drop_out.unwrap_or(self.trace.drop_out);
        let by_chance = (unit(self.dice.draw(device, Purpose::DropOut, t, 0)) < chance).then(|| {
            let share = unit(self.dice.draw(device, Purpose::DropTime, t, 0));
            t + ((reported - t) as f64 * share) as Millis
        });
        let at = by_chance.map_or(until, |at| at.min(until));
        if at < reported {
            return Outcome::Vanishes { at, charged: at >= released };
        }
        Outcome::Reports { released, reported }
    }
}
