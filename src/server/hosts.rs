//! Which `Host` a request may name.
//!
//! A page of the web can let its own name point to 127.0.0.1 (DNS rebinding): its scripts then talk to a server on this
//! machine as if it were theirs, and no CORS rule stands in the way. Only the `Host` header tells.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, Version, header::HOST},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::ApiError;

/// Most characters of a host that an error repeats.
const SHOWN: usize = 100;

/// The hosts that a server answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPolicy {
    /// Names in lower case, beside those of the loopback interface; `None`: every host.
    allowed: Option<Vec<String>>,
}

impl HostPolicy {
    /// The policy of a server that listens on `address`.
    ///
    /// On a loopback address the names of loopback are hosts, and those in `allowed`. On another address every host is
    /// one, unless `allowed` has some. `*` in `allowed` stands for every host, `*.example.com` for those below.
    pub fn new(address: IpAddr, allowed: &[String]) -> Self {
        let every = allowed.iter().any(|name| name == "*");
        let unchecked = allowed.is_empty() && !address.to_canonical().is_loopback();
        let names = || allowed.iter().map(|name| canonical(name)).collect();
        Self { allowed: (!every && !unchecked).then(names) }
    }

    /// Whether a `Host`, with or without a port, is one of this server's.
    pub fn admits(&self, host: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        let Some(name) = without_port(host).map(canonical) else { return false };
        is_loopback(&name) || allowed.iter().any(|allowed| matches(allowed, &name))
    }

    /// What is wrong with the host of a request.
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        if self.allowed.is_none() {
            return Ok(());
        }
        let mut hosts = request.headers().get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => self.check_name(host.to_str().unwrap_or_default())?,
            // No browser leaves it out.
            (None, _) if request.version() < Version::HTTP_11 => {}
            (None, _) => return Err(ApiError::invalid("the request has no Host header; HTTP/1.1 asks for one")),
            (Some(_), Some(_)) => return Err(ApiError::invalid("the request has more than one Host header")),
        }
        // A target like `http://name/path` goes before the header.
        request.uri().authority().map_or(Ok(()), |authority| self.check_name(authority.as_str()))
    }

    fn check_name(&self, host: &str) -> Result<(), ApiError> {
        if self.admits(host) {
            return Ok(());
        }
        let name = without_port(host).unwrap_or(host);
        let name: String = name.chars().take(SHOWN).filter(|c| !c.is_control()).collect();
        Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "UnknownHost",
            format!(
                "this server does not answer for the host \"{name}\"; to allow it, start the server with --allowed-hosts \
                 and its name (RAGCTL_ALLOWED_HOSTS, server.allowed_hosts), or use localhost"
            ),
        ))
    }
}

/// Refuses requests for hosts that are not this server's.
pub async fn check(State(policy): State<Arc<HostPolicy>>, request: Request, next: Next) -> Response {
    match policy.check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// In lower case, without the dot of the root.
fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The name or address before the port; `None` when what follows is no port.
fn without_port(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

fn is_loopback(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}

/// Whether an entry of the list stands for this name.
fn matches(allowed: &str, name: &str) -> bool {
    match allowed.strip_prefix('*') {
        Some(domain) => name.len() > domain.len() && !name.starts_with('.') && name.ends_with(domain),
        None => allowed == name || allowed == name.trim_matches(['[', ']']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(address: &str, allowed: &[&str]) -> HostPolicy {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        HostPolicy::new(address.parse().unwrap(), &allowed)
    }

    #[test]
    fn on_loopback_only_names_of_loopback_are_hosts() {
        for address in ["127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"] {
            let policy = policy(address, &[]);
            for host in [
                "localhost",
                "LOCALHOST:80",
                "a.localhost:8001",
                "localhost.",
                "127.0.0.1:1",
                "127.9.9.9",
                "[::1]:8001",
            ] {
                assert!(policy.admits(host), "{address}: {host}");
            }
            for host in [
                "evil.example",
                "",
                "localhost.evil.example",
                "notlocalhost",
                "127.0.0.1.evil.example",
                "0.0.0.0",
                "[::2]",
                "[::1",
                "::1",
                "localhost:80@evil.example",
                "localhost:evil",
                "128.0.0.1",
            ] {
                assert!(!policy.admits(host), "{address}: {host}");
            }
        }
    }

    #[test]
    fn named_hosts_are_added() {
        let policy = policy("127.0.0.1", &["Rag.Example.com", "*.corp.example", "fd00::1"]);
        for host in ["rag.example.com", "RAG.example.com.:443", "a.b.corp.example", "localhost", "[fd00::1]:8001"] {
            assert!(policy.admits(host), "{host}");
        }
        for host in ["example.com", "corp.example", ".corp.example", "xcorp.example", "evil.example"] {
            assert!(!policy.admits(host), "{host}");
        }
    }

    #[test]
    fn other_addresses_check_only_on_demand() {
        assert!(policy("0.0.0.0", &[]).admits("evil.example"));
        assert!(policy("192.0.2.1", &[]).admits(""));
        assert!(policy("127.0.0.1", &["*"]).admits("evil.example"));
        let named = policy("0.0.0.0", &["rag.example.com"]);
        assert!(named.admits("rag.example.com:8001") && named.admits("127.0.0.1"));
        assert!(!named.admits("evil.example"));
    }
}
