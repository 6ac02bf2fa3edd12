//! When load is there: how many users or requests a second at each moment, and the instants of an open loop.
//!
//! All of it is known before the run and follows from the numbers and a seed; nothing here reads a clock.

use std::{fmt, time::Duration};

/// A length for runs that end by their number of requests.
pub const ENDLESS: Duration = Duration::from_secs(100 * 24 * 3_600);

/// A level over time, straight from point to point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    pieces: Vec<Segment>,
}

/// A part of a profile: from one level to another, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    start: f64,
    length: f64,
    from: f64,
    to: f64,
}

impl Segment {
    fn level(&self, at: f64) -> f64 {
        let share = if self.length > 0.0 { ((at - self.start) / self.length).clamp(0.0, 1.0) } else { 1.0 };
        self.from + (self.to - self.from) * share
    }

    /// The integral of the level up to `into` seconds after the start.
    fn sum(&self, into: f64) -> f64 {
        self.from * into + (self.to - self.from) / (2.0 * self.length) * into * into
    }

    /// Seconds after the start at which the integral reaches `sum`; within the piece.
    fn reach(&self, sum: f64) -> f64 {
        if sum <= 0.0 {
            return 0.0;
        }
        let slope = (self.to - self.from) / self.length;
        if slope.abs() < 1e-12 {
            return sum / self.from;
        }
        // The root of from·x + slope/2·x² = sum that lies in the piece, in a form that loses no digits.
        let root = (self.from * self.from + 2.0 * slope * sum).max(0.0).sqrt();
        2.0 * sum / (self.from + root)
    }
}

impl Profile {
    /// A profile without a part.
    pub const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    /// One level for this long.
    pub fn constant(level: f64, length: Duration) -> Self {
        Self::new().then(level, level, length)
    }

    /// With a further part, from one level to another.
    #[must_use]
    pub fn then(mut self, from: f64, to: f64, length: Duration) -> Self {
        self.pieces.push(Segment { start: self.length().as_secs_f64(), length: length.as_secs_f64(), from, to });
        self
    }

    /// Its length.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.pieces.last().map_or(0.0, |piece| piece.start + piece.length))
    }

    /// The highest level.
    pub fn highest(&self) -> f64 {
        self.pieces.iter().flat_map(|piece| [piece.from, piece.to]).fold(0.0, f64::max)
    }

    /// The level at a moment; 0 after its end.
    pub fn level(&self, at: Duration) -> f64 {
        self.piece(at.as_secs_f64()).map_or(0.0, |piece| piece.level(at.as_secs_f64()))
    }

    fn piece(&self, at: f64) -> Option<&Segment> {
        self.pieces.iter().find(|piece| at < piece.start + piece.length)
    }

    /// Whether user `number` (from 0) is there at this moment; if not, when it comes next. `None`: never again.
    pub fn next_send(&self, number: usize, at: Duration) -> Option<NextSend> {
        let (seconds, wanted) = (at.as_secs_f64(), number as f64 + 1.0);
        let mut now = seconds;
        for piece in self.pieces.iter().filter(|piece| seconds < piece.start + piece.length) {
            now = now.max(piece.start);
            // Somebody who is there at half a user is there: a ramp from 1 to 2 has its second user in the middle.
            let reached = |at: f64| piece.level(at).round() >= wanted;
            if reached(now) {
                return Some(if now <= seconds { NextSend::Now } else { NextSend::At(Duration::from_secs_f64(now)) });
            }
            if piece.to > piece.from && piece.to.round() >= wanted {
                let at = piece.start + piece.length * (wanted - 0.5 - piece.from) / (piece.to - piece.from);
                return Some(NextSend::At(Duration::from_secs_f64(at.max(now)) + Duration::from_nanos(100)));
            }
        }
        None
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Segment { length, from, to, .. }) in self.pieces.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let time = if *length >= ENDLESS.as_secs_f64() { String::new() } else { format!(" for {length} s") };
            let level = if from == to { from.to_string() } else { format!("{from} to {to}") };
            write!(f, "{comma}{level}{time}")?;
        }
        Ok(())
    }
}

/// When a user may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextSend {
    /// At once.
    Now,
    /// Not before this moment.
    At(Duration),
}

/// The distribution of the distances between requests of an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// As if independent people sent them: the distances are exponentially distributed.
    Poisson,
}

impl Arrivals {
    /// Its name in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

/// The instants of an open loop, from the start of the run, in order.
///
/// The level of the profile is the rate; its integral is the number of requests so far, which is inverted: at the next
/// whole number for constant arrivals, after an exponentially distributed step for Poisson ones.
#[derive(Debug, Clone)]
pub struct Schedule {
    profile: Profile,
    arrivals: Arrivals,
    random: fastrand::Rng,
    piece: usize,
    /// Requests before the current piece.
    before: f64,
    /// Requests until the next one.
    next: f64,
}

impl Schedule {
    /// The instants for a rate.
    pub fn new(rate: Profile, arrivals: Arrivals, seed: u64) -> Self {
        let mut schedule =
            Self { profile: rate, arrivals, random: fastrand::Rng::with_seed(seed), piece: 0, before: 0.0, next: 0.0 };
        if arrivals == Arrivals::Poisson {
            schedule.next = schedule.step();
        }
        schedule
    }

