//! Flags of `ragctl mock`.

use clap::Args;

use crate::mock::{Delay, FaultRule};

/// Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice.
///
/// Answers quote the contexts of the prompt, vectors of similar texts are similar, it reranks (/v1/rerank, /rerank), and the same seed gives the same run.
/// `POST /mock/faults` sets faults while it runs, `GET /mock/stats` counts what it received.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Faults: KIND[=VALUE][:OPERATION][@RATE][,FROM-UNTIL], where KIND is status=CODE[/RETRY_AFTER], reset, hang,\ndelay=TIME, stall=PIECES, truncate=PIECES, malformed, reported, empty, think, repeat, lie or slow-accept=TIME, and\nOPERATION is generate, embed, list or rerank.\n\nExamples:\n  ragctl mock --ttft lognormal:300ms,0.4 --token-rate 40\n  ragctl mock --fault status=503/2:generate@0.2 --fault hang,30s-60s\n  curl -X POST localhost:11434/mock/faults -H 'Content-Type: application/json' -d '{\"operation\":\"generate\",\"fault\":\"hang\"}'"
)]
pub struct MockArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: String,
    /// Port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 11434)]
    pub port: u16,
    /// Time to the first token: 300ms, uniform:100ms,400ms or lognormal:300ms,0.4
    #[arg(long, value_name = "TIME", default_value_t = Delay::NONE)]
    pub ttft: Delay,
    /// Tokens per second after the first (default: all at once)
    #[arg(long, value_name = "N", value_parser = rate)]
    pub token_rate: Option<f64>,
    /// Time to an answer that is not streamed, in the same forms
    #[arg(long, value_name = "TIME", default_value_t = Delay::NONE)]
    pub latency: Delay,
    /// Fault, in the form below; may be repeated, the first that applies happens
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<FaultRule>,
    /// Seed of the random choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|rate| (0.01..=1e6).contains(rate)).ok_or("a number from 0.01 to 1000000 is wanted")
}
