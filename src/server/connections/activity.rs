//! What one connection is doing, and how long it may go on with that.

use std::time::{Duration, Instant};

use crate::telemetry::CloseReason;

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From a connection's beginning, or the first byte of a further request, to the end of the request's head.
    pub(super) head: Duration,
    /// From an answer to the first byte of the next request.
    pub(super) idle: Duration,
    /// Longest silence within a body.
    pub(super) body_idle: Duration,
    /// For a whole body, besides what its size takes.
    pub(super) body_total: Duration,
    /// Bytes of a body in a second that are fast enough.
    pub(super) body_rate: u64,
    /// Longest time in which a client takes nothing of its answer.
    pub(super) write: Duration,
    /// For the rest of a body after the signal to stop.
    pub(super) body_at_stop: Duration,
    /// For the client to close its side after the server has closed its own.
    pub(super) linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            body_idle: Duration::from_secs(15),
            body_total: Duration::from_secs(60),
            body_rate: 16 << 10,
            write: Duration::from_secs(30),
            body_at_stop: Duration::from_secs(2),
            linger: Duration::from_secs(1),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing of a further request has come.
    Idle,
    /// The head of a request is awaited.
    Head,
    /// The body of a request is awaited.
    Body,
    /// A whole request has come, and its answer is made.
    InService,
    /// The answer is whole, and on its way to the client.
    Flushing,
}

/// What a connection is doing. The clock is handed in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Activity {
    phase: Phase,
    phase_since: Instant,
    /// Since when no request is in service; has no meaning when one is.
    waiting_since: Instant,
    /// Since when the client takes nothing.
    blocked_since: Option<Instant>,
    stopping_since: Option<Instant>,
}

impl Activity {
    /// A client has connected, and is to send a request.
    pub(super) fn connected(now: Instant) -> Self {
        Self { phase: Phase::Head, phase_since: now, waiting_since: now, blocked_since: None, stopping_since: None }
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        (self.phase, self.phase_since) = (phase, now);
    }

    /// Bytes came from the client.
    pub(super) fn received(&mut self, now: Instant) {
        if self.phase == Phase::Idle {
            self.enter(Phase::Head, now);
        }
    }

    /// A request's head is whole. Who sends whole heads does something, so that it counts as new if the body is missing.
    pub(super) fn request_begun(&mut self, has_body: bool, now: Instant) {
        self.enter(if has_body { Phase::Body } else { Phase::InService }, now);
        self.waiting_since = now;
    }

    /// A request's body is whole.
    pub(super) fn body_ended(&mut self, now: Instant) {
        if self.phase == Phase::Body {
            self.enter(Phase::InService, now);
        }
    }

    /// The last of an answer was handed over to be written.
    pub(super) fn answered(&mut self, now: Instant) {
        self.enter(Phase::Flushing, now);
    }

    /// Everything that there is to write is with the system.
    pub(super) fn flushed(&mut self, now: Instant) {
        if self.phase == Phase::Flushing {
            self.enter(Phase::Idle, now);
            self.waiting_since = now;
        }
    }

    /// The client took some of what is written, or nothing.
    pub(super) fn wrote(&mut self, some: bool, now: Instant) {
        self.blocked_since = if some { None } else { self.blocked_since.or(Some(now)) };
    }

    /// The server is to stop.
    pub(super) fn stop(&mut self, now: Instant) {
        self.stopping_since.get_or_insert(now);
    }

    /// Since when no request is in service, if none is.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        matches!(self.phase, Phase::Idle | Phase::Head | Phase::Body).then_some(self.waiting_since)
    }

    /// When the connection is to be closed if nothing changes, and why.
    ///
    /// The time for a body is kept where the body is read, because the client is told.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, CloseReason)> {
        let phase = match self.phase {
            Phase::Idle => Some((self.phase_since + limits.idle, CloseReason::IdleTimeout)),
            Phase::Head => Some((self.phase_since + limits.head, CloseReason::HeadTimeout)),
            Phase::Body | Phase::InService | Phase::Flushing => None,
        };
        let write = self.blocked_since.map(|since| (since + limits.write, CloseReason::WriteTimeout));
        let stop = self.stopping_since.and_then(|since| match self.phase {
            Phase::Idle | Phase::Head => Some((since, CloseReason::Shutdown)),
            Phase::Body => Some((since + limits.body_at_stop, CloseReason::Shutdown)),
            Phase::InService | Phase::Flushing => None,
        });
        [stop, phase, write].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

