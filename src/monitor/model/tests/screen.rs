//! What the user does, and what the screen shows then.

use super::*;
use crate::monitor::situations::{breaker_open, healthy, last_poll, one_stale};

/// A target that changes the state of its breaker with every poll, and so fills the log.
fn eventful(polls: i64) -> Model {
    let mut model = calm(&["http://a:1", "http://B:1"]);
    (0..=polls).for_each(|poll| eventful_poll(&mut model, poll));
    model
}

fn eventful_poll(model: &mut Model, poll: i64) {
    let state = if poll % 2 == 0 { Closed } else { Open };
    tell(model, 0, poll * 30, breaker(state, &[]));
}

fn top(model: &Model) -> UnixMillis {
    model.log_lines().nth(model.scroll).unwrap().at
}

#[test]
fn a_frozen_screen_stands_still_while_the_model_goes_on() {
    let mut model = eventful(10);
    act(&mut model, Action::Freeze);
    let shown = |model: &Model| {
        let lines: Vec<String> = model.log_lines().map(|event| event.text.clone()).collect();
        (model.present(), model.shown(), model.seen(0).cloned(), lines, model.diagnosis())
    };
    let before = shown(&model);
    for poll in 11..20 {
        tell(&mut model, 0, poll * 30, breaker(Open, &[]));
    }
    fail(&mut model, 0, 600);
    assert_eq!(shown(&model), before);
    assert_eq!((model.targets[0].history.rows().len(), model.polls), (21, 21), "nothing is lost");
    act(&mut model, Action::Freeze);
    assert_eq!(model.present(), after(600));
    assert_ne!(shown(&model), before);
    assert!(model.frozen.is_none());
}

#[test]
fn a_target_that_is_new_since_the_screen_was_frozen_is_not_shown() {
    let mut model = eventful(3);
    act(&mut model, Action::Freeze);
    let number = model.number_of("http://c:1");
    tell(&mut model, number, 200, asked(1.0));
    act(&mut model, Action::Target(number));
    assert_eq!((model.seen(number), model.diagnosis_of(number).0), (None, None));
}

#[test]
fn the_cursor_shows_the_past() {
    let mut model = healthy();
    model.update(Message::Columns(60), model.now());
    assert_eq!(model.window.span(), MINUTES(30));
    assert!(model.seen(0).is_some());
    act(&mut model, Action::Step(-10));
    assert_eq!(model.shown(), model.now() - MINUTES(5));
    assert_eq!(model.seen(0), None, "what was told last is not what was told then");
    let row = model.targets[0].history.at(model.shown()).unwrap();
    assert!(row.get(Field::Questions).is_some() && model.shown().since(row.at) < INTERVAL);
    act(&mut model, Action::Step(10));
    assert!(model.window.follows() && model.seen(0).is_some());
    act(&mut model, Action::Point(0.5));
    // The window ends with a whole column.
    let off = model.shown().since(model.now() - MINUTES(15));
    assert!(off < MINUTES(30) / 60, "{off:?}");
    act(&mut model, Action::Point(f64::NAN));
    act(&mut model, Action::Follow);
    assert_eq!(model.shown(), model.now());
}

#[test]
fn the_cursor_jumps_from_event_to_event() {
    let mut model = breaker_open();
    let at = |seconds| last_poll() - Duration::from_secs(seconds);
    let mut stops = Vec::new();
    for _ in 0..20 {
        act(&mut model, Action::Jump { forward: false });
        stops.push(model.shown());
    }
    stops.dedup();
    assert!(stops.is_sorted_by(|later, earlier| later > earlier), "{stops:?}");
    assert!([20, 21, 81, 82, 112].map(at).iter().all(|turn| stops.contains(turn)), "{stops:?}");
    assert_eq!(model.notice(), Some("nothing happened before"));
    act(&mut model, Action::Jump { forward: true });
    assert_eq!(stops.last(), Some(&at(112)));
    assert!(model.shown() > at(112));
    (0..20).for_each(|_| drop(act(&mut model, Action::Jump { forward: true })));
    assert!(model.window.follows(), "behind the last event is the present");
}

