//! Whatever comes, the model goes on.

use proptest::prelude::*;

use super::*;
use crate::observe::{EndpointMetrics, Histogram, PercentilesMs, PoolClient, Upstream};

/// Numbers one after the other, over and over.
struct Dice(Vec<Option<f64>>, usize);

impl Dice {
    fn next(&mut self) -> Option<f64> {
        self.1 += 1;
        self.0[self.1 % self.0.len()]
    }

    fn some(&mut self) -> f64 {
        self.next().unwrap_or(0.0)
    }

    fn state(&mut self) -> Option<State> {
        self.next().map(|value| State::ALL[value.to_bits() as usize % 3])
    }

    fn times(&mut self) -> PercentilesMs {
        PercentilesMs { p50: self.next(), p95: self.next(), p99: self.next() }
    }

    fn breaker(&mut self) -> Breaker {
        let turn = |dice: &mut Self| {
            Some(StateTransition {
                at: dice.next()?,
                from: dice.state()?,
                to: dice.state()?,
                reason: "\u{1b}why".to_owned(),
            })
        };
        Breaker {
            state: self.state(),
            calls: self.next(),
            failures: self.next(),
            rejected: self.next(),
            consecutive_failures: self.next(),
            failure_threshold: self.next(),
            transitions: self.next(),
            opened: self.next(),
            closed: self.next(),
            retry_after_seconds: self.next(),
            since: self.next(),
            history: (0..3).filter_map(|_| turn(self)).collect(),
        }
    }

    fn traffic(&mut self) -> Traffic {
        let buckets = (0..3).map(|_| (self.some(), self.some())).collect();
        let latency = self.next().map(|count| Histogram { buckets, count });
        Traffic {
            questions: self.next(),
            errors: self.next(),
            degraded: self.next(),
            failovers: self.next(),
            sentences: self.next(),
            supported: self.next(),
            unsupported: self.next(),
            latency,
        }
    }

    fn pool(&mut self) -> Pool {
        let endpoint = EndpointMetrics { requests: self.next(), errors: self.next(), latency_ms: self.times() };
        Pool {
            maxsize: self.next(),
            requests: self.next(),
            opened: self.next(),
            open: self.next(),
            in_use: self.next(),
            idle: self.next(),
            waiting: self.next(),
            reuse_rate: self.next(),
            wait_ms: self.times(),
            retries: self.next(),
            endpoints: [("/api/chat".to_owned(), endpoint)].into(),
            clients: ["a_client", "b_client"].map(|name| (name.to_owned(), self.client())).into(),
        }
    }

    fn client(&mut self) -> PoolClient {
        PoolClient {
            requests: self.next(),
            maxsize: self.next(),
            in_use: self.next(),
            idle: self.next(),
            waiting: self.next(),
        }
    }

    fn upstream(&mut self, name: &str) -> Upstream {
        Upstream {
            name: name.to_owned(),
            model: self.next().map(|value| value.to_string()),
            healthy: self.next().map(|value| value > 0.0),
            asked: self.next().map(|value| value > 0.0),
            error: self.next().map(|value| format!("\u{1b}{value}")),
        }
    }

    fn cache(&mut self) -> Cache {
        Cache {
            enabled: self.next().map(|value| value > 0.0),
            hits: self.next(),
            exact: self.next(),
            semantic: self.next(),
            misses: self.next(),
            refused: self.next(),
            evictions: self.next(),
            evictions_per_minute: self.next(),
            size: self.next(),
            max_size: self.next(),
            fill: self.next(),
        }
    }

    fn health(&mut self) -> Health {
        Health {
            status: self.next().map(|value| value.to_string()),
            version: None,
            uptime_seconds: self.next(),
            upstream: self.next().map(|value| value > 0.0),
            database: self.next().map(|value| value > 0.0),
            documents: self.next(),
            cpu_percent: self.next(),
            memory_percent: self.next(),
            disk_percent: self.next(),
        }
    }

    fn observation(&mut self) -> Observation {
        let names = ["a_client", "b_client_embed"];
        let process = Process {
            resident_bytes: self.next(),
            cpu_seconds: self.next(),
            open_fds: self.next(),
            started: self.next(),
        };
        let sync = crate::observe::FileSync {
            queued: self.next(),
            failed: self.next(),
            held: self.next(),
            oldest_seconds: self.next(),
            done: self.next(),
            failures: self.next(),
            reindex_documents: self.next(),
            sparse_chunks: self.next(),
        };
        Observation {
            health: self.next().map(|_| self.health()),
            upstreams: ["a", "b", "c\n"]
                .into_iter()
                .filter_map(|name| self.next().map(|_| self.upstream(name)))
                .collect(),
            breakers: names
                .into_iter()
                .filter_map(|name| self.next().map(|_| (name.to_owned(), self.breaker())))
                .collect(),
            pool: self.next().map(|_| self.pool()),
            cache: self.next().map(|_| self.cache()),
            traffic: self.next().map(|_| self.traffic()),
            process: self.next().map(|_| process),
            sync: self.next().map(|_| sync),
            clock: self.next(),
            took_ms: self.next(),
            notes: self.next().map(|value| value.to_string()).into_iter().collect(),
        }
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0_u32..2_000).prop_map(f64::from),
        2 => (-100_i64..100).prop_map(|seconds| after(seconds * 30).0 as f64 / 1e3),
        2 => 0.0..1.0_f64,
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0, 0.0]),
    ]
}

