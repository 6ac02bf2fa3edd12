//! How long a caller waits for a turn, as far as can be told from what slots were held for lately.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// Calls of one kind that are remembered.
const REMEMBERED: usize = 32;

/// How long they are: an upstream that was slow a while ago need not be so now.
const MEMORY: Duration = Duration::from_secs(60);

/// Callers ahead that are counted one by one; of a longer queue only so many count, which makes the estimate too short
/// rather than too long.
const COUNTED: usize = 10_000;

/// A caller in the queue, or a call that holds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u64);

/// Who holds slots, who waits, and how long calls took lately. No clock of its own; time must not run backwards.
///
/// The estimate is a lower bound of what is likely. A call that is under way longer than its kind usually takes counts
/// with the time that it has been held already, so that hung calls are noticed while they hang; when it will end is not
/// known, so the slot counts as free now. With nothing known the estimate is zero, and nobody is refused.
#[derive(Debug)]
pub(super) struct TurnEstimator {
    slots: usize,
    next: u64,
    /// What holds a slot, and since when.
    held: BTreeMap<Number, (&'static str, Instant)>,
    /// In the order of coming.
    queue: BTreeMap<Number, &'static str>,
    /// By kind, oldest first: when each call ended, and how long it had held its slot.
    recent: HashMap<&'static str, VecDeque<(Instant, Duration)>>,
}

impl TurnEstimator {
    /// Nobody waits, nothing is known. `slots` is at least 1.
    pub(super) fn new(slots: usize) -> Self {
        Self { slots: slots.max(1), next: 0, held: BTreeMap::new(), queue: BTreeMap::new(), recent: HashMap::new() }
    }

    fn number(&mut self) -> Number {
        self.next += 1;
        Number(self.next)
    }

    /// A call has a slot from now on.
    pub(super) fn begin(&mut self, kind: &'static str, now: Instant) -> Number {
        let number = self.number();
        self.held.insert(number, (kind, now));
        number
    }

    /// A call gives its slot back.
    pub(super) fn end(&mut self, number: Number, now: Instant) {
        let Some((kind, since)) = self.held.remove(&number) else { return };
        let recent = self.recent.entry(kind).or_default();
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back((now, now.saturating_duration_since(since)));
    }

    /// A caller waits at the end of the queue.
    pub(super) fn join(&mut self, kind: &'static str) -> Number {
        let number = self.number();
        self.queue.insert(number, kind);
        number
    }

    /// A caller waits no longer, be it because it has its turn.
    pub(super) fn leave(&mut self, number: Number) {
        self.queue.remove(&number);
    }

    /// How long a caller in the queue has to wait from now on, at least and as far as is known.
    pub(super) fn wait(&self, number: Number, now: Instant) -> Duration {
        let usual: HashMap<&'static str, Duration> = self.usual(now);
        let of = |kind: &str| usual.get(kind).copied().unwrap_or_default();
        let mut free_in: Vec<Duration> = self
            .held
            .values()
            .map(|(kind, since)| of(kind).saturating_sub(now.saturating_duration_since(*since)))
            .collect();
        // Slots that nobody holds are about to be taken by those who wait longest.
        free_in.resize(free_in.len().max(self.slots), Duration::ZERO);
        let ahead = self.queue.range(..number).take(COUNTED);
        let (mut count, mut work) = (0usize, Duration::ZERO);
        for (_, kind) in ahead {
            count += 1;
            work += of(kind);
        }
        // The queue moves in rounds of one caller a slot; in the last round our place decides.
        let slots = free_in.len();
        let (rounds, place) = (count / slots, count % slots);
        let (_, first_free, _) = free_in.select_nth_unstable(place);
        let round = if count == 0 { Duration::ZERO } else { work / u32::try_from(count).unwrap_or(u32::MAX) };
        *first_free + round.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
    }

