//! The state machine, step by step and by properties. Time is what the tests say it is.

use proptest::prelude::*;

use super::*;

fn at(start: Instant, seconds: f64) -> Instant {
    start + Duration::from_secs_f64(seconds)
}

/// One call, from permission to verdict, at one time.
fn call(breaker: &mut Breaker, verdict: CallOutcome, now: Instant) -> Result<(), Refused> {
    let (ticket, _) = breaker.acquire(now);
    breaker.settle(&ticket?, verdict, now, 0.0);
    Ok(())
}

fn opened(settings: BreakerSettings, start: Instant) -> Breaker {
    let mut breaker = Breaker::new(settings, start);
    for _ in 0..settings.failure_threshold {
        call(&mut breaker, CallOutcome::Failure, start).unwrap();
    }
    assert_eq!(breaker.state(), State::Open);
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_a_success_starts_the_count_anew() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerSettings::default(), start);
    for _ in 0..4 {
        call(&mut breaker, CallOutcome::Failure, start).unwrap();
    }
    call(&mut breaker, CallOutcome::Success, start).unwrap();
    for _ in 0..4 {
        assert_eq!(breaker.state(), State::Closed);
        call(&mut breaker, CallOutcome::Failure, start).unwrap();
    }
    // The ninth call, the eighth failure: not five in a row, and the window is not full yet.
    assert_eq!(breaker.state(), State::Closed);
    call(&mut breaker, CallOutcome::Failure, start).unwrap();
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn every_other_call_failing_opens_it_once_the_window_is_full() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerSettings::default(), start);
    for n in 0..9 {
        let verdict = if n % 2 == 0 { CallOutcome::Failure } else { CallOutcome::Success };
        call(&mut breaker, verdict, at(start, f64::from(n))).unwrap();
        assert_eq!(breaker.state(), State::Closed, "after call {n}");
    }
    let (ticket, _) = breaker.acquire(at(start, 9.0));
    let change = breaker.settle(&ticket.unwrap(), CallOutcome::Failure, at(start, 9.0), 0.0).unwrap();
    assert_eq!((change.to, change.reason.as_str()), (State::Open, "6 of the last 10 calls failed"));
}

#[test]
fn failures_older_than_a_minute_do_not_count() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerSettings { failure_threshold: 100, ..BreakerSettings::default() }, start);
    for _ in 0..9 {
        call(&mut breaker, CallOutcome::Failure, start).unwrap();
    }
    for n in 0..9 {
        call(&mut breaker, CallOutcome::Success, at(start, 61.0 + f64::from(n) / 10.0)).unwrap();
    }
    call(&mut breaker, CallOutcome::Failure, at(start, 62.0)).unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn it_stays_open_then_probes_then_closes() {
    let start = Instant::now();
    let mut breaker = opened(BreakerSettings::default(), start);
    let refused = call(&mut breaker, CallOutcome::Success, at(start, 10.0)).unwrap_err();
    assert_eq!(refused.retry_after, Duration::from_secs(20));
    call(&mut breaker, CallOutcome::Success, at(start, 30.0)).unwrap();
    assert_eq!(breaker.state(), State::HalfOpen);
    call(&mut breaker, CallOutcome::Success, at(start, 30.0)).unwrap();
    assert_eq!((breaker.state(), breaker.consecutive_failures()), (State::Closed, 0));
}

#[test]
fn each_failed_probe_doubles_the_time_up_to_five_minutes() {
    let start = Instant::now();
    let mut breaker = opened(BreakerSettings::default(), start);
    let mut now = start;
    for expected in [30, 60, 120, 240, 300, 300] {
        assert_eq!(breaker.open_for(now), Some(Duration::from_secs(expected)));
        now += Duration::from_secs(expected);
        call(&mut breaker, CallOutcome::Failure, now).unwrap();
        assert_eq!(breaker.state(), State::Open);
    }
    now += Duration::from_secs(300);
    for _ in 0..2 {
        call(&mut breaker, CallOutcome::Success, now).unwrap();
    }
    assert_eq!(breaker.state(), State::Closed);
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, now).unwrap();
    }
    assert_eq!(breaker.open_for(now), Some(Duration::from_secs(30)), "back to the first timeout after a close");
}

#[test]
fn probes_are_few_and_a_lost_one_frees_its_place() {
    let start = Instant::now();
    let settings = BreakerSettings { probe_deadline: Duration::from_secs(60), ..BreakerSettings::default() };
    let mut breaker = opened(settings, start);
    let now = at(start, 30.0);
    let first = breaker.acquire(now).0.unwrap();
    let _lost = (breaker.acquire(now).0.unwrap(), breaker.acquire(now).0.unwrap());
    assert!(breaker.acquire(now).0.is_err());
    breaker.settle(&first, CallOutcome::Ignored, now, 0.0);
    assert!(breaker.acquire(now).0.is_ok(), "a probe that says nothing gives its place back");
    assert!(breaker.acquire(now).0.is_err());
    assert!(breaker.acquire(at(start, 90.0)).0.is_ok(), "probes that never end do not block for ever");
}

