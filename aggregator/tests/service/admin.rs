use std::net::SocketAddr;

use silhouette_aggregator::TaskConfig;
use silhouette_wire::ErrorCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fleet::{Site, assert_refused, config, released};
use crate::rounds::next_end;

/// Status line and headers, and body, of a real HTTP request.
pub(crate) async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics_answer_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let one = TaskConfig { rounds: 1, ..config() };
    let mut site = Site::start(folder.path(), one, 3).await;
    for path in ["/healthz", "/readyz"] {
        let (head, body) = get(site.admin(), path).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, "ok\n");
    }
    assert!(get(site.admin(), "/").await.0.starts_with("HTTP/1.1 404"));

    let (a, b, c) = (site.device().await, site.device().await, site.device().await);
    let (pa, _, _) = tokio::join!(a.part(), b.take_part(), c.take_part());
    let boosted = pa.parameters().with_grid(30_000, 16).unwrap();
    assert_refused(&a.upload(&pa, &released(1.0, &boosted)).await, ErrorCode::NormExceeded);
    a.upload(&pa, &released(0.01, &pa.parameters())).await;
    next_end(&mut site).await;

    let (head, body) = get(site.admin(), "/metrics").await;
    assert!(head.contains("application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(body.ends_with("# EOF\n"));
    for line in [
        r#"silhouette_rounds{state="published"} 1"#,
        r#"silhouette_rounds{state="open"} 0"#,
        r#"silhouette_rounds{state="abandoned"} 0"#,
        "silhouette_reports_total 3",
        r#"silhouette_uploads_refused_total{code="9",reason="norm exceeded"} 1"#,
        "silhouette_received_bytes_total 1040",
        "silhouette_devices_waiting 0",
        "silhouette_round_duration_seconds_count 1",
    ] {
        assert!(body.lines().any(|found| found == line), "{line} is not in\n{body}");
    }
    assert!(body.contains("silhouette_rho_spent 0.5"), "{body}");
    assert!(body.contains("silhouette_epsilon_spent "), "{body}");
    for device in [&a, &b, &c] {
        let id = device.identity.device_id().to_string();
        assert!(!body.contains(&id), "no device is named");
    }
    let admin = site.admin();
    site.stop().await;
    assert!(TcpStream::connect(admin).await.is_err(), "the listener is closed");
}
