//! By which name a browser asks. A stranger's site can have its own name point to 127.0.0.1, and its script then reads what
//! is served here as its own (DNS rebinding). It asks by that name, so only names that always mean this host are served.

use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

/// Whether a request means this host by every name that it has, and has one.
pub(super) fn is_meant(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut names = headers.get_all(HOST).iter().map(|name| name.to_str().unwrap_or_default()).peekable();
    let named = names.peek().is_some();
    named && names.all(is_loopback) && uri.authority().is_none_or(|name| is_loopback(name.as_str()))
}

fn is_loopback(name: &str) -> bool {
    let Ok(authority) = name.parse::<Authority>() else { return false };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    !name.contains('@')
        && (host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(uri: &str, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().unwrap());
        }
        is_meant(&uri.parse().unwrap(), &headers)
    }

    #[test]
    fn names_that_always_mean_this_host_are_served_at_any_port() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9660",
            "127.1.2.3:80",
            "localhost",
            "LocalHost:8080",
            "[::1]",
            "[::1]:9660",
        ] {
            assert!(meant("/", &[host]), "{host}");
        }
        assert!(meant("http://127.0.0.1:9660/", &["127.0.0.1:9660"]));
    }

    #[test]
    fn a_name_that_a_stranger_can_point_here_is_not_served() {
        for host in [
            "",
            "evil.example",
            "evil.example:9660",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "evil.example#127.0.0.1",
            "192.168.1.7:9660",
            "0.0.0.0",
            "[::]:9660",
            "[2001:db8::1]",
            "127.0.0.1 evil.example",
            "2130706433",
            "::1",
        ] {
            assert!(!meant("/", &[host]), "{host}");
        }
        assert!(!meant("/", &[]), "no name at all");
        assert!(!meant("/", &["127.0.0.1", "evil.example"]), "each of two counts");
        assert!(!meant("http://evil.example/", &["127.0.0.1"]), "and that of the request line");
    }
}
