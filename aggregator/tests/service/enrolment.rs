use silhouette_aggregator::create_tokens;
use silhouette_transport::client::EnrollError;
use silhouette_wire::ErrorCode;

use crate::fleet::{Site, config};

fn code(result: Result<silhouette_transport::DeviceIdentity, EnrollError>) -> ErrorCode {
    match result {
        Err(EnrollError::Refused(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_enrols_one_device_and_pins_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start(folder.path(), config(), 0).await;
    // Made while the aggregator runs, as by another process.
    let token = create_tokens(site.running.storage(), 1).unwrap().remove(0);
    let identity = site.trade(&token).await.unwrap();
    assert_eq!(identity.tasks(), ["sentiment".parse().unwrap()]);
    assert_ne!(identity.owner_public_key(), &[0; 32]);
    assert_eq!(code(site.trade(&token).await), ErrorCode::TokenUsed);
    assert_eq!(code(site.trade("silhouette-0000").await), ErrorCode::TokenUnknown);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_renews_its_certificate_unless_it_was_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::start(folder.path(), config(), 1).await;
    let mut device = site.device().await;
    device.connection.renew(&mut device.identity).await.unwrap();
    site.running.storage().revoke(&device.identity.device_id()).unwrap();
    let refused = device.connection.renew(&mut device.identity).await;
    assert!(matches!(refused, Err(EnrollError::Refused(ErrorCode::Revoked))));
    site.stop().await;
}
