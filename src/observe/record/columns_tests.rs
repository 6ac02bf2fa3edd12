use proptest::{option, prelude::*};

use super::*;
use crate::observe::{Histogram, StateTransition, record::samples};

fn text(poll: &Poll) -> String {
    String::from_utf8(write_poll(poll).unwrap()).unwrap()
}

fn columns() -> Columns {
    Columns::parse(&write_header().unwrap()).unwrap()
}

fn read(columns: &Columns, line: &str) -> Option<Poll> {
    match columns.read(line.trim_end().as_bytes()) {
        CsvRow::Poll(poll) => Some(*poll),
        _ => None,
    }
}

fn there(observation: Observation) -> Poll {
    Poll { result: Ok(observation), ..samples::poll(0) }
}

/// What has a column, and nothing else.
fn digest(mut all: Observation) -> Observation {
    let breaker = all.breakers.into_values().next().map(|breaker| Breaker {
        failure_threshold: None,
        opened: None,
        closed: None,
        retry_after_seconds: None,
        since: None,
        history: Vec::new(),
        ..breaker
    });
    all.breakers = breaker
        .filter(|breaker| *breaker != Breaker::default())
        .map(|one| (ALL_BREAKERS.to_owned(), one))
        .into_iter()
        .collect();
    let line = |text: String| Some(text.replace(char::is_control, " ")).filter(|text| !text.is_empty());
    all.health = all.health.map(|health| Health {
        status: health.status.and_then(line),
        version: health.version.and_then(line),
        upstream: None,
        database: None,
        documents: None,
        ..health
    });
    all.pool = all.pool.map(|pool| Pool {
        wait_ms: Default::default(),
        retries: None,
        endpoints: Default::default(),
        clients: Default::default(),
        ..pool
    });
    all.cache = all.cache.map(|cache| Cache { evictions_per_minute: None, ..cache });
    all.traffic = all.traffic.map(|traffic| Traffic {
        failovers: None,
        sentences: None,
        supported: None,
        unsupported: None,
        latency: None,
        ..traffic
    });
    all.process = all.process.map(|process| Process { open_fds: None, started: None, ..process });
    all.health = all.health.filter(|part| *part != Health::default());
    all.pool = all.pool.filter(|part| *part != Pool::default());
    all.cache = all.cache.filter(|part| *part != Cache::default());
    all.traffic = all.traffic.filter(|part| *part != Traffic::default());
    all.process = all.process.filter(|part| *part != Process::default());
    all.sync = all.sync.filter(|part| *part != crate::observe::FileSync::default());
    Observation { upstreams: Vec::new(), clock: None, took_ms: None, notes: Vec::new(), ..all }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn every_column_survives_being_written(
        mut all in samples::observation(any::<f64>().prop_filter("finite", |n| n.is_finite()).boxed()),
        trouble in option::weighted(0.2, samples::trouble()),
    ) {
        while all.breakers.len() > 1 {
            all.breakers.pop_last();
        }
        let result = trouble.map_or(Ok(all), Err);
        let poll = Poll { result, ..samples::poll(3) };
        let line = text(&poll);
        prop_assert_eq!(line.matches('\n').count(), 1);
        let expected = Poll { result: poll.result.map(digest), ..samples::poll(3) };
        prop_assert_eq!(read(&columns(), &line), Some(expected));
    }

    #[test]
    fn no_text_is_a_formula(text in samples::text()) {
        let safe = protect(&text);
        prop_assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        prop_assert_eq!(unprotect(&safe), text.replace(char::is_control, " "));
    }
}

#[test]
fn the_columns_are_those_that_others_rely_on() {
    let names = "schema,at,target,trouble,status,version,uptime_seconds,breaker_state,breaker_calls,\
                 breaker_failures,breaker_rejected,breaker_consecutive_failures,breaker_transitions,\
                 pool_maxsize,pool_requests,pool_opened,pool_open,pool_in_use,pool_idle,pool_waiting,\
                 pool_reuse_rate,cache_enabled,cache_hits,cache_exact,cache_semantic,cache_misses,cache_refused,cache_evictions,cache_size,cache_max_size,cache_fill,\
                 questions,errors,degraded,p50_ms,p95_ms,p99_ms,cpu_percent,memory_percent,disk_percent,\
                 resident_bytes,cpu_seconds,sync_queued,sync_failed,sync_held,sync_oldest_seconds,sync_done,sync_failures,reindex_documents,sparse_chunks\n";
    assert_eq!(String::from_utf8(write_header().unwrap()).unwrap(), names);
}