#[test]
fn a_stream_from_before_the_trip_does_not_move_it() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerSettings::default(), start);
    let long = breaker.acquire(start).0.unwrap();
    for _ in 0..5 {
        call(&mut breaker, CallOutcome::Failure, start).unwrap();
    }
    let now = at(start, 31.0);
    let probe = breaker.acquire(now).0.unwrap();
    assert_eq!(breaker.settle(&long, CallOutcome::Failure, now, 0.0), None);
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.settle(&probe, CallOutcome::Success, now, 0.0);
    assert_eq!(breaker.state(), State::HalfOpen, "one success of two");
}

#[test]
fn overload_trips_only_when_it_goes_on() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerSettings::default(), start);
    for _ in 0..9 {
        call(&mut breaker, CallOutcome::Overload, start).unwrap();
    }
    call(&mut breaker, CallOutcome::Success, start).unwrap();
    for _ in 0..9 {
        call(&mut breaker, CallOutcome::Overload, start).unwrap();
    }
    assert_eq!(breaker.state(), State::Closed);
    call(&mut breaker, CallOutcome::Overload, start).unwrap();
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_hint_opens_the_door_for_probes_only() {
    let start = Instant::now();
    let mut breaker = opened(BreakerSettings::default(), start);
    assert!(breaker.hint_recovered().is_some());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(breaker.hint_recovered().is_none());
    call(&mut breaker, CallOutcome::Failure, start).unwrap();
    assert_eq!(breaker.state(), State::Open);
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Acquire,
    Settle(usize, CallOutcome),
    Forget(usize),
    Hint,
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        Just(CallOutcome::Success),
        Just(CallOutcome::Failure),
        Just(CallOutcome::Overload),
        Just(CallOutcome::Ignored)
    ];
    prop_oneof![
        2 => (0u64..40_000).prop_map(Step::Wait),
        6 => Just(Step::Acquire),
        6 => (0usize..8, verdict).prop_map(|(n, verdict)| Step::Settle(n, verdict)),
        1 => (0usize..8).prop_map(Step::Forget),
        1 => Just(Step::Hint),
    ]
}

proptest! {
    /// Whatever happens: only allowed changes, never more probes than allowed, and never stuck.
    #[test]
    fn no_history_gets_it_stuck(steps in prop::collection::vec(step(), 1..300), chance in 0.0f64..1.0) {
        let start = Instant::now();
        let settings = BreakerSettings { probe_deadline: Duration::from_secs(60), ..BreakerSettings::default() };
        let mut breaker = Breaker::new(settings, start);
        let (mut now, mut tickets, mut before) = (start, Vec::new(), State::Closed);
        for step in steps {
            let change = match step {
                Step::Wait(ms) => {
                    now += Duration::from_millis(ms);
                    None
                }
                Step::Acquire => {
                    let (ticket, change) = breaker.acquire(now);
                    tickets.extend(ticket.ok());
                    change
                }
                Step::Settle(n, verdict) if n < tickets.len() => {
                    let ticket = tickets.swap_remove(n);
                    breaker.settle(&ticket, verdict, now, chance)
                }
                Step::Forget(n) if n < tickets.len() => {
                    tickets.swap_remove(n);
                    None
                }
                Step::Hint => breaker.hint_recovered(),
                Step::Settle(..) | Step::Forget(_) => None,
            };
            match change {
                Some(change) => {
                    let allowed = [
                        (State::Closed, State::Open),
                        (State::Open, State::HalfOpen),
                        (State::HalfOpen, State::Open),
                        (State::HalfOpen, State::Closed),
                    ];
                    prop_assert!(allowed.contains(&(change.from, change.to)));
                    prop_assert_eq!(change.from, before);
                    prop_assert_eq!(change.to, breaker.state());
                }
                None => prop_assert_eq!(breaker.state(), before),
            }
            before = breaker.state();
            prop_assert!(breaker.probes.len() <= settings.half_open_max_calls as usize);
        }
        // The upstream is well again: within the longest timeout and a probe's deadline the breaker closes.
        now += LONGEST_TIMEOUT.mul_f64(1.0 + JITTER) + settings.probe_deadline;
        for _ in 0..settings.success_threshold.max(settings.window_size * 4) {
            prop_assert!(call(&mut breaker, CallOutcome::Success, now).is_ok());
        }
        prop_assert_eq!(breaker.state(), State::Closed);
    }
}
