//! `ragctl mock`.

use anyhow::Context;
use tokio::net::TcpListener;

use super::serve::shutdown_signal;
use crate::{
    cli::{ExitStatus, MockArgs},
    mock::{MockSettings, MockUpstream},
};

pub(super) async fn run(args: MockArgs) -> anyhow::Result<ExitStatus> {
    let MockArgs { host, port, ttft, token_rate, latency, fault, seed } = args;
    let listener = TcpListener::bind((host.as_str(), port))
        .await
        .with_context(|| format!("cannot listen on {host}:{port}; choose a port with --port"))?;
    let settings = MockSettings { first_token: ttft, token_rate, latency, faults: fault, seed };
    let mock = MockUpstream::on(listener, settings).context("the listener has no address")?;
    eprintln!("listening on {} (Ollama) and {} (OpenAI)", mock.url(), mock.openai_url());
    shutdown_signal().await;
    eprintln!("{}", serde_json::to_string(&mock.stats())?);
    Ok(ExitStatus::Success)
}
