//! Training, evaluation and label counts in one task, with real devices over QUIC.

use std::path::Path;

use silhouette_aggregator::{Event, Storage, TaskConfig};
use silhouette_client::participant::ParticipantEvent;
use silhouette_client::{DeviceFolder, Randomness};
use silhouette_model::{Examples, Model, NativeEngine, Task, Vectoriser, argmax};
use silhouette_query::Figures;
use silhouette_tests::device::Device;
use silhouette_tests::people::{people, terms};
use silhouette_text::Event as Text;
use silhouette_wire::{ContentHash, Mode, QueryKind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::site::Site;

const DEVICES: usize = 5;

/// Labels first, then an evaluation after each of two rounds of training; the noise is next to nothing.
fn all_kinds(mode: Mode) -> TaskConfig {
    let (cohort, min_reports) = (DEVICES as u32, DEVICES as u32 - 1);
    // A masked sum has a least noise: its grid may have no more steps than the modulus.
    let noise = if mode == Mode::Distributed { 0.3 } else { 0.02 };
    TaskConfig {
        mode,
        cohort,
        min_reports,
        noise_multiplier: Some(noise),
        evaluate_every: 1,
        label_counts: true,
        evaluation_share: 0.4,
        label_counts_share: 0.2,
        held_out: 50,
        ..terms()
    }
}

fn take_part(devices: &[Device], site: &Site) -> Vec<JoinHandle<()>> {
    let run = |device: &Device| {
        let mut participant = device.participant(site.address(), Randomness::System);
        tokio::spawn(async move {
            let _ = participant.run(watch::channel(false).1, |_| {}).await;
        })
    };
    devices.iter().map(run).collect()
}

/// A round that ended well: what it asked for, what it told, and the model that is published then.
async fn next(site: &mut Site) -> (u64, QueryKind, Option<Figures>, ContentHash) {
    let event = site.next_end().await;
    let Event::RoundClosed { round, query, figures, reports: DEVICES, model, .. } = event else { panic!("{event:?}") };
    (round, query, figures, model)
}

/// Each label's share and the accuracy of a model on held-out texts, each person weighing the same.
fn exact(model: &Model, people: &[Vec<Text>]) -> (Vec<f64>, f64) {
    let task: &Task = model.task();
    let vectoriser = Vectoriser::new(&task.encoder).unwrap();
    let labels = task.heads[0].labels().len();
    let (mut shares, mut accuracy) = (vec![0.0; labels], 0.0);
    for events in people {
        let examples = Examples::of(task, &vectoriser, events).unwrap();
        let truth = |e: &silhouette_model::Example| match e.targets[0] {
            Some(silhouette_model::Target::Class(label)) => label as usize,
            _ => panic!("every text has a label"),
        };
        let each = 1.0 / examples.len() as f64 / people.len() as f64;
        examples.items().iter().for_each(|e| shares[truth(e)] += each);
        let (_, held) = examples.parted(50);
        assert!(held.len() > 3, "a person has texts to evaluate");
        let texts: Vec<_> = held.items().iter().map(|e| &e.vector).collect();
        let outputs = silhouette_model::Engine::predict(&NativeEngine, model, &texts).unwrap();
        let right = outputs.iter().zip(held.items()).filter(|(p, e)| argmax(p) == truth(e)).count();
        accuracy += right as f64 / held.len() as f64 / people.len() as f64;
    }
    (shares, accuracy)
}

async fn tell_the_truth(mode: Mode) {
    let place = tempfile::tempdir().unwrap();
    let mut site = Site::start(place.path().join("aggregator"), all_kinds(mode)).await;
    let people = people(DEVICES);
    let devices = site.enrol(place.path(), &people).await;
    let running = take_part(&devices, &site);
    let mut kinds = Vec::new();
    let mut before = None;
    for expected in 1..=5 {
        let (round, query, figures, model) = next(&mut site).await;
        assert_eq!(round, expected);
        kinds.push(query);
        let (shares, accuracy) = exact(&site.model(model), &people);
        match figures {
            None => assert_ne!(before, Some(model), "{mode}: training moves the model"),
            Some(Figures::LabelCounts(counts)) => {
                for (share, exact) in counts.shares.unwrap().iter().zip(shares) {
                    assert!(
                        (share.value - exact).abs() < 5.0 * share.standard_error + 1e-6,
                        "{mode}: {share:?} {exact}"
                    );
                    assert!(share.standard_error < 0.4, "{mode}: {share:?}");
                }
            }
            Some(Figures::Evaluation(told)) => {
                assert_eq!(before, Some(model), "{mode}: an evaluation leaves the model as it is");
                let told = told.accuracy.unwrap();
                assert!((told.value - accuracy).abs() < 5.0 * told.standard_error, "{mode}: {told:?} {accuracy}");
                assert!(told.standard_error < 0.4, "{mode}: {told:?}");
            }
            Some(other) => panic!("{other:?}"),
        }
        before = Some(model);
    }
    let (train, evaluate) = (QueryKind::Train, QueryKind::Evaluate);
    assert_eq!(kinds, [QueryKind::LabelCounts, train, evaluate, train, evaluate]);
    for task in running {
        task.await.unwrap();
    }
    site.stop().await;
    // Every device's own ledger says what each charge was for.
    for device in &devices {
        let records = DeviceFolder::audit_ledger(device.folder()).unwrap().records;
        assert_eq!(records.iter().map(silhouette_client::ledger::Record::query).collect::<Vec<_>>(), kinds);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_query_tell_the_truth_in_mode_central() {
    tell_the_truth(Mode::Central).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_query_tell_the_truth_in_mode_local() {
    tell_the_truth(Mode::Local).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_query_tell_the_truth_in_mode_distributed() {
    tell_the_truth(Mode::Distributed).await;
}

fn stored(folder: &Path) -> Vec<u64> {
    Storage::open(folder).unwrap().figures().unwrap().into_iter().map(|(round, _)| round).collect()
}

/// The devices take part in one round and leave.
fn take_one_round(devices: &[Device], site: &Site) -> Vec<JoinHandle<()>> {
    let run = |device: &Device| {
        let mut participant = device.participant(site.address(), Randomness::System);
        let (stop, stopped) = watch::channel(false);
        let watched = move |event| {
            if matches!(event, ParticipantEvent::Took { .. }) {
                let _ = stop.send(true);
            }
        };
        tokio::spawn(async move {
            let _ = participant.run(stopped, watched).await;
        })
    };
    devices.iter().map(run).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_two_kinds_goes_on_with_the_next_one() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("aggregator");
    let people = people(DEVICES);
    let (mut devices, mut last) = (Vec::new(), None);
    let schedule = silhouette_aggregator::Plan::new(all_kinds(Mode::Central)).unwrap().schedule();
    // After each round the aggregator stops and starts again.
    for expected in 1..=5 {
        let mut site = Site::start(folder.clone(), all_kinds(Mode::Central)).await;
        if devices.is_empty() {
            devices = site.enrol(place.path(), &people).await;
        }
        let running = take_one_round(&devices, &site);
        let (round, query, figures, model) = next(&mut site).await;
        assert_eq!((round, query), (expected, schedule.kind(expected)));
        assert_eq!(figures.is_none(), query == QueryKind::Train);
        assert_eq!(stored(&folder).contains(&round), query != QueryKind::Train);
        if query != QueryKind::Train {
            assert!(last.is_none_or(|last| last == model), "round {round} left the model as it was");
        }
        last = Some(model);
        for task in running {
            task.await.unwrap();
        }
        site.stop().await;
    }
    assert_eq!(stored(&folder), [1, 3, 5]);
    for device in &devices {
        let records = DeviceFolder::audit_ledger(device.folder()).unwrap().records;
        assert!(records.iter().all(|r| r.query() == schedule.kind(r.round)) && records.len() == 5, "{records:?}");
    }
}
