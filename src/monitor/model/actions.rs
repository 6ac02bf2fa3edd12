//! What the user wants, done.

use std::time::Duration;

use super::{Action, Effect, Frozen, Model, event::Event};
use crate::util::humanize::interval;

/// Intervals that `+` and `-` choose from, seconds.
const INTERVALS: [u64; 9] = [1, 2, 5, 10, 15, 30, 60, 120, 300];

impl Model {
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        if self.typing {
            return self.type_filter(action);
        }
        let present = self.present();
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Help => self.help = !self.help,
            Action::Refresh | Action::Faster | Action::Slower if self.replayed => {
                self.say("this is a recording; its pace is set with --speed".to_owned());
            }
            Action::Refresh => {
                self.say("asking all targets".to_owned());
                return vec![Effect::Refresh];
            }
            Action::Freeze => self.freeze(),
            Action::Faster | Action::Slower => return self.pace(action == Action::Faster),
            Action::NextTarget => self.select(self.selected + 1),
            Action::PreviousTarget => self.select((self.selected + self.targets.len()).saturating_sub(1)),
            Action::Target(number) if number < self.targets.len() => self.select(number),
            Action::Target(number) => self.say(format!("there is no target {}", number.saturating_add(1))),
            Action::Step(columns) => self.window.step(columns, present),
            Action::Point(share) => self.window.point(share, present),
            Action::Jump { forward } => self.jump(forward),
            Action::Follow => self.window.follow(),
            Action::ZoomIn => self.window.zoom(true, present),
            Action::ZoomOut => self.window.zoom(false, present),
            Action::Filter => (self.typing, self.scroll) = (true, 0),
            Action::Type(_) | Action::Erase | Action::Enter => {}
            Action::Escape => self.escape(),
            Action::Scroll(by) => self.scroll_log(by),
            Action::Acknowledge => {
                let known = self.alerts.acknowledge_all();
                self.say(match known {
                    0 => "no alert to acknowledge".to_owned(),
                    1 => "1 alert acknowledged".to_owned(),
                    many => format!("{many} alerts acknowledged"),
                });
            }
            Action::Export => return vec![Effect::Export],
        }
        Vec::new()
    }

    fn type_filter(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Type(c) if !c.is_control() && self.filter.chars().count() < 80 => self.filter.push(c),
            Action::Erase => drop(self.filter.pop()),
            Action::Enter => self.typing = false,
            Action::Escape => {
                self.typing = false;
                self.filter.clear();
            }
            Action::Quit => return vec![Effect::Quit],
            _ => {}
        }
        self.scroll = 0;
        Vec::new()
    }

    fn freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => {
                self.window.follow();
                None
            }
            None => Some(Frozen {
                at: self.now,
                polls: self.polls,
                targets: self.targets.clone(),
                alerts: self.alerts.clone(),
            }),
        };
    }

    fn pace(&mut self, faster: bool) -> Vec<Effect> {
        let now = self.interval.as_secs_f64();
        let wanted = match faster {
            true => INTERVALS.iter().rev().find(|seconds| (**seconds as f64) < now),
            false => INTERVALS.iter().find(|seconds| (**seconds as f64) > now),
        };
        let Some(seconds) = wanted else {
            self.say(format!(
                "every {} is the {}",
                interval(self.interval),
                if faster { "shortest" } else { "longest" }
            ));
            return Vec::new();
        };
        self.interval = Duration::from_secs(*seconds);
        for target in &mut self.targets {
            target.pace(self.interval);
        }
        self.say(format!("every {}", interval(self.interval)));
        vec![Effect::Interval(self.interval)]
    }

    fn select(&mut self, number: usize) {
        self.selected = number.checked_rem(self.targets.len()).unwrap_or(0);
    }

    /// Puts the cursor on the next event of the target that is shown, or the one before.
    fn jump(&mut self, forward: bool) {
        let (here, present) = (self.shown(), self.present());
        let of_target = |event: &&Event| event.target == Some(self.selected) && event.at <= present;
        let found = match forward {
            true => self.log.events().filter(of_target).map(|event| event.at).find(|at| *at > here),
            false => self.log.events().rev().filter(of_target).map(|event| event.at).find(|at| *at < here),
        };
        match found {
            Some(at) => self.window.put(at, present),
            None if forward => self.window.follow(),
            None => self.say("nothing happened before".to_owned()),
        }
    }

    fn escape(&mut self) {
        if self.help {
            self.help = false;
        } else if !self.window.follows() {
            self.window.follow();
        } else if self.scroll > 0 {
            self.scroll = 0;
        } else if !self.filter.is_empty() {
            self.filter.clear();
        } else if self.frozen.is_some() {
            self.freeze();
        }
    }

    fn scroll_log(&mut self, by: i64) {
        let wanted = (self.scroll as i64).saturating_sub(by).max(0);
        self.scroll = usize::try_from(wanted).unwrap_or(0).min(self.last_line());
    }
}