fn observation() -> impl Strategy<Value = Observation> {
    let numbers = prop::collection::vec(prop::option::weighted(0.85, number()), 127);
    (numbers, 0_usize..127).prop_map(|(numbers, at)| Dice(numbers, at).observation())
}

fn moment() -> impl Strategy<Value = UnixMillis> {
    prop_oneof![
        12 => (-50_i64..5_000).prop_map(after),
        1 => (-300_000_000_000_000_i64..300_000_000_000_000).prop_map(UnixMillis),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(Trouble::Unreachable("x".to_owned())),
        Just(Trouble::Late("5 s".to_owned())),
        any::<u16>().prop_map(Trouble::Status),
        Just(Trouble::Foreign("a web page".to_owned())),
        Just(Trouble::TooLarge(8)),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        prop::sample::select(vec![
            Action::Quit,
            Action::Help,
            Action::Refresh,
            Action::Freeze,
            Action::Faster,
            Action::Slower,
            Action::NextTarget,
            Action::PreviousTarget,
            Action::Follow,
            Action::ZoomIn,
            Action::ZoomOut,
            Action::Filter,
            Action::Erase,
            Action::Enter,
            Action::Escape,
            Action::Acknowledge,
            Action::Export,
            Action::Jump { forward: true },
            Action::Jump { forward: false },
        ]),
        prop_oneof![0_usize..6, any::<usize>()].prop_map(Action::Target),
        prop_oneof![-200_i64..200, any::<i64>()].prop_map(Action::Step),
        prop_oneof![-30_i64..30, any::<i64>()].prop_map(Action::Scroll),
        number().prop_map(Action::Point),
        any::<char>().prop_map(Action::Type),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    let target = || prop_oneof![9 => 0_usize..4, 1 => any::<usize>()];
    let told = (target(), moment(), observation());
    let silent = (target(), moment(), trouble());
    prop_oneof![
        6 => told.prop_map(|(target, at, seen)| Message::Polled { target, at, result: Box::new(Ok(seen)) }),
        2 => silent.prop_map(|(target, at, why)| Message::Polled { target, at, result: Box::new(Err(why)) }),
        1 => Just(Message::Tick),
        1 => (0_u8..9).prop_map(|n| Message::Watched(format!("http://late-{n}:1"))),
        1 => any::<u16>().prop_map(Message::Columns),
        1 => ".*".prop_map(Message::Say),
        8 => action().prop_map(Message::Act),
    ]
}

/// Asks everything that a screen asks.
fn check(model: &Model) -> Result<(), TestCaseError> {
    prop_assert!(model.selected < model.targets.len().max(1));
    let lines = model.log_lines().count();
    prop_assert!(model.scroll == 0 || model.scroll < lines, "{} of {}", model.scroll, lines);
    prop_assert!(model.present() <= model.now());
    let (severity, text) = model.diagnosis();
    prop_assert!(!text.is_empty() && !text.contains(char::is_control), "{:?} {:?}", severity, text);
    let times: Vec<UnixMillis> = model.log.events().map(|event| event.at).collect();
    prop_assert!(times.is_sorted());
    prop_assert!(model.log.events().all(|event| !event.text.contains(char::is_control)));
    let (from, to) = model.window.bounds(model.present());
    for (index, target) in model.targets.iter().enumerate() {
        for window in [Duration::ZERO, MINUTES(5), Duration::MAX] {
            for metric in Metric::ALL.iter().copied() {
                target.metric(metric, window, model.shown());
            }
        }
        let columns = target.history.columns(from, to, 60);
        for row in columns.into_iter().flatten() {
            let counts = [Field::Questions, Field::Hits, Field::Calls, Field::Requests];
            prop_assert!(counts.into_iter().all(|field| row.get(field).is_none_or(f64::is_finite)));
        }
        target.breakers.values().for_each(|line| drop((line.columns(from, to, 60), line.shares(from, to))));
        target.upstreams.columns(from, to, 60);
        prop_assert!(target.upstreams.all_away(from, to) <= to.since(from));
        model.seen(index);
        target.freshness(model.present());
        target.state_at(model.shown());
    }
    model.notice();
    model.silent();
    model.alerts.active();
    Ok(())
}

proptest! {
    #[test]
    fn whatever_comes_the_model_goes_on(
        targets in 0_usize..4,
        once in any::<bool>(),
        messages in prop::collection::vec((message(), moment()), 0..50),
    ) {
        let urls: Vec<String> = (0..targets).map(|n| format!("http://host-{n}:1")).collect();
        let mut model = Model::new(&urls, INTERVAL, Rules::builtin(), START);
        if once {
            model = model.once();
        }
        for (message, now) in messages {
            let before = model.now();
            model.update(message, now);
            prop_assert!(model.now() >= before);
            check(&model)?;
        }
    }

    #[test]
    fn rising_counters_are_never_lost_nor_made_up(
        steps in prop::collection::vec((1_u32..100, 0_u32..1_000), 2..60),
    ) {
        let mut model = watch();
        let (mut at, mut sum) = (0, 0.0);
        tell(&mut model, 0, 0, asked(0.0));
        for (seconds, more) in steps {
            at += i64::from(seconds);
            sum += f64::from(more);
            tell(&mut model, 0, at, asked(sum));
        }
        let rows = model.targets[0].history.rows();
        let counted: f64 = rows.filter_map(|row| row.get(Field::Questions)).sum();
        prop_assert_eq!((counted, crate::monitor::model::history::sum(model.targets[0].history.rows()).unwrap().get(Field::Questions)), (sum, Some(sum)));
    }
}
