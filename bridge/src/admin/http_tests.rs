use std::sync::Arc;
use std::sync::atomic::Ordering;

use highwater_sim::SimDevice;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::signer::rig::{NODE, Rig, device, node};

/// What a watcher sees.
async fn seen(rig: &Arc<Rig>) -> (StatusCode, String) {
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let _node = node(&signer, NODE);
    let app = App { signers: signer.into(), counters: Counters::new() };
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

/// What a client gets, head and body apart.
async fn asked(request: &str) -> (String, String) {
    let rig = Rig::new();
    let signer = rig.signer(&[NODE], Counters::new()).await;
    let _node = node(&signer, NODE);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let app = router(App { signers: signer.into(), counters: Counters::new() });
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = TcpStream::connect(to).await.unwrap();
    client.write_all(request.replace("HOST", &to.to_string()).as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    server.abort();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    (head.to_lowercase(), body.to_owned())
}

fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn the_page_is_shown_by_a_name_of_this_host_and_by_no_other() {
    let (head, body) = asked(&get("/", "HOST")).await;
    assert!(head.starts_with("http/1.1 200 ") && body.contains("SIGNING"), "{head}\n{body}");
    let (head, body) = asked(&get("/", "evil.example")).await;
    assert!(head.starts_with("http/1.1 421 "), "{head}");
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(!body.contains("SIGNING") && !body.contains("alpha-1") && body.contains("ssh -L"), "{body}");
    // An HTTP/1.0 client need not say any.
    let (head, _) = asked("GET / HTTP/1.0\r\n\r\n").await;
    assert!(head.starts_with("http/1.0 421 "), "{head}");
}

/// Prometheus asks by whatever name it was given.
#[tokio::test]
async fn what_programs_read_is_served_by_any_name() {
    for (path, begin) in [("/metrics", "# HELP "), ("/health", "SIGNING: "), ("/status", "{")] {
        let (head, body) = asked(&get(path, "signer.example:9660")).await;
        assert!(head.starts_with("http/1.1 200 ") && body.starts_with(begin), "{head}\n{body}");
    }
}

#[tokio::test]
async fn head_is_a_page_without_its_body_and_every_other_method_is_refused() {
    let (head, body) = asked(&get("/", "HOST").replace("GET", "HEAD")).await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("content-security-policy: "), "{head}");
    assert_eq!(body, "");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        for path in ["/", "/metrics", "/health", "/status"] {
            let (head, body) = asked(&get(path, "HOST").replace("GET", method)).await;
            assert!(
                head.starts_with("http/1.1 405 ") && head.contains("allow: get,head"),
                "{method}: {head}"
            );
            assert_eq!(body, "", "{method}");
        }
    }
    let (head, _) = asked(&get("/favicon.ico", "HOST")).await;
    assert!(head.starts_with("http/1.1 404 "), "{head}");
}