    /// How long a caller would have to wait that came now.
    pub(super) fn wait_of_a_newcomer(&self, now: Instant) -> Duration {
        self.wait(Number(u64::MAX), now)
    }

    /// How long each kind of call takes: the mean of those that ended lately, and of those under way that are slower.
    fn usual(&self, now: Instant) -> HashMap<&'static str, Duration> {
        let mut sums: HashMap<&'static str, (Duration, u32)> = HashMap::new();
        for (kind, recent) in &self.recent {
            let fresh = recent.iter().filter(|(ended, _)| now.saturating_duration_since(*ended) <= MEMORY);
            let (sum, count) = fresh.fold((Duration::ZERO, 0), |(sum, count), (_, took)| (sum + *took, count + 1));
            sums.insert(kind, (sum, count));
        }
        let mean = |(sum, count): (Duration, u32)| if count == 0 { Duration::ZERO } else { sum / count };
        let ended: HashMap<&'static str, Duration> = sums.iter().map(|(kind, sum)| (*kind, mean(*sum))).collect();
        for (kind, since) in self.held.values() {
            let held = now.saturating_duration_since(*since);
            if held > ended.get(kind).copied().unwrap_or_default() {
                let (sum, count) = sums.entry(kind).or_default();
                *sum += held;
                *count += 1;
            }
        }
        sums.into_iter().map(|(kind, sum)| (kind, mean(sum))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// An estimator whose slots are all taken from `start` on by calls of a kind that took `usual` before.
    fn busy(slots: usize, usual: Option<Duration>, start: Instant) -> TurnEstimator {
        let mut turns = TurnEstimator::new(slots);
        if let Some(usual) = usual {
            let number = turns.begin("chat", start - usual);
            turns.end(number, start);
        }
        for _ in 0..slots {
            turns.begin("chat", start);
        }
        turns
    }

    #[test]
    fn the_queue_moves_in_rounds() {
        let start = Instant::now() + 100 * SECOND;
        let mut turns = busy(3, Some(2 * SECOND), start);
        let queue: Vec<Number> = (0..7).map(|_| turns.join("chat")).collect();
        let waits =
            |turns: &TurnEstimator, now| queue.iter().map(|n| turns.wait(*n, now).as_secs()).collect::<Vec<_>>();
        assert_eq!(waits(&turns, start), [2, 2, 2, 4, 4, 4, 6]);
        assert_eq!(turns.wait_of_a_newcomer(start).as_secs(), 6);
        assert_eq!(waits(&turns, start + SECOND), [1, 1, 1, 3, 3, 3, 5], "the calls under way have a second left");
        turns.leave(queue[0]);
        assert_eq!(turns.wait(queue[6], start).as_secs(), 4, "somebody ahead went away");
    }

    #[test]
    fn when_nothing_is_known_nobody_is_refused() {
        let start = Instant::now();
        let mut turns = busy(2, None, start);
        let last = (0..100).map(|_| turns.join("chat")).last().unwrap();
        assert_eq!(turns.wait(last, start), Duration::ZERO);
    }

    #[test]
    fn hung_calls_count_with_the_time_that_they_have_been_held() {
        let start = Instant::now() + 100 * SECOND;
        let mut turns = busy(2, Some(SECOND / 100), start);
        let queue: Vec<Number> = (0..5).map(|_| turns.join("chat")).collect();
        let now = start + 3 * SECOND;
        assert_eq!(turns.wait(queue[0], now), Duration::ZERO, "the next may come at any time");
        let last = turns.wait(queue[4], now);
        assert!(last > 3 * SECOND && last < 6 * SECOND, "{last:?}");
    }

    #[test]
    fn kinds_of_calls_do_not_spoil_each_others_estimate() {
        let start = Instant::now() + 100 * SECOND;
        let mut turns = TurnEstimator::new(1);
        for (kind, took) in [("chat", 20 * SECOND), ("embed", SECOND / 100)] {
            let number = turns.begin(kind, start - took);
            turns.end(number, start);
        }
        turns.begin("embed", start);
        let last = (0..10).map(|_| turns.join("embed")).last().unwrap();
        assert!(turns.wait(last, start) <= SECOND / 5);
        let behind_a_chat = (turns.join("chat"), turns.join("embed")).1;
        assert!(turns.wait(behind_a_chat, start) >= 20 * SECOND / 11);
    }

    #[test]
    fn what_was_slow_a_while_ago_is_forgotten() {
        let start = Instant::now() + 1_000 * SECOND;
        let mut turns = busy(1, Some(100 * SECOND), start);
        let first = turns.join("chat");
        assert_eq!(turns.wait(first, start), 100 * SECOND);
        let mut turns = busy(1, Some(100 * SECOND), start - 61 * SECOND);
        let (_, first) = (turns.join("chat"), turns.join("chat"));
        assert_eq!(turns.wait(first, start), 61 * SECOND, "only the call under way counts");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        Begin,
        End(usize),
        Join,
        Leave(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u64..5_000).prop_map(Step::Pass),
            Just(Step::Begin),
            (0usize..8).prop_map(Step::End),
            Just(Step::Join),
            (0usize..8).prop_map(Step::Leave),
        ]
    }

