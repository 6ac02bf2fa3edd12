//! The series of the server's connections.

use prometheus::{IntCounterVec, IntGauge, Registry};

use super::registry::{counter, registered};

/// Why the server closed a connection that its client would have kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// No whole head of a request came in time.
    HeadTimeout,
    /// The body of a request stopped, or came too slowly.
    BodyTimeout,
    /// No request came for long.
    IdleTimeout,
    /// The client did not read its answer.
    WriteTimeout,
    /// There were too many connections, and this one had been idle for longest.
    Evicted,
    /// There were too many connections, and all were busy.
    Refused,
    /// The server stops.
    Shutdown,
}

impl CloseReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::HeadTimeout,
        Self::BodyTimeout,
        Self::IdleTimeout,
        Self::WriteTimeout,
        Self::Evicted,
        Self::Refused,
        Self::Shutdown,
    ];

    /// As a label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HeadTimeout => "head_timeout",
            Self::BodyTimeout => "body_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::Evicted => "evicted",
            Self::Refused => "refused",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Counts connections.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    open: IntGauge,
    closed: IntCounterVec,
}

impl ConnectionMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let open = IntGauge::new("http_connections_open", "Connections of HTTP clients that are open.");
        let closed = counter(
            registry,
            "http_connections_closed_total",
            "Connections that the server closed, by reason; those that clients closed are not counted.",
            &["reason"],
        );
        for reason in CloseReason::ALL {
            closed.with_label_values(&[reason.as_str()]);
        }
        Self { open: registered(registry, open), closed }
    }

    /// A client has connected.
    pub fn opened(&self) {
        self.open.inc();
    }

    /// A connection that was [opened](Self::opened) is gone.
    pub fn gone(&self) {
        self.open.dec();
    }

    /// The server closed a connection.
    pub fn closed(&self, reason: CloseReason) {
        self.closed.with_label_values(&[reason.as_str()]).inc();
    }
}
