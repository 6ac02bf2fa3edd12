//! How much a model sees at once.
//!
//! Ollama cuts a prompt that is longer than its window without a word, and the instruction goes first. So it is asked for a
//! window that holds prompt and answer; and where none is large enough, the prompt is made to fit.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Message, tokens_of};

/// ContextWindow that Ollama has when nothing is asked for, since 2025; before it was half of that.
const USUAL: u32 = 4_096;

/// The largest window that is asked for while it is not known what the model was made for: memory grows with it.
const LARGEST_UNKNOWN: u32 = 32_768;

/// The largest window that is asked for at all without a setting.
const LARGEST: u32 = 131_072;

/// Tokens of an answer without a limit.
const USUAL_ANSWER: u32 = 1_024;

/// Tokens of a message beside its text.
const PER_MESSAGE: usize = 8;

/// How long a server that did not say is not asked again.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// The window of a model of an Ollama server.
#[derive(Debug)]
pub(super) struct ContextWindow {
    /// As a setting says.
    fixed: Option<u32>,
    /// The largest that was asked for. Each other one would make Ollama load the model again, so that it only grows.
    asked: AtomicU32,
    longest: Mutex<Option<(Instant, Option<u32>)>>,
}

impl ContextWindow {
    pub(super) fn new(fixed: Option<u32>) -> Self {
        Self { fixed, asked: AtomicU32::new(0), longest: Mutex::default() }
    }

    /// What the model was made for, asked once; `None` when nobody says.
    pub(super) async fn longest<F: Future<Output = Option<u32>>>(&self, ask: impl FnOnce() -> F) -> Option<u32> {
        let known = *self.longest.lock();
        match known {
            Some((_, Some(longest))) => return Some(longest),
            Some((asked, None)) if asked.elapsed() < ASK_AGAIN => return None,
            _ => {}
        }
        let longest = ask().await;
        *self.longest.lock() = Some((Instant::now(), longest));
        longest
    }

    /// Whether prompt and answer fit for certain: into the window of the setting, else into the usual one.
    pub(super) fn holds(&self, messages: &[Message], answer: Option<u32>) -> bool {
        match self.fixed {
            Some(window) => tokens(messages) <= room(window, answer),
            None => needed(messages, answer) <= USUAL,
        }
    }

    /// Tokens that a prompt may have.
    pub(super) fn prompt_tokens(&self, longest: Option<u32>, answer: Option<u32>) -> usize {
        let window = self.fixed.unwrap_or_else(|| longest.unwrap_or(LARGEST_UNKNOWN).min(LARGEST));
        room(window, answer)
    }

    /// The window to ask for, if another than the usual one is needed: the setting's, or a power of two that holds prompt and
    /// answer.
    pub(super) fn for_prompt(&self, messages: &[Message], answer: Option<u32>) -> Option<u32> {
        if self.fixed.is_some() {
            return self.fixed;
        }
        let needed = needed(messages, answer);
        let longest = self.longest.lock().and_then(|(_, longest)| longest);
        let most = longest.unwrap_or(LARGEST_UNKNOWN).min(LARGEST);
        let wanted = if needed <= USUAL { 0 } else { needed.checked_next_power_of_two().unwrap_or(most).min(most) };
        let asked = self.asked.fetch_max(wanted, Ordering::Relaxed).max(wanted);
        (asked > 0).then_some(asked)
    }
}

/// Tokens that are left for a prompt.
pub(super) fn room(window: u32, answer: Option<u32>) -> usize {
    // An answer that may fill the window leaves the prompt half of it.
    let answer = answer.unwrap_or(USUAL_ANSWER).min(window / 2);
    (window - answer) as usize
}

/// Tokens of a prompt and its answer.
fn needed(messages: &[Message], answer: Option<u32>) -> u32 {
    u32::try_from(tokens(messages)).unwrap_or(u32::MAX).saturating_add(answer.unwrap_or(USUAL_ANSWER))
}

/// Tokens of a prompt.
fn tokens(messages: &[Message]) -> usize {
    messages.iter().map(|message| tokens_of(&message.content) + PER_MESSAGE).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Role;

    fn prompt(words: usize) -> Vec<Message> {
        vec![Message { role: Role::User, content: "word ".repeat(words) }]
    }

    #[test]
    fn a_window_is_asked_for_when_the_usual_one_is_too_small_and_never_shrinks() {
        let window = ContextWindow::new(None);
        assert_eq!(window.for_prompt(&prompt(100), Some(1_024)), None);
        let large = window.for_prompt(&prompt(9_000), Some(1_024)).unwrap();
        assert!(large.is_power_of_two() && large >= 9_000 + 1_024);
        assert_eq!(window.for_prompt(&prompt(100), Some(1_024)), Some(large));
        assert_eq!(window.for_prompt(&prompt(900_000), None), Some(LARGEST_UNKNOWN));
        assert_eq!(ContextWindow::new(Some(2_048)).for_prompt(&prompt(9_000), None), Some(2_048));
    }

    #[tokio::test(start_paused = true)]
    async fn the_model_bounds_it_and_a_server_that_does_not_say_is_left_alone_for_a_while() {
        let window = ContextWindow::new(None);
        assert_eq!(window.longest(|| async { None }).await, None);
        assert_eq!(window.longest(|| async { Some(8_192) }).await, None, "asked a moment ago");
        tokio::time::advance(ASK_AGAIN).await;
        assert_eq!(window.longest(|| async { Some(8_192) }).await, Some(8_192));
        assert_eq!(window.for_prompt(&prompt(90_000), Some(1_024)), Some(8_192));
        assert_eq!(window.prompt_tokens(Some(8_192), Some(1_024)), 8_192 - 1_024);
        assert!(window.holds(&prompt(100), Some(1_024)) && !window.holds(&prompt(9_000), Some(1_024)));
        assert_eq!(room(1_000, Some(5_000)), 500);
    }
}
