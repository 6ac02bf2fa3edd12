//! Where requests go: a URL resolved once, before the run, so that no name look-up is taken for the server's time.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;
use tokio_rustls::rustls::{self, pki_types::ServerName};

use crate::telemetry::ServiceUrl;

/// How long one address may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A server that load can be sent to.
#[derive(Clone)]
pub struct BenchTarget {
    /// The URL without credentials and path.
    pub base: String,
    /// Path before that of the endpoint; empty or `/prefix`.
    pub prefix: String,
    /// `Host` header.
    pub host: String,
    /// `Authorization` header, when the URL had credentials.
    pub authorization: Option<String>,
    /// The address that accepted.
    pub address: SocketAddr,
    /// For HTTPS.
    pub(super) tls: Option<(ServerName<'static>, Arc<rustls::ClientConfig>)>,
    /// Name look-up and connection attempts.
    pub resolution: Resolution,
}

/// The name look-up and connection attempts that led to the address of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Name or address in the URL.
    pub host: String,
    /// Look-up of the name.
    pub lookup: Duration,
    /// Every address, in the order of the system, with the time to a connection or why there was none.
    pub tried: Vec<(SocketAddr, Duration, Result<(), String>)>,
}

impl Resolution {
    /// Time lost on addresses that did not accept: what a client that tries them in order pays with every connection.
    pub fn detour(&self) -> Duration {
        self.tried.iter().filter(|(_, _, result)| result.is_err()).map(|(_, took, _)| *took).sum()
    }
}

/// Why a server cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The name cannot be resolved.
    #[error("{base}: the name \"{host}\" cannot be resolved ({reason}); check the URL")]
    Unknown {
        /// The URL.
        base: String,
        /// The name.
        host: String,
        /// The error of the resolver.
        reason: String,
    },
    /// No address accepts a connection.
    #[error("nothing answers at {base} ({tried}); start the server (`ragctl serve`), or name another with --url")]
    Down {
        /// The URL.
        base: String,
        /// Each address with its error.
        tried: String,
    },
    /// TLS cannot be set up.
    #[error("{base}: TLS cannot be set up ({reason})")]
    Tls {
        /// The URL.
        base: String,
        /// Why.
        reason: String,
    },
}

impl BenchTarget {
    /// Resolves URLs one after the other.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), for the first that fails.
    pub async fn resolve_all(urls: &[ServiceUrl]) -> Result<Vec<Self>, TargetError> {
        let mut targets = Vec::new();
        for url in urls {
            targets.push(Self::resolve(url).await?);
        }
        Ok(targets)
    }

    /// A sentence for each address that did not accept.
    pub fn refusals(&self) -> impl Iterator<Item = String> {
        let Resolution { host, tried, .. } = &self.resolution;
        tried.iter().filter_map(move |(address, took, result)| {
            let reason = result.as_ref().err()?;
            let took = took.as_secs_f64() * 1_000.0;
            Some(format!("{host}: {address} does not accept ({reason}, {took:.1} ms); using {}", self.address))
        })
    }

    /// Resolves a URL and finds the address that accepts, the first in the system's order, as a browser without
    /// happy eyeballs would.
    ///
    /// # Errors
    /// A name that is not known, or a server that does not accept.
    pub async fn resolve(url: &ServiceUrl) -> Result<Self, TargetError> {
        let (authorization, url) = (url.authorization(), url.bare());
        let base = url.origin().ascii_serialization();
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let unknown = |reason: String| TargetError::Unknown { base: base.clone(), host: host.clone(), reason };
        let started = Instant::now();
        let found = tokio::net::lookup_host((host.as_str(), port)).await.map_err(|error| unknown(error.to_string()))?;
        let mut resolution = Resolution { host: host.clone(), lookup: started.elapsed(), tried: Vec::new() };
        let mut accepted = None;
        for address in found {
            let started = Instant::now();
            let result = match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("no answer within {} s", CONNECT_WITHIN.as_secs())),
            };
            let done = result.is_ok();
            resolution.tried.push((address, started.elapsed(), result));
            if done {
                accepted = Some(address);
                break;
            }
        }
        let Some(address) = accepted else {
            let tried = resolution
                .tried
                .iter()
                .map(|(address, _, result)| format!("{address}: {}", result.as_ref().err().map_or("", String::as_str)));
            let tried: Vec<_> = tried.collect();
            let tried = if tried.is_empty() { "no address".to_owned() } else { tried.join(", ") };
            return Err(TargetError::Down { base, tried });
        };
        let tls = match url.scheme() {
            "https" => Some(tls(&host).map_err(|reason| TargetError::Tls { base: base.clone(), reason })?),
            _ => None,
        };
        let named = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| named.to_owned(), |port| format!("{named}:{port}"));
        let prefix = url.path().trim_end_matches('/').to_owned();
        Ok(Self { base, prefix, host, authorization, address, tls, resolution })
    }
}

fn tls(host: &str) -> Result<(ServerName<'static>, Arc<rustls::ClientConfig>), String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let config = crate::util::tls::client_config().map_err(|error| error.to_string())?;
    Ok((name, Arc::new(config)))
}
