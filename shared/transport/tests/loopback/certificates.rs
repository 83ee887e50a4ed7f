//! Who gets in.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use silhouette_transport::{
    CertificateAuthority, CertificateDer, DeviceKey, ExchangeError, Lost, ServerEndpoint, ServerIdentity,
    client::{self, ConnectError, EnrollError},
    server::ServerLimits,
};
use silhouette_wire::message::CertificateRequest;
use silhouette_wire::{Enroll, ErrorCode};

use crate::{
    raw,
    world::{NAME, World, authority, device_of, local},
};

/// TLS alerts, RFC 8446 section 6.
const EXPIRED: u8 = 45;
const UNKNOWN_AUTHORITY: u8 = 48;
const DECRYPT_ERROR: u8 = 51;
const CERTIFICATE_REQUIRED: u8 = 116;

fn lost(error: &ConnectError) -> Lost {
    match error {
        ConnectError::Exchange(ExchangeError::Lost(lost)) => *lost,
        other => panic!("expected a lost connection, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_certificate() {
    let world = World::new();
    let long_ago = SystemTime::now() - Duration::from_secs(8 * 24 * 3600);
    let identity = device_of(&world.authority, world.ca(), long_ago);
    assert!(identity.expires() < SystemTime::now());
    let error = client::connect(world.address, NAME, &identity).await.unwrap_err();
    assert_eq!(lost(&error), Lost::Certificate { alert: EXPIRED });
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_of_another_authority() {
    let world = World::new();
    let now = SystemTime::now();
    let stranger = CertificateAuthority::create("stranger", now).unwrap();
    // The same name, and another key.
    for (signer, alert) in [(stranger, UNKNOWN_AUTHORITY), (authority(), DECRYPT_ERROR)] {
        let identity = device_of(&signer, world.ca(), now);
        let error = client::connect(world.address, NAME, &identity).await.unwrap_err();
        assert_eq!(lost(&error), Lost::Certificate { alert });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate() {
    let world = World::new();
    let connection = raw::connect(&world, None, b"silhouette/1").await.unwrap();
    let error = Lost::from(connection.closed().await);
    assert_eq!(error, Lost::Certificate { alert: CERTIFICATE_REQUIRED });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_enrolment_protocol_does_not_open_the_main_endpoint() {
    let world = World::new();
    assert!(raw::connect(&world, None, b"silhouette-enroll/1").await.is_err());
    let device = world.device();
    assert!(raw::connect(&world, Some(&device), b"silhouette/2").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn server_of_another_authority() {
    let world = World::new();
    let identity = device_of(&world.authority, authority().certificate(), SystemTime::now());
    let error = client::connect(world.address, NAME, &identity).await.unwrap_err();
    assert!(matches!(lost(&error), Lost::Certificate { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_with_another_name() {
    let world = World::new();
    let error = client::connect(world.address, "elsewhere.test", &world.device()).await.unwrap_err();
    assert!(matches!(lost(&error), Lost::Certificate { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_pose_as_the_server() {
    let world = World::new();
    // The files of a device under the names of a server's.
    let directory = tempfile::tempdir().unwrap();
    let path = |name| directory.path().join(name);
    world.device().store(directory.path()).unwrap();
    std::fs::rename(path("device.pem"), path("server.pem")).unwrap();
    std::fs::rename(path("device-key.pem"), path("server-key.pem")).unwrap();
    let posing = ServerIdentity::load(directory.path()).unwrap();
    let endpoint = ServerEndpoint::bind(local(), &posing, world.ca(), ServerLimits::default()).unwrap();
    let address = endpoint.local_addr();
    tokio::spawn(endpoint.serve(Arc::clone(&world.recorder), std::future::pending()));
    let error = client::connect(address, NAME, &world.device()).await.unwrap_err();
    assert!(matches!(lost(&error), Lost::Certificate { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_device() {
    let world = World::new();
    let identity = world.device();
    world.recorder.revoked.lock().unwrap().push(identity.device_id());
    let error = client::connect(world.address, NAME, &identity).await.unwrap_err();
    let expected = ExchangeError::Refused(ErrorCode::Revoked);
    assert!(matches!(error, ConnectError::Exchange(found) if found == expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_work_once() {
    let world = World::new();
    world.add_token(b"once");
    let enroll = |token| client::enroll(world.enrolment, NAME, world.ca(), token);
    assert!(enroll(b"once").await.is_ok());
    let again = enroll(b"once").await.unwrap_err();
    assert!(matches!(again, EnrollError::Refused(ErrorCode::TokenUsed)));
    let never = enroll(b"guessed").await.unwrap_err();
    assert!(matches!(never, EnrollError::Refused(ErrorCode::TokenUnknown)));
    let long = enroll(&[0; 129]).await.unwrap_err();
    assert!(matches!(long, EnrollError::TooLong(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_may_try_again() {
    let world = World::new();
    world.add_token(b"once");
    let key = DeviceKey::generate().unwrap();
    for _ in 0..2 {
        let enrolled = client::enroll_with(world.enrolment, NAME, world.ca(), b"once", &key);
        enrolled.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_request_costs_no_token() {
    let world = World::new();
    world.add_token(b"once");
    let key = DeviceKey::generate().unwrap();
    let honest = client::enrolment_request(&key, b"once".as_slice().try_into().unwrap()).unwrap();
    let forge = |change: &dyn Fn(&mut Enroll)| {
        let mut request = honest.clone();
        change(&mut request);
        request
    };
    let spoiled = |csr: &CertificateRequest| {
        let mut csr = csr.as_slice().to_vec();
        let last = csr.len() - 1;
        csr[last] ^= 1;
        csr.try_into().unwrap()
    };
    let stranger = DeviceKey::generate().unwrap();
    for request in [
        // Not signed with its own key, once the identity says otherwise, too.
        forge(&|r| r.csr_der = spoiled(&r.csr_der)),
        forge(&|r| {
            r.csr_der = spoiled(&r.csr_der);
            r.possession = key.prove_possession(&r.csr_der);
        }),
        // Another's identity, a signature of another's, one over another request, and no key at all.
        forge(&|r| r.identity = stranger.identity()),
        forge(&|r| r.possession = stranger.prove_possession(&r.csr_der)),
        forge(&|r| r.csr_der = stranger.signing_request().unwrap().try_into().unwrap()),
        forge(&|r| r.identity = [2; 32]),
    ] {
        let reply = world.enroller.enroll(&request).await;
        assert_eq!(reply, silhouette_wire::EnrollReply::Refused(ErrorCode::Malformed));
    }
    assert!(client::enroll(world.enrolment, NAME, world.ca(), b"once").await.is_ok());
}

#[test]
fn certificates_are_pseudonymous() {
    let authority = authority();
    let key = DeviceKey::generate().unwrap();
    let csr = key.signing_request().unwrap();
    let issue = || authority.issue_device(&csr, SystemTime::now(), Duration::from_secs(60)).unwrap();
    let subject = |der: &CertificateDer<'_>| {
        let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
        parsed.subject().to_string()
    };
    let (first, second) = (issue(), issue());
    assert_eq!(first.device, second.device);
    assert_ne!(subject(&first.certificate), subject(&second.certificate));
}
