//! One device against a scripted aggregator, over real sockets on the loopback interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

#[path = "participant/world.rs"]
mod world;

use std::time::Duration;

use silhouette_client::ledger::Caps;
use silhouette_client::participant::{End, ParticipantEvent, ParticipateError};
use silhouette_client::{Draws, Randomness, Work, local_round};
use silhouette_model::{Examples, NativeEngine, Vectoriser};
use silhouette_privacy::{Mode, ReleaseParameters};
use silhouette_round::{Conditions, Policy, Refusal};
use silhouette_transport::client::ClientLimits;
use silhouette_wire::ErrorCode;
use world::{Fault, SEED, World, events};

const READY: Conditions = Conditions { consent: true, fit_to_train: true };

fn took(events: &[ParticipantEvent]) -> Vec<u64> {
    let rounds = events.iter().filter_map(|e| match e {
        ParticipantEvent::Took { round } => Some(*round),
        _ => None,
    });
    rounds.collect()
}

fn declined(events: &[ParticipantEvent]) -> &Refusal {
    let refusal = events.iter().find_map(|e| match e {
        ParticipantEvent::Declined(refusal) => Some(refusal),
        _ => None,
    });
    refusal.expect("a refusal")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rounds_are_charged_before_they_are_sent() {
    let world = World::start(&[1, 2], Mode::Local, Fault::None).await;
    let run = world.run(READY, |c| c).await;
    assert_eq!(run.end.unwrap(), End::Finished { model: world.model_hash(), cached: true });
    assert_eq!(took(&run.events), [1, 2]);
    let seen = world.seen();
    // When the announcement of a round arrived, its charge was on the disk.
    assert_eq!(seen.charged_when_begun, [1, 2]);
    assert_eq!(seen.uploads.len(), 2);
    let records = world.records();
    assert_eq!(records.iter().map(|r| r.round).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(records[0].manifest, seen.uploads[0].0.manifest_hash);
    let body = seen.uploads[0].1.len() as u64;
    assert!(run.transferred.up > 2 * body && run.transferred.up < 2 * body + 4096);
    assert!(run.transferred.down > world.model.len() as u64);
    // The model came over the network once; the second round and the end took it from the disk.
    let cached = run.events.iter().filter_map(|e| match e {
        ParticipantEvent::ModelReady { cached, .. } => Some(*cached),
        _ => None,
    });
    assert_eq!(cached.collect::<Vec<_>>(), [false, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_and_the_simulator_release_the_same_bytes() {
    let world = World::start(&[1], Mode::Local, Fault::None).await;
    let randomness = Randomness::DangerousForSimulationOnly { seed: SEED, device: 5 };
    world.run(READY, |c| c.randomness(randomness)).await.end.unwrap();
    let model = world.parsed_model();
    let vectoriser = Vectoriser::new(&model.task().encoder).unwrap();
    let examples = Examples::of(model.task(), &vectoriser, &events()).unwrap();
    let manifest = world.manifest(1);
    let parameters = ReleaseParameters::try_from(&manifest).unwrap();
    let work = Work {
        engine: &NativeEngine,
        model: &model,
        examples: &examples,
        manifest: &manifest,
        parameters: &parameters,
    };
    let simulated = local_round(&work, Draws::dangerous_for_simulation_only(SEED, 1, 5)).unwrap();
    assert_eq!(world.seen().uploads[0].1, simulated.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_receipt_is_lost_is_sent_again_unchanged_and_charged_once() {
    for fault in [Fault::BeginStalls, Fault::ReceiptLost] {
        let world = World::start(&[1], Mode::Central, fault).await;
        let run = world.run(READY, |c| c).await;
        run.end.unwrap();
        assert_eq!(took(&run.events), [1], "{fault:?}");
        let tries = run.events.iter().filter(|e| matches!(e, ParticipantEvent::Uploading { .. })).count();
        let connections = run.events.iter().filter(|e| matches!(e, ParticipantEvent::Connected)).count();
        assert_eq!((tries, connections), (2, 2), "{fault:?}");
        let seen = world.seen();
        assert!(seen.uploads.windows(2).all(|w| w[0] == w[1]), "{fault:?}");
        assert_eq!(world.records().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weaker_terms_than_the_policy_send_and_charge_nothing() {
    let world = World::start(&[1], Mode::Central, Fault::None).await;
    let strict = Policy { weakest_mode: Mode::Local, ..Policy::default() };
    let run = world.run(READY, |c| c.policy(strict)).await;
    assert!(matches!(declined(&run.events), Refusal::Policy { field: "mode", .. }));
    assert!(world.seen().uploads.is_empty() && world.records().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_asked_of_the_host() {
    let world = World::start(&[1], Mode::Central, Fault::None).await;
    let run = world.run(Conditions { consent: false, fit_to_train: true }, |c| c).await;
    assert_eq!(declined(&run.events), &Refusal::Consent);
    assert!(world.seen().uploads.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_budget_ends_participation() {
    let mut world = World::start(&[1, 2], Mode::Local, Fault::None).await;
    world.caps = Caps { task_rho: 0.13, device_rho: 1.0 };
    let run = world.run(READY, |c| c).await;
    assert_eq!(took(&run.events), [1]);
    assert!(matches!(declined(&run.events), Refusal::Budget(_)));
    assert_eq!(world.seen().uploads.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_labelled_texts_are_found_out_with_the_model() {
    let world = World::start(&[1], Mode::Local, Fault::None).await;
    let run = world.run(READY, |c| c.policy(Policy { min_examples: 5, ..Policy::default() })).await;
    // Six events, four of them labelled.
    assert!(matches!(declined(&run.events), Refusal::Device(why) if why.contains("at least 5")));
    assert!(world.records().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_not_finite_is_not_trained_on() {
    let world = World::start(&[1], Mode::Local, Fault::NanModel).await;
    let run = world.run(READY, |c| c).await;
    let Refusal::Device(reason) = declined(&run.events) else { panic!("{:?}", run.events) };
    assert!(reason.contains("finite"), "{reason}");
    assert!(world.seen().uploads.is_empty() && world.records().is_empty());
    // Nor is it kept: the last model, which is the same, is not in the cache either.
    assert!(matches!(run.end, Ok(End::Finished { cached: false, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_stays_charged() {
    let world = World::start(&[1], Mode::Local, Fault::Refuses).await;
    let run = world.run(READY, |c| c).await;
    assert!(run.events.contains(&ParticipantEvent::Rejected(ErrorCode::Late)));
    assert_eq!(world.records().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_check_in_can_be_stopped() {
    let world = World::start(&[], Mode::Local, Fault::Holds).await;
    let stop = world.stop_after(Duration::from_millis(300));
    let run = tokio::time::timeout(Duration::from_secs(5), world.run_until(READY, stop, |c| c)).await;
    assert_eq!(run.unwrap().end.unwrap(), End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_window_is_kept() {
    let world = World::start(&[1], Mode::Local, Fault::Waits).await;
    let run = world.run(READY, |c| c).await;
    let rest = run.events.iter().find_map(|e| match e {
        ParticipantEvent::Resting(time) => Some(*time),
        _ => None,
    });
    let window = Duration::from_millis(290)..=Duration::from_millis(400);
    assert!(window.contains(&rest.unwrap()), "{rest:?}");
    assert_eq!(took(&run.events), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_that_is_away_is_tried_again() {
    let mut world = World::start(&[], Mode::Local, Fault::None).await;
    let _silent = world.move_away();
    let stop = world.stop_after(Duration::from_millis(1500));
    let hasty = ClientLimits { connect_timeout: Duration::from_millis(100), ..ClientLimits::default() };
    let run = world.run_until(READY, stop, |c| c.limits(hasty)).await;
    assert_eq!(run.end.unwrap(), End::Stopped);
    let failed = |e: &&ParticipantEvent| matches!(e, ParticipantEvent::ConnectionFailed { .. });
    assert!(run.events.iter().filter(failed).count() >= 2, "{:?}", run.events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_another_authority_is_refused_for_good() {
    let mut world = World::start(&[], Mode::Local, Fault::None).await;
    world.foreign_device();
    let run = tokio::time::timeout(Duration::from_secs(10), world.run(READY, |c| c)).await.unwrap();
    assert!(matches!(run.end, Err(ParticipateError::Connect(_))));
}
