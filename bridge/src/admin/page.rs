//! The page in a browser: what `status --watch` shows, as HTML that needs no script and nothing from elsewhere.
//!
//! Chain ids, addresses and the words of devices and nodes are text of strangers. The template escapes each, and the
//! policy lets the browser run and draw with nothing but the script and style of this very page.

use std::sync::LazyLock;
use std::time::SystemTime;

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Report;
use super::picture::{Picture, Tone};
use crate::advice;

const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const PLAIN: &str = "text/plain; charset=utf-8";

/// What the browser may do with the page.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    picture: Picture,
    /// When it was.
    taken: String,
}

impl Tone {
    /// As the style has it.
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Care => "care",
            Self::Dim => "dim",
        }
    }
}

/// The page of a report.
pub(super) fn of(report: &Report) -> Response {
    match html(report, SystemTime::now()) {
        Ok(page) => answer(StatusCode::OK, "text/html; charset=utf-8", page),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, error.to_string()),
    }
}

/// For a browser that asks by a name which may be a stranger's.
pub(super) fn refusal() -> Response {
    answer(StatusCode::MISDIRECTED_REQUEST, PLAIN, advice::page_host() + "\n")
}

fn html(report: &Report, now: SystemTime) -> askama::Result<String> {
    Page { picture: Picture::of(report), taken: httpdate::fmt_http_date(now) }.render()
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
        // The places are few, and a page that stays open shall take none from who scrapes the metrics.
        (CONNECTION, "close"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
