use silhouette_aggregator::{Event, TaskConfig};
use silhouette_privacy::{Mode, ReleaseParameters};
use silhouette_wire::{ContentHash, ErrorCode, Nonce, Upload, UploadReply};

use crate::fleet::{Site, assert_receipt, assert_refused, config, released};
use crate::rounds::next_end;

#[tokio::test(flavor = "multi_thread")]
async fn bad_uploads_are_refused_and_cost_the_device_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), TaskConfig { rounds: 1, ..config() }, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, pb, pc) = tokio::join!(a.part(), b.part(), c.part());
    let honest = released(0.01, &pa.parameters());

    // Another length than the manifest's.
    let d = pa.parameters().dimension();
    let longer = ReleaseParameters::new(Mode::Central, d + 1, 1.0, 1.0, 3, 2).unwrap();
    assert_refused(&a.upload(&pa, &released(0.01, &longer)).await, ErrorCode::WrongDimension);

    // Another width.
    let wider = pa.parameters().with_grid(1 << 14, 24).unwrap();
    assert_refused(&a.upload(&pa, &released(0.01, &wider)).await, ErrorCode::WrongLength);

    // Longer than the clip norm: the same vector on a finer grid of the same width.
    let boosted = pa.parameters().with_grid(30_000, 16).unwrap();
    assert_refused(&a.upload(&pa, &released(1.0, &boosted)).await, ErrorCode::NormExceeded);

    // Of another participation, another round, other terms.
    let send = async |change: &dyn Fn(&mut Upload)| {
        let mut upload = pa.announce(&honest);
        change(&mut upload);
        a.connection.upload(&upload, &honest).await.unwrap()
    };
    assert_refused(&send(&|u| u.nonce = Nonce([0; 16])).await, ErrorCode::BadNonce);
    assert_refused(&send(&|u| u.round = 7).await, ErrorCode::UnknownRound);
    assert_refused(&send(&|u| u.manifest_hash = ContentHash([0; 32])).await, ErrorCode::UnknownRound);
    assert_refused(&send(&|u| u.task = "other".parse().unwrap()).await, ErrorCode::UnknownTask);

    // None of it counted: the device still has its one report, and the round its three.
    assert_receipt(&a.upload(&pa, &honest).await, false);
    assert_receipt(&b.upload(&pb, &released(0.01, &pb.parameters())).await, false);
    assert_receipt(&c.upload(&pc, &released(0.01, &pc.parameters())).await, false);
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { reports: 3, .. }), "{event:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_leaves_the_sum_as_it_was() {
    // With next to no noise the model shows the sum: it has to be that of the honest reports.
    let quiet = TaskConfig { rounds: 1, noise_multiplier: Some(1e-3), ..config() };
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), quiet, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, pb, pc) = tokio::join!(a.part(), b.part(), c.part());
    let boosted = pa.parameters().with_grid(30_000, 16).unwrap();
    assert_refused(&a.upload(&pa, &released(1.0, &boosted)).await, ErrorCode::NormExceeded);
    for (device, part) in [(&a, &pa), (&b, &pb), (&c, &pc)] {
        assert_receipt(&device.upload(part, &released(0.03, &part.parameters())).await, false);
    }
    let Event::RoundClosed { model, .. } = next_end(&mut site).await else { panic!() };
    let model = silhouette_model::Model::from_safetensors(&a.fetch(model).await).unwrap();
    // Noise and rounding: 0.0004 a coordinate. The boosted vector would have added 0.05.
    for (i, value) in model.values().iter().enumerate() {
        let expected = if i % 2 == 0 { 0.03 } else { -0.03 };
        assert!((value - expected).abs() < 0.004, "{i}: {value}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_gets_the_same_receipt_and_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), TaskConfig { rounds: 1, ..config() }, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, pb, pc) = tokio::join!(a.part(), b.part(), c.part());
    let release = released(0.01, &pa.parameters());
    let first = a.upload(&pa, &release).await;
    assert_receipt(&first, false);
    let again = a.upload(&pa, &release).await;
    assert_receipt(&again, true);
    assert_eq!(digest(&first), digest(&again));
    // The same participation with other content is no duplicate, it is a second report.
    assert_refused(&a.upload(&pa, &released(0.02, &pa.parameters())).await, ErrorCode::Duplicate);
    assert_receipt(&b.upload(&pb, &released(0.01, &pb.parameters())).await, false);
    assert_receipt(&c.upload(&pc, &released(0.01, &pc.parameters())).await, false);
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { reports: 3, .. }), "{event:?}");
    // Also when the round is long over, and only then: strangers to the sum are late.
    assert_receipt(&a.upload(&pa, &release).await, true);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_upload_is_refused_and_a_late_duplicate_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let short = TaskConfig { deadline_ms: 4000, ..config() };
    let mut site = Site::start(folder.path(), short, 3).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, pb, pc) = tokio::join!(a.part(), b.part(), c.part());
    let release = released(0.01, &pa.parameters());
    assert_receipt(&a.upload(&pa, &release).await, false);
    assert_receipt(&b.upload(&pb, &released(0.01, &pb.parameters())).await, false);
    let event = next_end(&mut site).await;
    assert!(matches!(event, Event::RoundClosed { round: 1, reports: 2, .. }), "{event:?}");
    assert_refused(&c.upload(&pc, &released(0.01, &pc.parameters())).await, ErrorCode::Late);
    // The next round is open: the coordinator has forgotten the first, the store has not.
    let (x, _, _) = tokio::join!(a.part(), b.part(), c.part());
    assert_eq!(x.manifest.round, 2);
    assert_refused(&c.upload(&pc, &released(0.01, &pc.parameters())).await, ErrorCode::Late);
    assert_receipt(&a.upload(&pa, &release).await, true);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_not_asked_is_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 4).await;
    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let stranger = site.device().await;
    let (pa, _, _) = tokio::join!(a.part(), b.part(), c.part());
    // It even knows the manifest and somebody's nonce.
    assert_refused(&stranger.upload(&pa, &released(0.01, &pa.parameters())).await, ErrorCode::NotSelected);
    site.stop().await;
}

fn digest(reply: &UploadReply) -> ContentHash {
    match reply {
        UploadReply::Receipt { sha256, .. } => *sha256,
        other => panic!("{other:?}"),
    }
}
