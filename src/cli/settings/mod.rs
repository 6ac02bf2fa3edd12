//! Settings: flags over environment over `.env` over config file over defaults, checked once, then plain values.
//!
//! Below this module nothing knows where a value came from.

pub mod keys;
mod layers;
mod parse;
mod report;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use etcetera::BaseStrategy;
use secrecy::SecretString;
use url::Url;

pub use layers::{Layers, Origin, Resolved};
pub use report::{SettingReport, example, report};

use crate::{
    model::{DbName, Method},
    providers::ProviderKind,
    rag::{FusionChoice, chunk::ChunkParams},
};

/// Name of the config file in the working directory and in the user's config folder.
pub const FILE_NAME: &str = "ragctl.toml";

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the DBs.
    pub data_dir: PathBuf,
    /// DB of requests that name none.
    pub db: DbName,
    /// How to serve.
    pub server: ServerSettings,
    /// Who embeds and answers.
    pub provider: ProviderSettings,
    /// How documents are cut.
    pub chunking: ChunkParams,
    /// How questions are searched.
    pub retrieval: RetrievalSettings,
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address.
    pub host: String,
    /// Port; 0 picks a free one.
    pub port: u16,
    /// Documents to ingest at start.
    pub docs: Vec<PathBuf>,
    /// Folders that ingestion may read.
    pub docs_roots: Vec<PathBuf>,
    /// How long requests may go on after a signal to stop.
    pub shutdown_grace: Duration,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
}

/// Who embeds and answers.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The choice; `None` is `auto`.
    pub choice: Option<ProviderKind>,
    /// Where Ollama is.
    pub ollama_url: Url,
    /// Its model that answers.
    pub llm_model: String,
    /// Its model that embeds, or the folder of a static one.
    pub embed_model: String,
    /// Key of the OpenAI-compatible server.
    pub openai_api_key: Option<SecretString>,
    /// Where it is.
    pub openai_base_url: Url,
    /// Whether somebody said where it is, or gave a key: only then it is used.
    pub openai_configured: bool,
    /// Its model that answers.
    pub openai_model: String,
    /// Its model that embeds.
    pub openai_embed_model: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence.
    pub read_timeout: Duration,
}

/// How questions are searched that do not say.
#[derive(Debug, Clone, Copy)]
pub struct RetrievalSettings {
    /// Search method.
    pub method: Method,
    /// Contexts of an answer.
    pub k: usize,
    /// Fusion of hybrid search.
    pub fusion: FusionChoice,
}

/// Settings that cannot be used. Never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is out of range or of the wrong type.
    #[error("{origin}: {key} = {value:?}, but it must be {takes}")]
    Value {
        /// Who said it.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// What was said.
        value: String,
        /// What it takes.
        takes: &'static str,
    },
    /// The file has a key that means nothing.
    #[error("file {}: unknown key \"{key}\"; {hint}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What was meant, perhaps.
        hint: String,
    },
    /// The file is not TOML.
    #[error("file {} is not TOML: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Settings {
    /// Checks resolved values.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn new(resolved: &[Resolved]) -> Result<Self, SettingsError> {
        let values = parse::Values::new(resolved);
        let chunking = ChunkParams {
            size: values.number("chunking.size", 100..=8_000)?,
            overlap: values.number("chunking.overlap", 0..=4_000)?,
        };
        if chunking.overlap * 2 > chunking.size {
            return Err(values.refused("chunking.overlap"));
        }
        Ok(Self {
            data_dir: values.text("data_dir")?.into(),
            db: values.parsed("db")?,
            server: ServerSettings {
                host: values.text("server.host")?,
                port: values.number("server.port", 0..=65_535)?,
                docs: values.paths("server.docs"),
                docs_roots: values.paths("server.docs_root"),
                shutdown_grace: values.duration("server.shutdown_grace")?,
                max_body_bytes: values.number("server.max_body_bytes", 1_024..=1 << 30)?,
                cors_origins: values.list("server.cors_origins"),
            },
            provider: ProviderSettings {
                choice: match values.text("provider.name")?.as_str() {
                    "auto" => None,
                    _ => Some(values.parsed("provider.name")?),
                },
                ollama_url: values.url("provider.ollama_url")?,
                llm_model: values.text("provider.llm_model")?,
                embed_model: values.text("provider.embed_model")?,
                openai_api_key: values.optional("provider.openai_api_key").map(SecretString::from),
                openai_base_url: values.url("provider.openai_base_url")?,
                openai_configured: ["provider.openai_api_key", "provider.openai_base_url"]
                    .iter()
                    .any(|key| values.was_said(key)),
                openai_model: values.text("provider.openai_model")?,
                openai_embed_model: values.text("provider.openai_embed_model")?,
                connect_timeout: values.seconds("provider.connect_timeout", 0.1..=300.0)?,
                read_timeout: values.seconds("provider.read_timeout", 0.1..=3_600.0)?,
            },
            chunking,
            retrieval: RetrievalSettings {
                method: values.parsed("retrieval.method")?,
                k: values.number("retrieval.k", 1..=50)?,
                fusion: FusionChoice {
                    rrf: values.truth("retrieval.rrf_enable")?,
                    rrf_k: Some(values.number("retrieval.rrf_k", 1..=1_000)?),
                    bm25_weight: values.share("retrieval.bm25_weight")?,
                },
            },
        })
    }
}

/// Reads the layers of this process: its environment, `.env` and the config file of the working directory.
///
/// # Errors
/// When a file that was asked for, or that is there, cannot be read.
pub fn load(config: Option<&Path>, flags: HashMap<&'static str, Vec<String>>) -> Result<Layers, SettingsError> {
    let environment: HashMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok(Layers { flags, environment, dotenv: read_dotenv(Path::new(".env"))?, file: read_config(config)? })
}

fn read_dotenv(path: &Path) -> Result<HashMap<String, String>, SettingsError> {
    if !path.is_file() {
        return Ok(HashMap::new());
    }
    let fail = |error: dotenvy::Error| match error {
        dotenvy::Error::Io(source) => SettingsError::Io { path: path.to_owned(), source },
        // Its text quotes the line, which may hold a secret.
        _ => SettingsError::Syntax { path: path.to_owned(), detail: "a line is not NAME=VALUE".into() },
    };
    dotenvy::from_path_iter(path).map_err(fail)?.collect::<Result<_, _>>().map_err(fail)
}

fn read_config(asked_for: Option<&Path>) -> Result<Option<(PathBuf, String)>, SettingsError> {
    let in_user_folder = || Some(etcetera::choose_base_strategy().ok()?.config_dir().join("ragctl").join(FILE_NAME));
    let path = match asked_for {
        Some(path) => path.to_owned(),
        None => {
            let candidates = [Some(PathBuf::from(FILE_NAME)), in_user_folder()];
            match candidates.into_iter().flatten().find(|path| path.is_file()) {
                Some(path) => path,
                None => return Ok(None),
            }
        }
    };
    let text = fs::read_to_string(&path).map_err(|source| SettingsError::Io { path: path.clone(), source })?;
    Ok(Some((path, text)))
}
