//! The embedder that a generation was made by, whatever the settings name.

use anyhow::bail;

use super::parts::{self, Parts};
use crate::{cli::settings::Settings, providers::ProviderKind};

/// Parts that have the embedder of this id: those of the settings, or else of the settings with the model that the id names.
///
/// # Errors
/// When neither has it: the id does not say everything of an embedder, such as the folder of a static model.
pub(super) async fn parts_with(settings: &Settings, embedder: Option<&str>) -> anyhow::Result<Parts> {
    let mut tried = settings.clone();
    let parts = parts::build(&tried).await?;
    let Some(id) = embedder else { return Ok(parts) };
    let has = |parts: &Parts| parts.engine.models().embedder_ids().iter().any(|had| had == id);
    if has(&parts) {
        return Ok(parts);
    }
    if naming(&mut tried, id) {
        let parts = parts::build(&tried).await?;
        if has(&parts) {
            return Ok(parts);
        }
    }
    bail!(
        "a generation of DB \"{}\" was embedded with {id}, and that is not at hand; name it with --embedder, --embed-model and, where \
         it is another server than the LLM's, --embed-url",
        settings.db
    )
}

/// Names the model of an id in the settings. Returns whether the id says enough.
fn naming(settings: &mut Settings, id: &str) -> bool {
    let Some((kind, model)) = id.split_once(':') else { return false };
    let provider = &mut settings.provider;
    provider.embedder = match kind {
        "ollama" => Some(ProviderKind::Ollama),
        "openai" => Some(ProviderKind::OpenAi),
        // The compiled-in one: that of a folder has the settings already, or nobody knows where it is.
        "static" => Some(ProviderKind::Embedded),
        _ => return false,
    };
    if kind == "static" {
        provider.embed_model.clear();
    } else {
        model.clone_into(&mut provider.embed_model);
        model.clone_into(&mut provider.openai_embed_model);
        provider.embed_model_said = true;
    }
    true
}