#[test]
fn jumps_find_the_events_of_the_shown_target_only() {
    let mut model = eventful(6);
    act(&mut model, Action::NextTarget);
    act(&mut model, Action::Jump { forward: false });
    assert!(model.window.follows());
    assert_eq!(model.notice(), Some("nothing happened before"));
}

#[test]
fn targets_are_asked_more_often_and_less() {
    let mut model = watch();
    let every = |seconds| [Effect::Interval(Duration::from_secs(seconds))];
    assert_eq!(act(&mut model, Action::Slower), every(60));
    assert_eq!(act(&mut model, Action::Faster), every(30));
    assert_eq!(act(&mut model, Action::Faster), every(15));
    assert_eq!((model.interval, model.targets[0].interval), (Duration::from_secs(15), Duration::from_secs(15)));
    assert_eq!(model.notice(), Some("every 15 s"));
    (0..10).for_each(|_| drop(act(&mut model, Action::Faster)));
    assert_eq!((act(&mut model, Action::Faster), model.notice()), (Vec::new(), Some("every 1 s is the shortest")));
    (0..10).for_each(|_| drop(act(&mut model, Action::Slower)));
    assert_eq!((model.interval.as_secs(), model.notice()), (300, Some("every 5 min is the longest")));
}

#[test]
fn to_ask_more_often_makes_no_gap() {
    let mut model = watch();
    tell(&mut model, 0, 0, asked(0.0));
    tell(&mut model, 0, 30, asked(30.0));
    (0..5).for_each(|_| drop(act(&mut model, Action::Faster)));
    assert_eq!(model.interval.as_secs(), 1);
    assert_eq!(model.targets[0].freshness(after(50)), Freshness::Fresh, "it was to be asked at 60");
    tell(&mut model, 0, 60, asked(60.0));
    assert_eq!(last(&model).begin(), after(30));
    assert_eq!(model.targets[0].freshness(after(64)), Freshness::Stale, "from now on it is asked every second");
}

#[test]
fn targets_are_chosen_in_turn_and_by_number() {
    let mut model = one_stale();
    let mut chosen = Vec::new();
    for action in
        [Action::NextTarget, Action::NextTarget, Action::NextTarget, Action::PreviousTarget, Action::Target(1)]
    {
        act(&mut model, action);
        chosen.push(model.selected);
    }
    assert_eq!(chosen, [1, 2, 0, 2, 1]);
    act(&mut model, Action::Target(3));
    assert_eq!((model.selected, model.notice()), (1, Some("there is no target 4")));
    act(&mut model, Action::Target(usize::MAX));
    let mut nobody = watching(&[]);
    for action in [Action::NextTarget, Action::PreviousTarget, Action::Target(0), Action::Jump { forward: false }] {
        act(&mut nobody, action);
    }
    assert_eq!((nobody.selected, nobody.target().is_none()), (0, true));
    assert_eq!(nobody.diagnosis().1, "nothing is watched");
}

#[test]
fn the_filter_is_typed_and_given_up() {
    let mut model = eventful(10);
    fail(&mut model, 1, 301);
    let lines = |model: &Model| model.log_lines().count();
    assert_eq!(lines(&model), 11);
    act(&mut model, Action::Scroll(-5));
    act(&mut model, Action::Filter);
    assert_eq!((model.typing, model.scroll), (true, 0));
    for c in "OPEN →x\u{1b}".chars() {
        act(&mut model, Action::Type(c));
    }
    assert_eq!((model.filter.as_str(), lines(&model)), ("OPEN →x", 0));
    act(&mut model, Action::Erase);
    assert_eq!(lines(&model), 5, "capitals or not");
    assert_eq!(act(&mut model, Action::NextTarget), []);
    assert_eq!(model.selected, 0, "keys are text now");
    assert_eq!(act(&mut model, Action::Quit), [Effect::Quit]);
    act(&mut model, Action::Enter);
    assert_eq!((model.typing, lines(&model)), (false, 5));
    act(&mut model, Action::Type('z'));
    assert_eq!(model.filter, "OPEN →");
    act(&mut model, Action::Filter);
    act(&mut model, Action::Escape);
    assert_eq!((model.typing, lines(&model)), (false, 11));
    model.filter = "b:1".to_owned();
    assert_eq!(lines(&model), 1, "the name of a target finds its events");
    act(&mut model, Action::Filter);
    (0..200).for_each(|_| drop(act(&mut model, Action::Type('ä'))));
    assert_eq!(model.filter.chars().count(), 80);
}

