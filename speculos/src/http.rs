//! Speculos' HTTP interface.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Agent;

use crate::Error;

/// The longest a request may take. None waits for the app for more than a tick, but a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one instance.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    address: SocketAddr,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        // No proxy: a variable of the environment must not lead requests to loopback elsewhere.
        let config = Agent::config_builder().proxy(None).timeout_global(Some(PATIENCE)).build();
        Self { agent: config.into(), address }
    }

    /// Fetches JSON.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answer =
            self.agent.get(self.url(path)).call().and_then(|mut answer| answer.body_mut().read_json());
        answer.map_err(|error| failed("GET", path, &error))
    }

    /// Fetches bytes.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, Error> {
        let answer =
            self.agent.get(self.url(path)).call().and_then(|mut answer| answer.body_mut().read_to_vec());
        answer.map_err(|error| failed("GET", path, &error))
    }

    /// Orders something.
    pub(crate) fn post(&self, path: &str, order: impl Serialize) -> Result<(), Error> {
        let answer = self.agent.post(self.url(path)).send_json(order).and_then(drain);
        answer.map_err(|error| failed("POST", path, &error))
    }

    /// Removes something.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Error> {
        let answer = self.agent.delete(self.url(path)).call().and_then(drain);
        answer.map_err(|error| failed("DELETE", path, &error))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Reads an answer to its end, without which its connection cannot serve the next request.
fn drain(mut answer: ureq::http::Response<ureq::Body>) -> Result<(), ureq::Error> {
    answer.body_mut().read_to_vec().map(drop)
}

fn failed(method: &str, path: &str, error: &ureq::Error) -> Error {
    Error::Http { request: format!("{method} {path}"), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    /// A server for one request, which it gives back with its body.
    fn server(answer: &'static str) -> (Http, JoinHandle<(String, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = Http::new(listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
                head += &line;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            (&stream).write_all(answer.as_bytes()).unwrap();
            (head.lines().next().unwrap().to_owned(), String::from_utf8(body).unwrap())
        });
        (http, served)
    }

    #[test]
    fn answers_are_parsed() {
        let (http, served) = server("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\": 7}");
        let answer: serde_json::Value = http.get("/events?currentscreenonly=true").unwrap();
        assert_eq!(answer["a"], 7);
        assert_eq!(served.join().unwrap().0, "GET /events?currentscreenonly=true HTTP/1.1");
    }

    #[test]
    fn orders_are_json() {
        let (http, served) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        http.post("/ticker/", serde_json::json!({ "action": "pause" })).unwrap();
        let (request, body) = served.join().unwrap();
        assert_eq!(request, "POST /ticker/ HTTP/1.1");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, serde_json::json!({ "action": "pause" }));
    }

    #[test]
    fn refusals_name_the_request() {
        let (http, served) = server("HTTP/1.1 400 BAD REQUEST\r\nContent-Length: 0\r\n\r\n");
        let error = http.delete("/events").unwrap_err().to_string();
        assert!(error.contains("DELETE /events") && error.contains("400"), "{error}");
        served.join().unwrap();
        let error = http.bytes("/screenshot").unwrap_err().to_string();
        assert!(error.contains("GET /screenshot"), "the server is gone: {error}");
    }
}