    proptest! {
        /// Who came later never has the shorter wait, as long as all calls are alike; and no estimate is longer than the
        /// longest call that was ever seen, times the rounds of the queue.
        #[test]
        fn estimates_are_ordered_and_bounded(slots in 1usize..6, steps in prop::collection::vec(step(), 1..120)) {
            let mut now = Instant::now();
            let mut turns = TurnEstimator::new(slots);
            let (mut held, mut queue, mut longest) = (Vec::new(), Vec::new(), Duration::ZERO);
            for step in steps {
                match step {
                    Step::Pass(ms) => now += Duration::from_millis(ms),
                    Step::Begin if held.len() < slots => held.push((turns.begin("chat", now), now)),
                    Step::End(n) if n < held.len() => {
                        let (number, since) = held.remove(n);
                        longest = longest.max(now - since);
                        turns.end(number, now);
                    }
                    Step::Join => queue.push(turns.join("chat")),
                    Step::Leave(n) if n < queue.len() => turns.leave(queue.remove(n)),
                    _ => {}
                }
                let under_way = held.iter().map(|(_, since)| now - *since).max().unwrap_or_default();
                let waits: Vec<Duration> = queue.iter().map(|number| turns.wait(*number, now)).collect();
                prop_assert!(waits.is_sorted(), "{waits:?}");
                for (ahead, wait) in waits.iter().enumerate() {
                    let rounds = u32::try_from(ahead / slots + 1).unwrap();
                    prop_assert!(*wait <= longest.max(under_way) * rounds + Duration::from_nanos(100), "{waits:?}");
                }
            }
        }

        /// When every call takes the same time, the estimate is what the wait turns out to be.
        #[test]
        fn steady_calls_are_foreseen(slots in 1usize..6, callers in 1usize..40, ms in 1u64..10_000) {
            let took = Duration::from_millis(ms);
            let mut now = Instant::now() + took;
            let start = now;
            let mut turns = TurnEstimator::new(slots);
            let known = turns.begin("chat", now - took);
            turns.end(known, now);
            let mut held: Vec<Number> = (0..slots).map(|_| turns.begin("chat", now)).collect();
            let mut queue: VecDeque<(Number, Duration)> = VecDeque::new();
            for _ in 0..callers {
                let number = turns.join("chat");
                queue.push_back((number, turns.wait(number, now)));
            }
            while !queue.is_empty() {
                now += took;
                for slot in &mut held {
                    turns.end(*slot, now);
                    if let Some((number, foreseen)) = queue.pop_front() {
                        turns.leave(number);
                        prop_assert_eq!(foreseen, now - start);
                    }
                    *slot = turns.begin("chat", now);
                }
            }
        }
    }
}
