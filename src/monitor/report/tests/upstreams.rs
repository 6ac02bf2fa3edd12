//! Several upstreams over an hour.

use super::*;
use crate::observe::Upstream;

/// A well server that asks `big`, then `small`; each there or away, with its breaker closed or open; so many answers were
/// taken over.
fn told(number: u32, there: [bool; 2], taken_over: f64) -> Result<Observation, Trouble> {
    let mut seen = well(number);
    let names = ["big", "small"];
    let upstream = |(name, there): (&str, bool)| Upstream {
        name: name.to_owned(),
        model: Some(format!("{name} model")),
        healthy: Some(there),
        asked: Some(there),
        error: (!there).then(|| "connection refused | x".to_owned()),
    };
    let breaker = |(name, there): (&str, bool)| {
        let state = Some(if there { State::Closed } else { State::Open });
        (format!("{name}_client"), Breaker { state, ..Breaker::default() })
    };
    seen.upstreams = names.into_iter().zip(there).map(upstream).collect();
    seen.breakers = names.into_iter().zip(there).map(breaker).collect();
    seen.traffic.as_mut().unwrap().failovers = Some(taken_over);
    Ok(seen)
}

#[test]
fn one_that_was_away_while_another_answered_is_told_and_costs_no_target() {
    // Away from 15:15:00 to 15:30:00, of 60 minutes; 4 of 10 questions between two polls are taken over.
    let report = report_of(
        &hour(|number| {
            let away = (30..60).contains(&number);
            told(number, [!away, true], 4.0 * f64::from(number.clamp(30, 60) - 30))
        }),
        &["upstreams_there >= 1", "failovers <= 100"],
    );
    let server = &report.servers[0];
    assert_eq!((server.upstreams[0].availability(), server.upstreams[1].availability()), (Some(0.75), Some(1.0)));
    assert_eq!((server.without_upstream, server.upstreams[0].times), (Some(0.0), 1));
    let page = page(&report);
    assert_lines(
        &page,
        &[
            "| big | big model | 75.0 % | 0 % | 1 | 15 min |",
            "| small | small model | 100 % | 0 % | 0 | – |",
            "Answers that another upstream took over: 120, 2 a minute, 10.0 % of the questions. None was there for 0 % of the \
             known time.",
            "| breaker closed | ≥ 99 % of the time | 100 % of the known time, or another answered | met |",
            "| upstreams there, at least | `upstreams_there >= 1` | 1 | met |",
            "| answers taken over | `failovers <= 100` | 120 | **missed** |",
            "- **2026-11-21 15:15:00 UTC** (warning): 15 min",
            "  - upstream big was away for 15 min, others answered: connection refused &#124; x",
        ],
    );
    assert!(page.contains("alert upstream-away (warning)"), "{page}");
    assert_eq!(server.incidents.len(), 1);
    assert!(server.incidents[0].upstreams[0].replaced);
    assert_whole(&page);
}

#[test]
fn a_time_in_which_none_answered_is_an_outage() {
    // big from 15:15 to 15:30, small from 15:24 to 15:36: none for 6 minutes.
    let report =
        report_of(&hour(|number| told(number, [!(30..60).contains(&number), !(48..72).contains(&number)], 0.0)), &[]);
    let server = &report.servers[0];
    assert_eq!(server.without_upstream, Some(0.1));
    let page = page(&report);
    assert_lines(
        &page,
        &[
            "| breaker closed | ≥ 99 % of the time | 90.0 % of the known time, or another answered | **missed** |",
            "- **2026-11-21 15:15:00 UTC** (critical): 21 min",
            "  - upstream small was away for 12 min: connection refused &#124; x",
        ],
    );
    assert!(page.contains("alert no-upstream (critical)"), "{page}");
}

#[test]
fn of_one_upstream_nothing_is_told_that_its_breaker_does_not() {
    let one = |number| {
        told(number, [true; 2], 0.0).map(|mut seen| {
            seen.upstreams.truncate(1);
            seen
        })
    };
    let page = page(&report_of(&hour(one), &[]));
    assert!(!page.contains("Upstreams") && !page.contains("taken over"), "{page}");
}
