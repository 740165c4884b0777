//! Over HTTP, on loopback, when the config says so:
//!
//! | route | answer |
//! | --- | --- |
//! | `GET /metrics` | OpenMetrics text |
//! | `GET /health` | 200 while every chain signs, else 503; the verdict in one line, with cause and cure |
//! | `GET /status` | [`super::Report`] as JSON |

use std::io;
use std::net::SocketAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};

use super::clients::Clients;
use super::{Counters, report};
use crate::signer::Signer;

#[derive(Clone)]
struct App {
    signer: Signer,
    counters: Counters,
}

/// Serves until the future is dropped, from when it can listen there.
pub async fn serve(listen: SocketAddr, signer: Signer, counters: Counters) -> io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .route("/status", get(status))
        .with_state(App { signer, counters });
    axum::serve(Clients::listen(listen).await, router).await
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    let report = report(&app.signer).await;
    match app.counters.page(&report) {
        Ok(page) => (StatusCode::OK, kind, page),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, kind, error.to_string()),
    }
}

async fn health(State(app): State<App>) -> impl IntoResponse {
    let report = report(&app.signer).await;
    let status = if report.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, report.verdict + "\n")
}

async fn status(State(app): State<App>) -> impl IntoResponse {
    Json(report(&app.signer).await)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use highwater_sim::SimDevice;

    use super::*;
    use crate::signer::rig::{NODE, Rig, device, node};

    /// What a watcher sees.
    async fn seen(rig: &Arc<Rig>) -> (StatusCode, String) {
        let signer = rig.signer(&[NODE], Counters::new()).await;
        let _node = node(&signer, NODE);
        let app = App { signer, counters: Counters::new() };
        let (head, body) = health(State(app)).await.into_response().into_parts();
        let body = axum::body::to_bytes(body, 4_096).await.unwrap();
        (head.status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn whoever_is_not_healthy_says_why() {
        let rig = Rig::new();
        assert_eq!(seen(&rig).await, (StatusCode::OK, "SIGNING: 1 chain\n".to_owned()));
        // The PIN of another seed was entered.
        let mut other = SimDevice::in_memory(b"another seed");
        other.world.medium.restore(device().world.medium.pages());
        let (status, text) = seen(&Rig::on(other.restart())).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.starts_with("NOT SIGNING: ") && text.contains("PIN of the original seed"), "{text}");
        let stuck = Rig::new();
        stuck.stuck.store(true, Ordering::SeqCst);
        let (status, text) = seen(&stuck).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("being opened"), "{text}");
        stuck.stuck.store(false, Ordering::SeqCst);
    }
}