    fn step(&mut self) -> f64 {
        match self.arrivals {
            Arrivals::Constant => 1.0,
            Arrivals::Poisson => -(1.0 - self.random.f64()).ln(),
        }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let piece = self.profile.pieces.get(self.piece)?;
            let into = self.next - self.before;
            let whole = piece.sum(piece.length);
            if piece.length > 0.0 && into < whole {
                let at = piece.start + piece.reach(into);
                self.next += self.step();
                return Some(Duration::from_secs_f64(at));
            }
            self.before += if piece.length > 0.0 { whole } else { 0.0 };
            self.piece += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_constant_rate_is_evenly_spread() {
        let instants: Vec<_> = Schedule::new(Profile::constant(4.0, s(2)), Arrivals::Constant, 1).collect();
        let wanted: Vec<_> = (0..8).map(|n| Duration::from_millis(250 * n)).collect();
        assert_eq!(instants, wanted);
    }

    #[test]
    fn a_ramp_grows_as_its_integral_does() {
        let ramp = Profile::new().then(0.0, 100.0, s(10));
        let instants: Vec<_> = Schedule::new(ramp, Arrivals::Constant, 1).collect();
        assert_eq!(instants.len(), 500);
        // After half the time a quarter has come.
        assert_eq!(instants.iter().filter(|at| **at < s(5)).count(), 125);
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_their_spread() {
        let instants: Vec<_> = Schedule::new(Profile::constant(1_000.0, s(60)), Arrivals::Poisson, 7).collect();
        // Standard deviation of the count: 245.
        assert!((59_000..61_000).contains(&instants.len()), "{}", instants.len());
        let gaps: Vec<f64> = instants.windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((0.97..1.03).contains(&(deviation / mean)), "of an exponential distribution they are equal");
    }

    #[test]
    fn users_come_and_go_with_the_level() {
        let profile = Profile::constant(2.0, s(10)).then(2.0, 4.0, s(10)).then(1.0, 1.0, s(10));
        assert_eq!(profile.next_send(0, s(3)), Some(NextSend::Now));
        assert_eq!(profile.next_send(1, s(3)), Some(NextSend::Now));
        let Some(NextSend::At(at)) = profile.next_send(2, s(3)) else { panic!("the third comes in the ramp") };
        assert!((at.as_secs_f64() - 12.5).abs() < 0.001, "{at:?}");
        assert_eq!(profile.next_send(2, at), Some(NextSend::Now), "it need not ask again");
        assert_eq!(profile.next_send(3, s(20)), None);
        assert_eq!(profile.next_send(0, s(25)), Some(NextSend::Now));
        assert_eq!(profile.next_send(0, s(30)), None);
        assert_eq!((profile.length(), profile.highest(), profile.level(s(15))), (s(30), 4.0, 3.0));
    }

    proptest! {
        #[test]
        fn instants_are_in_order_within_the_profile_and_as_many_as_its_area(
            levels in prop::collection::vec((0.0f64..500.0, 0.0f64..500.0, 1u64..5_000), 1..6),
            poisson: bool,
            seed: u64,
        ) {
            let profile = levels
                .iter()
                .fold(Profile::new(), |p, (from, to, ms)| p.then(*from, *to, Duration::from_millis(*ms)));
            let area: f64 = levels.iter().map(|(from, to, ms)| (from + to) / 2.0 * *ms as f64 / 1_000.0).sum();
            let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
            let instants: Vec<_> = Schedule::new(profile.clone(), arrivals, seed).collect();
            prop_assert!(instants.is_sorted());
            prop_assert!(instants.last().is_none_or(|last| *last <= profile.length()));
            let off = (instants.len() as f64 - area).abs();
            prop_assert!(off <= if poisson { 6.0 * area.sqrt() + 8.0 } else { 1.0 }, "{} of {area}", instants.len());
        }

        #[test]
        fn a_user_that_waits_until_its_turn_has_its_turn(
            levels in prop::collection::vec((0u32..20, 0u32..20, 1u64..5_000), 1..6),
            user in 0usize..20,
            at in 0u64..20_000,
        ) {
            let profile = levels
                .iter()
                .fold(Profile::new(), |p, (from, to, ms)| p.then(f64::from(*from), f64::from(*to), Duration::from_millis(*ms)));
            if let Some(NextSend::At(later)) = profile.next_send(user, Duration::from_millis(at)) {
                prop_assert!(later > Duration::from_millis(at));
                prop_assert_eq!(profile.next_send(user, later), Some(NextSend::Now));
            }
        }
    }
}