#[test]
fn who_reads_the_past_keeps_the_place() {
    let mut model = eventful(20);
    act(&mut model, Action::Scroll(-5));
    let place = top(&model);
    (21..30).for_each(|poll| eventful_poll(&mut model, poll));
    assert_eq!((model.scroll, top(&model)), (14, place));
    // What happened long ago is told now, and belongs below.
    let turn = [(100, Closed, Open, "late")];
    tell(&mut model, 1, 900, breaker(Open, &turn));
    assert_eq!(top(&model), place);
    act(&mut model, Action::Scroll(1_000));
    assert_eq!(model.scroll, 0);
    act(&mut model, Action::Scroll(i64::MIN));
    assert_eq!(model.scroll, model.log_lines().count() - 1);
    act(&mut model, Action::Scroll(i64::MAX));
    eventful_poll(&mut model, 31);
    assert_eq!(model.scroll, 0, "who is at the top stays there");
}

#[test]
fn what_a_still_screen_does_not_show_does_not_move_it() {
    for still in [Action::Freeze, Action::Point(0.9)] {
        let mut model = eventful(40);
        act(&mut model, still);
        act(&mut model, Action::Scroll(-3));
        let place = top(&model);
        (41..60).for_each(|poll| eventful_poll(&mut model, poll));
        assert_eq!((model.scroll, top(&model)), (3, place));
    }
}

#[test]
fn the_log_is_never_scrolled_out_of_sight() {
    let mut model = eventful(40);
    act(&mut model, Action::Scroll(-39));
    act(&mut model, Action::Point(0.5));
    assert!(model.scroll < model.log_lines().count(), "fewer events had happened by then");
}

#[test]
fn alerts_are_acknowledged() {
    let mut model = breaker_open();
    let firing = model.alerts.active().len();
    assert!(firing > 1);
    act(&mut model, Action::Acknowledge);
    assert_eq!(model.notice(), Some(format!("{firing} alerts acknowledged").as_str()));
    assert!(model.alerts.active().iter().all(|alert| alert.acknowledged));
    act(&mut model, Action::Acknowledge);
    assert_eq!(model.notice(), Some("no alert to acknowledge"));
}

#[test]
fn a_notice_stands_for_a_while() {
    let mut model = watch();
    model.update(Message::Say("written".to_owned()), START);
    model.update(Message::Tick, after(4));
    assert_eq!(model.notice(), Some("written"));
    model.update(Message::Tick, after(5));
    assert_eq!(model.notice(), None);
}

#[test]
fn escape_gives_up_one_thing_at_a_time() {
    let mut model = eventful(20);
    act(&mut model, Action::Freeze);
    model.filter = "open".to_owned();
    act(&mut model, Action::Scroll(-2));
    act(&mut model, Action::Step(-1));
    act(&mut model, Action::Help);
    let state = |model: &Model| {
        [model.help, !model.window.follows(), model.scroll > 0, !model.filter.is_empty(), model.frozen.is_some()]
    };
    for left in (0..=5).rev() {
        assert_eq!(state(&model).into_iter().filter(|on| *on).count(), left);
        assert!(state(&model)[5 - left..].iter().all(|on| *on));
        act(&mut model, Action::Escape);
    }
}

#[test]
fn what_the_shell_has_to_do_is_said() {
    let mut model = watch();
    assert_eq!(act(&mut model, Action::Quit), [Effect::Quit]);
    assert_eq!(act(&mut model, Action::Refresh), [Effect::Refresh]);
    assert_eq!(act(&mut model, Action::Export), [Effect::Export]);
    let span = model.window.span();
    act(&mut model, Action::ZoomOut);
    assert!(model.window.span() > span);
    act(&mut model, Action::ZoomIn);
    assert_eq!(model.window.span(), span);
}
