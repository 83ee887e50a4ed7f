//! The coordinator's clock: milliseconds since the conductor started, which never run backwards.

use std::time::Duration;

use silhouette_round::Millis;
use tokio::time::{Instant, sleep_until};

/// A tick that had nothing to do is not repeated sooner than this. The coordinator may name a time
/// that has passed (patience is over, and too few devices are there): that must not become a loop.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Ticker {
    start: Instant,
    not_before: Instant,
}

impl Ticker {
    pub(super) fn new() -> Self {
        let start = Instant::now();
        Self { start, not_before: start }
    }

    pub(super) fn now(&self) -> Millis {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Sleeps exactly until `tick`; for ever if nothing is due.
    pub(super) fn due(&self, tick: Option<Millis>) -> impl Future<Output = ()> + use<> {
        let when = tick
            .and_then(|tick| self.start.checked_add(Duration::from_millis(tick)))
            .map(|when| when.max(self.not_before));
        async move {
            match when {
                Some(when) => sleep_until(when).await,
                None => std::future::pending().await,
            }
        }
    }

    pub(super) fn ticked(&mut self, useful: bool) {
        self.not_before = if useful { self.start } else { Instant::now() + PAUSE };
    }
}
