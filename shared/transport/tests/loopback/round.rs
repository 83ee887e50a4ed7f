//! What a device does on a good day.

use std::time::SystemTime;

use silhouette_transport::{
    CertificateAuthority, DeviceIdentity, DeviceKey, PartialBody, ServerIdentity,
    client::{self, EnrollError, FetchError, UploadError},
    defaults::SERVER_VALIDITY,
};
use silhouette_wire::{CheckIn, CheckInReply, ContentHash, ErrorCode, TaskId, UploadReply};

use crate::world::{DIMENSION, NAME, Settings, World, announce, check_in, local, released, task};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_round() {
    let world = World::new();
    world.add_token(b"token");
    let identity = client::enroll(world.enrolment, NAME, world.ca(), b"token").await.unwrap();
    assert_eq!(identity.owner_public_key(), &[3; 32]);
    assert_eq!(identity.tasks(), [task()]);

    let connection = client::connect(world.address, NAME, &identity).await.unwrap();
    assert_eq!(connection.server().version, 1);
    let CheckInReply::Finished { model, round } = connection.check_in(&check_in()).await.unwrap() else {
        panic!("the task is finished");
    };

    let mut body = PartialBody::new(model, Vec::new());
    connection.fetch_model(&mut body).await.unwrap();
    assert_eq!(body.into_inner(), world.recorder.model.as_ref());
    assert!(connection.traffic().down() > 300_000);

    let release = released(DIMENSION);
    let upload = announce(round, &release);
    let receipt = |duplicate| UploadReply::Receipt { round, sha256: upload.sha256, duplicate };
    assert_eq!(connection.upload(&upload, &release).await, Ok(receipt(false)));
    assert_eq!(connection.upload(&upload, &release).await, Ok(receipt(true)));
    assert!(connection.traffic().up() > 6_000);
    let stored = world.recorder.uploads.lock().unwrap()[&(identity.device_id(), round)].clone();
    assert_eq!(stored, release.as_bytes());
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_a_reason() {
    let world = World::new();
    let connection = world.connect().await;
    let other = CheckIn { task: TaskId::new("other").unwrap(), ..check_in() };
    assert_eq!(connection.check_in(&other).await, Ok(CheckInReply::Refused(ErrorCode::UnknownTask)));
    let mut body = PartialBody::new(ContentHash([0; 32]), Vec::new());
    let refused = connection.fetch_model(&mut body).await;
    assert!(matches!(refused, Err(FetchError::Refused(ErrorCode::UnknownContent))));
    // The connection survives refusals.
    assert!(connection.check_in(&check_in()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_resumes_from_a_prefix() {
    let world = World::new();
    let model = world.recorder.model.clone();
    let connection = world.connect().await;
    let prefix = &model[..100_001];
    let hash = ContentHash::of(&model);
    let mut body = PartialBody::resumed(hash, prefix, prefix.to_vec()).unwrap();
    connection.fetch_model(&mut body).await.unwrap();
    assert_eq!(body.into_inner(), model.as_ref());
    let moved = connection.traffic().down();
    assert!((200_000..201_000).contains(&moved), "{moved} bytes for the last two thirds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_prefix_is_noticed() {
    let world = World::new();
    let connection = world.connect().await;
    let hash = ContentHash::of(&world.recorder.model);
    let mut body = PartialBody::resumed(hash, &[9; 1000][..], Vec::new()).unwrap();
    assert!(matches!(connection.fetch_model(&mut body).await, Err(FetchError::HashMismatch)));
    let mut beyond = PartialBody::resumed(hash, &vec![9; 300_001][..], Vec::new()).unwrap();
    let refused = connection.fetch_model(&mut beyond).await;
    assert!(matches!(refused, Err(FetchError::Refused(ErrorCode::WrongLength))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_resumes_after_a_cut() {
    let world = World::with(Settings { model_bytes: 20_000_000, ..Settings::default() });
    let identity = world.device();
    let mut body = PartialBody::new(ContentHash::of(&world.recorder.model), Vec::new());
    let first = client::connect(world.address, NAME, &identity).await.unwrap();
    let traffic = first.traffic();
    let cut = async {
        while traffic.down() < 1_000_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = first.fetch_model(&mut body) => panic!("finished before the cut: {done:?}"),
        () = cut => {}
    }
    drop(first);
    let before = body.received();
    assert!((1..20_000_000).contains(&before));

    let second = client::connect(world.address, NAME, &identity).await.unwrap();
    second.fetch_model(&mut body).await.unwrap();
    assert!(second.traffic().down() <= 20_000_000 - before + 1000);
    assert_eq!(body.into_inner(), world.recorder.model.as_ref());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_model_is_not_taken() {
    let world = World::new();
    let limits = client::ClientLimits { max_model_bytes: 1000, ..Default::default() };
    let identity = world.device();
    let connection = client::connect_with(world.address, NAME, &identity, limits).await.unwrap();
    let mut body = PartialBody::new(ContentHash::of(&world.recorder.model), Vec::new());
    let refused = connection.fetch_model(&mut body).await;
    assert!(matches!(refused, Err(FetchError::TooLarge { limit: 1000, found: 300_000 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_has_to_fit_its_release() {
    let world = World::new();
    let connection = world.connect().await;
    let release = released(DIMENSION);
    let mut upload = announce(1, &release);
    upload.sha256 = ContentHash([0; 32]);
    assert_eq!(connection.upload(&upload, &release).await, Err(UploadError::OtherRelease));
    assert_eq!(world.recorder.begun.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_for_the_same_key() {
    let world = World::new();
    let mut identity = world.device();
    let device = identity.device_id();
    let connection = client::connect(world.address, NAME, &identity).await.unwrap();
    connection.renew(&mut identity).await.unwrap();
    assert_eq!(identity.device_id(), device);
    assert!(identity.expires() > SystemTime::now());
    client::connect(world.address, NAME, &identity).await.unwrap();
    // For the key of another device there is no new certificate.
    let mut other = world.device();
    let refused = connection.renew(&mut other).await;
    assert!(matches!(refused, Err(EnrollError::Refused(ErrorCode::NotEnrolled))));
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_survive_a_restart() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let (home, ca) = (directory.path().join("device"), directory.path().join("ca"));
    let identity = world.device();
    identity.store(&home).unwrap();
    let back = DeviceIdentity::load(&home).unwrap();
    assert_eq!(back.device_id(), identity.device_id());
    assert_eq!(back.terms(), identity.terms());
    assert_eq!(back.expires(), identity.expires());
    client::connect(world.address, NAME, &back).await.unwrap();

    world.authority.store(&ca).unwrap();
    let now = SystemTime::now();
    let authority = CertificateAuthority::load_or_create(&ca, "unused", now).unwrap();
    assert_eq!(authority.certificate(), world.ca());
    let names = ["127.0.0.1".to_owned()];
    authority.issue_server(&names, now, SERVER_VALIDITY).unwrap().store(&ca).unwrap();
    let server = ServerIdentity::load(&ca).unwrap();
    let limits = silhouette_transport::server::ServerLimits::default();
    silhouette_transport::EnrolmentEndpoint::bind(local(), &server, limits).unwrap();
    // A certificate of the loaded authority is as good as one of the first.
    let key = DeviceKey::generate().unwrap();
    let csr = key.signing_request().unwrap();
    let issued = authority.issue_device(&csr, now, SERVER_VALIDITY).unwrap();
    let terms = identity.terms().clone();
    let device = DeviceIdentity::new(key, vec![issued.certificate], world.ca().clone(), terms);
    client::connect(world.address, NAME, &device.unwrap()).await.unwrap();
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    crate::world::authority().store(directory.path()).unwrap();
    DeviceKey::generate().unwrap().store(directory.path()).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        seen += 1;
    }
    assert_eq!(seen, 5);
}
