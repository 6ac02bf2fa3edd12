//! Fills a server's cache: asks it the questions of a file.

use futures::{StreamExt, stream};

use crate::{client::Client, wire::AskRequest};

/// Counts of the questions by what happened to them.
#[derive(Debug, Default)]
pub struct WarmReport {
    /// Questions that were asked.
    pub asked: usize,
    /// Those whose answer was in the cache already.
    pub known: usize,
    /// Those with a degraded answer, which is not kept.
    pub degraded: usize,
    /// Those without an answer, and why.
    pub failed: Vec<(String, String)>,
}

impl WarmReport {
    /// Questions whose answers are in the cache now and were not before.
    pub fn kept(&self) -> usize {
        self.asked - self.known - self.degraded - self.failed.len()
    }
}

/// Asks a server all questions, so many at once; `on_answer` is called after each.
pub async fn warm(
    client: &Client,
    questions: Vec<String>,
    db: Option<&str>,
    concurrency: usize,
    on_answer: impl Fn(),
) -> WarmReport {
    let on_answer = &on_answer;
    let ask = async |text: String| {
        let db = db.map(str::to_owned);
        let request = AskRequest { query: Some(text.clone()), db, ..AskRequest::default() };
        let answer = client.query(&request, false).await;
        on_answer();
        (text, answer)
    };
    let mut report = WarmReport { asked: questions.len(), ..WarmReport::default() };
    let mut answers = std::pin::pin!(stream::iter(questions.into_iter().map(&ask)).buffer_unordered(concurrency));
    while let Some((question, answer)) = answers.next().await {
        match answer {
            Ok(answer) => {
                report.known += usize::from(answer.cache_hit);
                report.degraded += usize::from(answer.degraded);
            }
            Err(error) => report.failed.push((question, format!("{error:#}"))),
        }
    }
    report
}
