//! Availability is a share of the time, not of the polls.

use super::*;

/// An hour at a poll a second, as the poller asks: a server that is silent from second `begin` up to `end` is asked after
/// 1, 2, 4 and 8 s, then every 15 s.
fn seconds_of_an_hour(begin: u64, end: u64) -> Vec<Poll> {
    let (mut polls, mut second, mut failures) = (Vec::new(), 0, 0);
    while second <= 3_600 {
        let down = (begin..end).contains(&second);
        let result = if down { Err(Trouble::Status(503)) } else { Ok(well(polls.len() as u32)) };
        polls.push(Poll { at: UnixMillis(START) + Duration::from_secs(second), target: URL.to_owned(), result });
        failures = if down { failures + 1 } else { 0 };
        second += [1, 2, 4, 8].get(failures).unwrap_or(&15);
    }
    polls
}

fn report_of_seconds(polls: &[Poll], given: &[&str]) -> DeploymentReport {
    let mut builder = ReportBuilder::new(Rules::builtin());
    builder.open("hour.ndjson", &header(1.0));
    polls.iter().for_each(|poll| builder.take(poll));
    builder.close(false, 0);
    let given: Vec<Condition> = given.iter().map(|text| text.parse().unwrap()).collect();
    builder.finish(&given).unwrap()
}

#[test]
fn three_minutes_without_an_answer_are_as_long_as_they_were_however_seldom_it_was_asked() {
    // Polls at 1200, 1202, 1206, 1214, 1229, 1244, … 1379 fail: 15. That at 1394 is answered: 194 of 3,601 s.
    let report = report_of_seconds(&seconds_of_an_hour(1_200, 1_380), &["unreachable <= 0.05"]);
    let server = &report.servers[0];
    // 1,200 answers before, 2,207 after.
    assert_eq!(server.polls, [3_422, 15]);
    assert_eq!((server.watched.as_secs(), server.unreachable.as_secs()), (3_601, 194));
    assert_lines(
        &page(&report),
        &[
            "| availability | `unreachable <= 0.05` | 94.6 % of 1 h | **missed** |",
            "| gaps without polls | none |",
            "  - unreachable for 3 min 14 s (15 polls without an answer): answers HTTP 503",
        ],
    );
    // One second less, and the poll at 1379 finds it back: 179 of 3,601 s.
    let report = report_of_seconds(&seconds_of_an_hour(1_200, 1_379), &["unreachable <= 0.05"]);
    assert_lines(&page(&report), &["| availability | `unreachable <= 0.05` | 95.0 % of 1 h | met |"]);
}

#[test]
fn nobody_asking_is_no_outage_even_when_it_began_in_one() {
    // The monitor is away from 1379 to 1800, in the middle of an outage that ends at 2000.
    let mut polls = seconds_of_an_hour(1_200, 2_000);
    polls.retain(|poll| !(1_380..1_800).contains(&poll.at.since(UnixMillis(START)).as_secs()));
    let first = polls.iter().find(|poll| poll.at >= UnixMillis(START) + Duration::from_secs(1_800)).unwrap();
    // Every 15 s from 1214 on: 1814, … 1994, and 2009 is answered.
    assert_eq!(first.at, UnixMillis(START) + Duration::from_secs(1_814));
    let server = &report_of_seconds(&polls, &[]).servers[0];
    assert_eq!(server.gaps.0, 1);
    // 1200 to 1379 and a second, 1814 to 2009.
    assert_eq!(server.unreachable.as_secs(), 180 + 195);
    assert_eq!(server.watched.as_secs(), 3_601 - (1_814 - 1_380));
}

#[test]
fn a_server_that_never_answered_was_never_available() {
    let report = report_of(&hour(|_| Err(Trouble::Status(503))), &[]);
    assert_lines(&page(&report), &["| availability | ≥ 99.5 % | 0 % of 1 h | **missed** |"]);
}
