//! The one TLS configuration of all clients of this process.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

/// rustls with ring; the system's certificates decide whom to trust. They are read and parsed once a process, by the first
/// caller, which therefore blocks for some milliseconds: call it when a client is set up, not when a request is made.
///
/// # Errors
/// When the system's certificates cannot be used.
pub fn client_config() -> Result<ClientConfig, rustls::Error> {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(CONFIG.get_or_init(|| config).clone())
}
