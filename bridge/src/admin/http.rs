//! Over HTTP, on loopback, when the config says so:
//!
//! | route | answer |
//! | --- | --- |
//! | `GET /metrics` | OpenMetrics text |
//! | `GET /health` | 200 while the device answers and is sound and no chain is stopped, else 503, with the cause |
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
use crate::device::Device;
use crate::validator::Validator;

#[derive(Clone)]
struct App {
    device: Device,
    validators: Vec<Validator>,
    counters: Counters,
}

/// Serves until the future is dropped, from when it can listen there.
pub async fn serve(
    listen: SocketAddr,
    device: Device,
    validators: Vec<Validator>,
    counters: Counters,
) -> io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .route("/status", get(status))
        .with_state(App { device, validators, counters });
    axum::serve(Clients::listen(listen).await, router).await
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    match app.counters.page(app.device.seen().session.is_some()) {
        Ok(page) => (StatusCode::OK, kind, page),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, kind, error.to_string()),
    }
}

async fn health(State(app): State<App>) -> impl IntoResponse {
    let report = report(&app.device, &app.validators);
    let status = if report.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, report.fault.unwrap_or_else(|| "ok".to_owned()) + "\n")
}

async fn status(State(app): State<App>) -> impl IntoResponse {
    Json(report(&app.device, &app.validators))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use highwater_sim::SimDevice;

    use super::*;
    use crate::device::{Transport, TransportError};

    struct Cable(SimDevice);

    impl Transport for Cable {
        fn exchange(&mut self, apdu: &[u8], _deadline: Instant) -> Result<Vec<u8>, TransportError> {
            Ok(self.0.exchange(apdu))
        }
    }

    /// What a watcher sees of a device; `looked` is whether the bridge has seen it.
    async fn seen(mut device: Option<SimDevice>) -> (StatusCode, String) {
        let looked = device.is_some();
        let opener = move || match device.take() {
            Some(device) => Ok(Box::new(Cable(device)) as Box<dyn Transport>),
            // It never comes, as long as a test lasts.
            None => loop {
                std::thread::park();
            },
        };
        let (device, _died) = Device::start(Box::new(opener)).unwrap();
        if looked {
            device.looked().await;
        }
        let app = App { device, validators: Vec::new(), counters: Counters::new() };
        let (head, body) = health(State(app)).await.into_response().into_parts();
        let body = axum::body::to_bytes(body, 4_096).await.unwrap();
        (head.status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_is_not_healthy_says_why() {
        let sound = SimDevice::in_memory(b"one seed");
        let pages = sound.world.medium.pages().to_vec();
        assert_eq!(seen(Some(sound)).await, (StatusCode::OK, "ok\n".to_owned()));
        // The PIN of another seed was entered.
        let mut other = SimDevice::in_memory(b"another seed");
        other.world.medium.restore(&pages);
        let (status, text) = seen(Some(other.restart())).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("restart it with the PIN of that seed"), "{text}");
        let (status, text) = seen(None).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("being opened"), "{text}");
    }
}
