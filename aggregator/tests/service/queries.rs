use silhouette_aggregator::{Aggregator, Event, TaskConfig};
use silhouette_privacy::noise::OpenDpNoise;
use silhouette_privacy::{Charge, Private, Release, Rounding, release};
use silhouette_query::Figures;
use silhouette_wire::{ErrorCode, QueryKind};

use crate::admin::get;
use crate::fleet::{Device, Part, Site, assert_receipt, assert_refused, config, released};
use crate::rounds::next_end;

/// Labels, one round of training, an evaluation of it; next to no noise.
fn all_kinds() -> TaskConfig {
    TaskConfig { rounds: 1, evaluate_every: 1, label_counts: true, noise_multiplier: Some(1e-3), ..config() }
}

fn release_of(vector: &[f32], part: &Part) -> Release {
    let parameters = part.parameters();
    let noise = parameters.draw_noise(&mut OpenDpNoise::new()).unwrap();
    release(Private::new(vector.to_vec()), &parameters, noise, &mut Rounding::from_system().unwrap()).unwrap()
}

async fn everybody(devices: &[Device; 3], vectors: [&[f32]; 3]) -> Part {
    let [a, b, c] = devices;
    let (pa, pb, pc) = tokio::join!(a.part(), b.part(), c.part());
    for ((device, part), vector) in devices.iter().zip([&pa, &pb, &pc]).zip(vectors) {
        assert_receipt(&device.upload(part, &release_of(vector, part)).await, false);
    }
    pa
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_has_its_own_terms_and_its_figures_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), all_kinds(), 3).await;
    let plan = Aggregator::open(tempfile::tempdir().unwrap().path(), all_kinds()).unwrap().plan().clone();
    let devices = [site.device().await, site.device().await, site.device().await];

    // Two people of one label, one of the other.
    let part = everybody(&devices, [&[1.0, 0.0], &[1.0, 0.0], &[0.0, 1.0]]).await;
    assert_eq!((part.manifest.query, part.manifest.dimension), (QueryKind::LabelCounts, 2));
    let Event::RoundClosed { round: 1, query: QueryKind::LabelCounts, figures, model: start, .. } =
        next_end(&mut site).await
    else {
        panic!()
    };
    let Some(Figures::LabelCounts(counts)) = figures.clone() else { panic!("{figures:?}") };
    let shares = counts.shares.unwrap();
    assert!((shares[0].value - 2.0 / 3.0).abs() < 0.01 && shares[0].standard_error < 0.01, "{shares:?}");

    // A device can't answer another question than the one that was asked.
    let (pa, _, _) = tokio::join!(devices[0].part(), devices[1].take_part(), devices[2].take_part());
    assert_eq!((pa.manifest.query, pa.manifest.held_out), (QueryKind::Train, 20));
    let counting = silhouette_privacy::ReleaseParameters::new(pa.manifest.mode, 2, 1.0, 1.0, 3, 2).unwrap();
    assert_refused(&devices[0].upload(&pa, &released(0.1, &counting)).await, ErrorCode::WrongDimension);
    devices[0].upload(&pa, &released(0.01, &pa.parameters())).await;
    let Event::RoundClosed { figures: None, model: trained, .. } = next_end(&mut site).await else { panic!() };
    assert_ne!(trained, start);

    // Three people, all of whose texts are predicted right: the matrix, and whether there are any.
    let weight = (1.0 / (1.0 + 2_f32.sqrt())).sqrt();
    let scale = (1.0 - weight * weight).sqrt();
    let right = [scale / 2.0, 0.0, 0.0, scale / 2.0, weight];
    let part = everybody(&devices, [&right; 3]).await;
    assert_eq!((part.manifest.query, part.manifest.dimension), (QueryKind::Evaluate, 5));
    let event = next_end(&mut site).await;
    let Event::RoundClosed { round: 3, figures: Some(Figures::Evaluation(told)), model, epsilon, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(model, trained, "an evaluation leaves the model as it is");
    let accuracy = told.accuracy.unwrap();
    assert!((accuracy.value - 1.0).abs() < 0.05, "{accuracy:?}");
    assert!((told.people.value - 3.0).abs() < 0.05, "{told:?}");

    // Charged kind by kind, all of it in one promise.
    let spent = site.running.storage().progress().unwrap().spent_rho;
    let charges: f64 = (1..=3).map(|round| plan.charge_of(round).rho()).sum();
    assert_eq!(Charge::of(spent).unwrap(), Charge::of(charges).unwrap());
    assert_eq!(epsilon, plan.promised_epsilon().unwrap());

    let (head, body) = get(site.admin(), "/figures").await;
    assert!(head.contains("application/json"), "{head}");
    assert!(
        body.contains("\"label_counts\"") && body.contains("\"evaluation\"") && body.contains("\"round\":3"),
        "{body}"
    );
    let (_, metrics) = get(site.admin(), "/metrics").await;
    let shown = metrics.lines().find_map(|line| line.strip_prefix("silhouette_private_accuracy ")).unwrap();
    assert!((shown.parse::<f64>().unwrap() - accuracy.value).abs() < 1e-9, "{shown}");
    site.stop().await;

    // All of it is there at the next start.
    let revived = Aggregator::open(folder.path(), all_kinds()).unwrap();
    let stored: Vec<u64> = revived.storage().figures().unwrap().iter().map(|(round, _)| *round).collect();
    assert_eq!(stored, [1, 3]);
    let progress = revived.progress().unwrap();
    assert_eq!((progress.last_round, progress.latest.unwrap().model), (3, trained));
    drop(revived);
    let refused = Aggregator::open(folder.path(), TaskConfig { evaluation_share: 0.2, ..all_kinds() }).unwrap_err();
    assert!(refused.to_string().contains("evaluation_share"), "another split is another promise: {refused}");
}