/// How the body of a request comes in.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyProgress {
    began: Instant,
    silent_since: Instant,
    bytes: u64,
}

impl BodyProgress {
    /// Its reader begins to wait for it.
    pub(super) fn begin(now: Instant) -> Self {
        Self { began: now, silent_since: now, bytes: 0 }
    }

    /// Some of it came.
    pub(super) fn received(&mut self, bytes: u64, now: Instant) {
        self.silent_since = now;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// When it is too slow, if nothing more comes. What has come counts: a length that was only announced is worth nothing.
    pub(super) fn deadline(&self, limits: &Limits) -> Instant {
        let for_size = Duration::from_secs(self.bytes / limits.body_rate.max(1));
        (self.silent_since + limits.body_idle).min(self.began + limits.body_total + for_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_head_has_its_time_whether_it_is_the_first_or_a_further_one() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut activity = Activity::connected(now);
        activity.received(now + seconds(14));
        assert_eq!(
            activity.deadline(&limits),
            Some((now + seconds(15), CloseReason::HeadTimeout)),
            "no byte renews it"
        );
        activity.request_begun(false, now + seconds(14));
        assert_eq!(activity.deadline(&limits), None, "an answer may take long");
        activity.answered(now + seconds(100));
        activity.flushed(now + seconds(101));
        assert_eq!(activity.deadline(&limits), Some((now + seconds(176), CloseReason::IdleTimeout)));
        activity.received(now + seconds(170));
        activity.received(now + seconds(180));
        assert_eq!(activity.deadline(&limits), Some((now + seconds(185), CloseReason::HeadTimeout)));
    }

    #[test]
    fn only_a_whole_request_is_in_service() {
        let now = Instant::now();
        let mut activity = Activity::connected(now);
        activity.received(now + seconds(1));
        assert_eq!(activity.waiting_since(), Some(now), "a byte makes nobody younger");
        activity.request_begun(true, now + seconds(2));
        assert_eq!(activity.waiting_since(), Some(now + seconds(2)), "a head does");
        activity.body_ended(now + seconds(3));
        assert_eq!(activity.waiting_since(), None);
        activity.answered(now + seconds(4));
        assert_eq!(activity.waiting_since(), None, "the answer is on its way");
        activity.flushed(now + seconds(5));
        assert_eq!(activity.waiting_since(), Some(now + seconds(5)));
        activity.flushed(now + seconds(9));
        assert_eq!(activity.waiting_since(), Some(now + seconds(5)));
    }

    #[test]
    fn a_client_that_takes_nothing_has_its_time_from_the_last_byte_that_it_took() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut activity = Activity::connected(now);
        activity.request_begun(false, now);
        activity.wrote(false, now + seconds(1));
        activity.wrote(false, now + seconds(20));
        assert_eq!(activity.deadline(&limits), Some((now + seconds(31), CloseReason::WriteTimeout)));
        activity.wrote(true, now + seconds(25));
        assert_eq!(activity.deadline(&limits), None, "a stream that is silent is not blocked");
        activity.wrote(false, now + seconds(26));
        assert_eq!(activity.deadline(&limits), Some((now + seconds(56), CloseReason::WriteTimeout)));
    }

    #[test]
    fn a_signal_to_stop_ends_what_waits_and_leaves_what_is_in_service() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut activity = Activity::connected(now);
        activity.stop(now + seconds(1));
        assert_eq!(activity.deadline(&limits), Some((now + seconds(1), CloseReason::Shutdown)));
        activity.request_begun(true, now);
        assert_eq!(activity.deadline(&limits), Some((now + seconds(3), CloseReason::Shutdown)), "a body may arrive");
        activity.body_ended(now);
        assert_eq!(activity.deadline(&limits), None);
        activity.answered(now);
        assert_eq!(activity.deadline(&limits), None);
        activity.flushed(now);
        assert_eq!(activity.deadline(&limits), Some((now + seconds(1), CloseReason::Shutdown)));
    }

    #[test]
    fn a_body_may_be_large_or_slow_but_not_silent() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut body = BodyProgress::begin(now);
        assert_eq!(body.deadline(&limits), now + seconds(15));
        for second in 1..=59 {
            body.received(1, now + seconds(second));
        }
        assert_eq!(body.deadline(&limits), now + seconds(60), "a drip is not enough");
        body.received(10 * limits.body_rate, now + seconds(59));
        assert_eq!(body.deadline(&limits), now + seconds(70));
    }
}
