//! Devices that vanish in the middle of a round, as phones do.

use std::sync::atomic::{AtomicU8, Ordering};

use rand::RngExt;
use silhouette_client::participant::{End, ParticipateError};
use silhouette_client::{Participant, ParticipantEvent};
use tokio::sync::{Notify, watch};

/// Moments of a round at which a device may vanish: training, charged, and before each exchange.
const MOMENTS: u8 = 6;

/// It stays.
const NEVER: u8 = u8::MAX;

/// Whether and when one device vanishes, drawn anew for every round.
pub(super) struct Whim {
    drop: f64,
    /// The moment of this round, or `NEVER`.
    moment: AtomicU8,
    gone: Notify,
}

impl Whim {
    /// Vanishes in this share of the rounds.
    pub(super) fn new(drop: f64) -> Self {
        Self { drop, moment: AtomicU8::new(NEVER), gone: Notify::new() }
    }

    /// What just happened may be the moment.
    pub(super) fn consider(&self, event: &ParticipantEvent) {
        let now = match event {
            ParticipantEvent::Training { .. } => {
                let vanishes = rand::rng().random::<f64>() < self.drop;
                let moment = if vanishes { rand::rng().random_range(0..MOMENTS) } else { NEVER };
                self.moment.store(moment, Ordering::Relaxed);
                0
            }
            ParticipantEvent::Charged { .. } => 1,
            ParticipantEvent::Masking { exchange, .. } => 2 + *exchange,
            ParticipantEvent::Uploading { .. } => MOMENTS - 1,
            _ => return,
        };
        // A round in the clear has no exchanges to vanish from but the upload.
        if now >= self.moment.load(Ordering::Relaxed) {
            self.moment.store(NEVER, Ordering::Relaxed);
            self.gone.notify_one();
        }
    }

    /// Takes part; whenever it vanishes, it comes back for the next round.
    pub(super) async fn run(
        &self,
        participant: &mut Participant,
        stop: watch::Receiver<bool>,
        observer: impl Fn(ParticipantEvent),
    ) -> Result<End, ParticipateError> {
        loop {
            let ended = tokio::select! {
                biased;
                () = self.gone.notified() => None,
                ended = participant.run(stop.clone(), &observer) => Some(ended),
            };
            match ended {
                Some(ended) => return ended,
                None => participant.vanish(),
            }
        }
    }
}
