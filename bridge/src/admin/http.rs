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
