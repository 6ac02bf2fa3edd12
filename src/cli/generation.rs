//! Flags about what is asked of an LLM.

use clap::{Args, ValueHint, builder::PossibleValuesParser};

use super::{
    groups::{put, put_list},
    settings::{
        Flags,
        keys::{choices, long_help, short_help},
    },
};

/// What is asked of an LLM besides its messages.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Generation")]
pub struct GenerationArgs {
    /// Most tokens.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("generation.max_tokens"), long_help = long_help("generation.max_tokens"))]
    pub max_tokens: Option<String>,
    /// Randomness.
    #[arg(long, value_name = "NUMBER")]
    #[arg(help = short_help("generation.temperature"), long_help = long_help("generation.temperature"))]
    pub temperature: Option<String>,
    /// Likeliest tokens.
    #[arg(long, value_name = "SHARE")]
    #[arg(help = short_help("generation.top_p"), long_help = long_help("generation.top_p"))]
    pub top_p: Option<String>,
    /// The same answer again.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("generation.seed"), long_help = long_help("generation.seed"))]
    pub seed: Option<String>,
    /// Ends of answers.
    #[arg(long, value_name = "TEXT")]
    #[arg(help = short_help("generation.stop"), long_help = long_help("generation.stop"))]
    pub stop: Vec<String>,
    /// The window.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("generation.num_ctx"), long_help = long_help("generation.num_ctx"))]
    pub num_ctx: Option<String>,
    /// Threads.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("generation.num_thread"), long_help = long_help("generation.num_thread"))]
    pub num_thread: Option<String>,
    /// Layers on the GPU.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("generation.num_gpu"), long_help = long_help("generation.num_gpu"))]
    pub num_gpu: Option<String>,
    /// How long the model stays loaded.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    #[arg(help = short_help("generation.keep_alive"), long_help = long_help("generation.keep_alive"))]
    pub keep_alive: Option<String>,
    /// Reasoning.
    #[arg(long, value_name = "EFFORT", value_parser = PossibleValuesParser::new(choices("generation.reasoning")))]
    #[arg(help = short_help("generation.reasoning"), long_help = long_help("generation.reasoning"))]
    pub reasoning: Option<String>,
    /// Further fields.
    #[arg(long, value_name = "JSON")]
    #[arg(help = short_help("generation.extra"), long_help = long_help("generation.extra"))]
    pub extra: Option<String>,
    /// Prompts.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(help = short_help("generation.prompts"), long_help = long_help("generation.prompts"))]
    pub prompts: Option<String>,
    /// Follow-ups.
    #[arg(long, value_name = "WHO", value_parser = PossibleValuesParser::new(choices("generation.condense")))]
    #[arg(help = short_help("generation.condense"), long_help = long_help("generation.condense"))]
    pub condense: Option<String>,
}

impl GenerationArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "generation.max_tokens", self.max_tokens.as_ref());
        put(flags, "generation.temperature", self.temperature.as_ref());
        put(flags, "generation.top_p", self.top_p.as_ref());
        put(flags, "generation.seed", self.seed.as_ref());
        put_list(flags, "generation.stop", &self.stop);
        put(flags, "generation.num_ctx", self.num_ctx.as_ref());
        put(flags, "generation.num_thread", self.num_thread.as_ref());
        put(flags, "generation.num_gpu", self.num_gpu.as_ref());
        put(flags, "generation.keep_alive", self.keep_alive.as_ref());
        put(flags, "generation.reasoning", self.reasoning.as_ref());
        put(flags, "generation.extra", self.extra.as_ref());
        put(flags, "generation.prompts", self.prompts.as_ref());
        put(flags, "generation.condense", self.condense.as_ref());
    }
}
