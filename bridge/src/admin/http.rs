//! Over HTTP, on loopback, when the config says so:
//!
//! | route | answer |
//! | --- | --- |
//! | `GET /` | the page in a browser |
//! | `GET /metrics` | OpenMetrics text |
//! | `GET /health` | 200 while every chain signs, else 503; the verdict in one line, with cause and cure |
//! | `GET /status` | [`super::Report`] as JSON |

use std::io;
use std::net::SocketAddr;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use super::clients::Clients;
use super::{Counters, host, page, report};
use crate::signer::Signers;

#[derive(Clone)]
struct App {
    signers: Signers,
    counters: Counters,
}

/// Serves until the future is dropped, from when it can listen there.
pub async fn serve(listen: SocketAddr, signers: Signers, counters: Counters) -> io::Result<()> {
    axum::serve(Clients::listen(listen).await, router(App { signers, counters })).await
}

fn router(app: App) -> Router {
    Router::new()
        .route("/", get(watch))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .route("/status", get(status))
        .with_state(app)
}

async fn watch(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    if host::is_meant(&uri, &headers) { page::of(&report(&app.signers).await) } else { page::refusal() }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    let report = report(&app.signers).await;
    match app.counters.page(&report) {
        Ok(page) => (StatusCode::OK, kind, page),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, kind, error.to_string()),
    }
}

async fn health(State(app): State<App>) -> impl IntoResponse {
    let report = report(&app.signers).await;
    let status = if report.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, report.verdict + "\n")
}

async fn status(State(app): State<App>) -> impl IntoResponse {
    Json(report(&app.signers).await)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
