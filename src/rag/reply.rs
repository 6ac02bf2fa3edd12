//! A short reply of a model, waited for to its end.

use futures::StreamExt;

use crate::providers::{Ending, GenerationEvent, GenerationRequest, Generator, ProviderError};

/// What a model said.
pub(super) struct Reply {
    /// Its text, without its reasoning.
    pub(super) text: String,
    /// Why it ended.
    pub(super) ending: Ending,
}

/// Asks, and waits for the whole reply within the request's time.
///
/// # Errors
/// Why there is none; [`ProviderError::Deadline`].
pub(super) async fn whole(generator: &dyn Generator, request: GenerationRequest) -> Result<Reply, ProviderError> {
    let (call, provider) = (request.call.clone(), generator.provider());
    let said = async {
        let mut events = generator.generate(request).await?;
        let mut text = String::new();
        while let Some(event) = events.next().await {
            match event? {
                GenerationEvent::Text(piece) => text.push_str(&piece),
                GenerationEvent::Author(_) | GenerationEvent::Reasoning(_) => {}
                GenerationEvent::Restart => text.clear(),
                GenerationEvent::Done(stats) => return Ok(Reply { text, ending: stats.ending }),
            }
        }
        Err(ProviderError::Truncated { provider })
    };
    call.wait(said).await.unwrap_or(Err(ProviderError::Deadline))
}