#[test]
fn breakers_become_one_that_is_as_bad_as_the_worst() {
    let one =
        Breaker { state: Some(State::Open), calls: Some(5.0), consecutive_failures: Some(3.0), ..Breaker::default() };
    let history = vec![StateTransition { at: 1.0, from: State::Closed, to: State::Open, reason: "x".into() }];
    let other = Breaker {
        state: Some(State::HalfOpen),
        calls: Some(7.0),
        failures: Some(2.0),
        consecutive_failures: Some(1.0),
        history,
        ..Breaker::default()
    };
    let breakers = [("llm".to_owned(), one), ("embed".to_owned(), other)].into();
    let line = text(&there(Observation { breakers, ..Observation::default() }));
    assert!(line.starts_with("1,2026-11-21T15:04:27Z,http://a:8000,,,,,open,12,2,,3,,,"), "{line}");
    let read = read(&columns(), &line).unwrap().result.unwrap();
    assert_eq!(read.breakers.keys().collect::<Vec<_>>(), [ALL_BREAKERS]);
    assert_eq!(read.worst(), Some(State::Open));
}

#[test]
fn percentiles_are_written_and_the_histogram_is_not_read_back() {
    let latency = Histogram { buckets: vec![(0.1, 50.0), (0.2, 100.0)], count: 100.0 };
    let traffic = Traffic { questions: Some(100.0), latency: Some(latency), ..Traffic::default() };
    let line = text(&there(Observation { traffic: Some(traffic), ..Observation::default() }));
    assert!(line.contains(",100,,,100,190,198,"), "{line}");
    let read = read(&columns(), &line).unwrap().result.unwrap();
    assert_eq!(read.traffic, Some(Traffic { questions: Some(100.0), ..Traffic::default() }));
}

#[test]
fn figures_that_are_no_numbers_are_not_known() {
    let process = Process { cpu_seconds: Some(f64::NAN), resident_bytes: Some(f64::INFINITY), ..Process::default() };
    let line = text(&there(Observation { process: Some(process), ..Observation::default() }));
    assert_eq!(read(&columns(), &line), Some(there(Observation::default())));
}

#[test]
fn columns_may_be_missing_moved_or_added() {
    let columns = Columns::parse(b"schema,mine,target,cache_hits,at").unwrap();
    let poll = read(&columns, "1,=whatever,http://a:8000,7,2026-11-21T15:04:27Z").unwrap();
    let cache = Cache { hits: Some(7.0), ..Cache::default() };
    assert_eq!(poll, there(Observation { cache: Some(cache), ..Observation::default() }));
    assert!(Columns::parse(b"schema,at,cache_hits").is_none());
    assert!(Columns::parse(b"at,schema,target").is_none());
}

#[test]
fn a_word_as_trouble_says_that_nobody_answered() {
    let columns = Columns::parse(b"schema,at,target,trouble").unwrap();
    let row = |cell: &str| read(&columns, &format!("1,2026-11-21T15:04:27Z,http://a,{cell}")).unwrap().result;
    assert_eq!(row("cable pulled"), Err(Trouble::Unreachable("cable pulled".into())));
    assert_eq!(row("\"{\"\"status\"\":503}\""), Err(Trouble::Status(503)));
    assert_eq!(row(""), Ok(Observation::default()));
}

#[test]
fn a_row_that_does_not_fit_is_damaged_and_a_later_one_is_told_apart() {
    let columns = Columns::parse(b"schema,at,target,breaker_state,cache_enabled,errors").unwrap();
    assert!(read(&columns, "1,2026-11-21T15:04:27Z,http://a,half_open,TRUE,7").is_some());
    for row in [
        "1,2026-11-21T15:04:27Z,http://a,open,true",
        "1,2026-11-21T15:04:27Z,http://a,open,true,7,8",
        "1,yesterday,http://a,open,true,7",
        "1,2026-11-21T15:04:27Z,,open,true,7",
        "1,2026-11-21T15:04:27Z,http://a,ajar,true,7",
        "1,2026-11-21T15:04:27Z,http://a,open,maybe,7",
        "1,2026-11-21T15:04:27Z,http://a,open,true,NaN",
        "one,2026-11-21T15:04:27Z,http://a,open,true,7",
        "\"1,2026-11-21T15:04:27Z,http://a,open,true,7",
    ] {
        assert!(matches!(columns.read(row.as_bytes()), CsvRow::Damaged), "{row}");
    }
    assert!(matches!(columns.read(b"2,,,,,"), CsvRow::Newer(2)));
}
