//! Nothing a person wrote leaves their device: every byte that three devices exchange with the
//! aggregator, and everything that is kept, logged and shown, is searched for one person's own words.
//!
//! The federation, the tap and the search are the shipped audit's (`silhouette audit egress`); what it
//! looks at is decided there, and a place it can't see is an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::sync::OnceLock;

use silhouette_simulation::audit::egress::{EgressConfig, Fault, Log, Outcome, run};
use silhouette_wire::Mode;

/// Everything that this test program logs, at every level, by every crate.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let everything = tracing_subscriber::filter::LevelFilter::TRACE;
        tracing_subscriber::fmt().with_max_level(everything).with_writer(move || writer.clone()).init();
        log
    })
}

async fn audit(mode: Mode, fault: Option<Fault>) -> Outcome {
    run(&EgressConfig { fault, ..EgressConfig::new(mode) }, log(), &|_| {}).await.unwrap()
}

/// One after the other: they share one log, into which the last one puts words.
#[tokio::test(flavor = "multi_thread")]
async fn no_word_of_a_person_leaves_their_device() {
    for mode in [Mode::Central, Mode::Local, Mode::Distributed] {
        let outcome = audit(mode, None).await;
        assert_eq!(outcome.found, [], "mode {mode}");
        assert!(!outcome.found_what_was_planted());
        assert_eq!(outcome.uploads, 3 * 2);
        assert_eq!(outcome.searched.len(), 8);
        assert!(outcome.searched.iter().all(|place| place.pieces > 0 && place.bytes > 0), "{outcome:?}");
    }
    let control = audit(Mode::Distributed, Some(Fault::Plant)).await;
    assert!(control.found_what_was_planted(), "{:?}", control.found);
    // And nothing leaked beside what was planted.
    let places: BTreeSet<&str> = control.found.iter().map(|finding| finding.place).collect();
    let expected = ["aggregator's files", "devices' files", "frames sent", "log", "the same, stopped"];
    assert_eq!(places.into_iter().collect::<Vec<_>>(), expected);
}
