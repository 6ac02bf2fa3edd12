//! Flags of searches in several hops.

use clap::Args;

use super::{
    groups::put,
    settings::{
        Flags,
        keys::{long_help, short_help},
    },
};

/// Bounds of searches in several hops.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct MultihopArgs {
    /// Rounds.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("multihop.depth"), long_help = long_help("multihop.depth"))]
    pub multihop_depth: Option<String>,
    /// Sub-questions of a round.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("multihop.fanout"), long_help = long_help("multihop.fanout"))]
    pub multihop_fanout: Option<String>,
    /// Time of all rounds.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("multihop.time"), long_help = long_help("multihop.time"))]
    pub multihop_time: Option<String>,
}

impl MultihopArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "multihop.depth", self.multihop_depth.as_ref());
        put(flags, "multihop.fanout", self.multihop_fanout.as_ref());
        put(flags, "multihop.time", self.multihop_time.as_ref());
    }
}
