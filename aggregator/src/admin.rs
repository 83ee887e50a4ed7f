//! For the operator: health, readiness, metrics and published figures over HTTP, on a listener of its own. Devices
//! never see it; bind it where only the operator's network reaches it.

mod metrics;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{error, warn};

pub(crate) use metrics::Metrics;

use crate::storage::Storage;

/// Time for open requests at shutdown; they take milliseconds.
const DRAIN: Duration = Duration::from_secs(3);

/// The content type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) storage: Arc<Storage>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whether devices are being served.
    pub(crate) ready: Arc<AtomicBool>,
}

impl Admin {
    /// Serves until `stop` turns true.
    pub(crate) async fn serve(self, listener: TcpListener, stop: watch::Receiver<bool>) {
        let routes = Router::new()
            .route("/healthz", get(health))
            .route("/readyz", get(readiness))
            .route("/metrics", get(scrape))
            .route("/figures", get(figures))
            .with_state(self);
        let server = axum::serve(listener, routes).with_graceful_shutdown(stopped(stop.clone()));
        let deadline = async {
            stopped(stop).await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            ended = async { server.await } => if let Err(error) = ended {
                error!(%error, "the admin listener failed");
            },
            () = deadline => warn!("admin connections cut off"),
        }
    }

    async fn store_answers(&self) -> bool {
        let storage = Arc::clone(&self.storage);
        let ping = tokio::task::spawn_blocking(move || storage.ping()).await;
        matches!(ping, Ok(Ok(())))
    }
}

/// Completes when `stop` turns true, or when nobody is left to turn it.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Alive: the store answers.
async fn health(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    verdict(admin.store_answers().await)
}

/// Ready: devices are served, and the store answers.
async fn readiness(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    let ready = admin.ready.load(Ordering::Relaxed);
    verdict(ready && admin.store_answers().await)
}

fn verdict(good: bool) -> (StatusCode, &'static str) {
    if good { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable\n") }
}

async fn scrape(State(admin): State<Admin>) -> impl IntoResponse {
    match admin.metrics.to_text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What rounds made public beside models, as JSON: a list of `{"round": .., "figures": ..}`.
async fn figures(State(admin): State<Admin>) -> impl IntoResponse {
    let storage = Arc::clone(&admin.storage);
    let read = tokio::task::spawn_blocking(move || storage.figures()).await;
    let Ok(Ok(all)) = read else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let all: Vec<_> =
        all.iter().map(|(round, figures)| serde_json::json!({ "round": round, "figures": figures })).collect();
    ([(header::CONTENT_TYPE, "application/json")], serde_json::Value::Array(all).to_string()).into_response()
}
