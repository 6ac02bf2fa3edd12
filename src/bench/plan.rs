//! The plan of a run.

use std::{sync::Arc, time::Duration};

use super::{
    request::RequestPlan,
    schedule::{Arrivals, Profile},
    target::BenchTarget,
    workload::Workload,
};

/// The load: a closed or an open loop.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// Closed loop: so many users, each of which sends when its last answer has come.
    Users(Profile),
    /// Open loop: so many requests a second, whether answers come or not.
    Rate {
        /// Requests a second.
        profile: Profile,
        /// The distribution of the distances between requests.
        arrivals: Arrivals,
        /// Connections to send them over.
        connections: usize,
    },
}

impl Load {
    /// Level over time.
    pub const fn profile(&self) -> &Profile {
        match self {
            Self::Users(profile) | Self::Rate { profile, .. } => profile,
        }
    }

    /// Most requests that can be under way at once.
    pub fn connections(&self) -> usize {
        match self {
            Self::Users(profile) => (profile.highest().round() as usize).max(1),
            Self::Rate { connections, .. } => *connections,
        }
    }
}

/// A part of a run that is reported by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Its length.
    pub length: Duration,
}

/// The plan of a run: servers, requests, load, limits.
#[derive(Clone)]
pub struct RunPlan {
    /// Its name.
    pub name: String,
    /// Where requests go, in turn.
    pub targets: Vec<BenchTarget>,
    /// The form of a request.
    pub request: RequestPlan,
    /// The queries and their order.
    pub workload: Arc<Workload>,
    /// The load: a closed or an open loop.
    pub load: Load,
    /// The parts of it; their lengths add up to that of the load.
    pub stages: Vec<Stage>,
    /// Requests after which it ends.
    pub iterations: Option<u64>,
    /// Requests that are sent before and not measured.
    pub warmup: u64,
    /// Longest that a request may take from when it is sent.
    pub timeout: Duration,
    /// Longest that is waited for what is under way when the time is over.
    pub drain: Duration,
    /// Time without any answer, but with connections refused or broken, after which the server is taken for dead.
    pub give_up_after: Duration,
    /// Generator threads.
    pub threads: usize,
    /// Seed of the random choices.
    pub seed: u64,
}

impl RunPlan {
    /// When load ends, if it ends by time.
    pub fn length(&self) -> Option<Duration> {
        self.iterations.is_none().then(|| self.load.profile().length())
    }

    /// Threads for so many connections: more than one only when one would be the bottleneck. One sends 70,000 requests a second
    /// and more, and needs less CPU for each than two.
    pub fn threads_for(connections: usize) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cores.min(connections.div_ceil(64)).max(1)
    }
}
