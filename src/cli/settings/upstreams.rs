//! LLM servers as tables: `[[upstream]]` of a config file, or `name=…,dialect=…,url=…,model=…` on a command line.
//!
//! What a table leaves open is what the other settings say, so that they say it for all upstreams.

use std::{str::FromStr, time::Duration};

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    error::SettingsError,
    keys,
    kind::{json_object, truth},
    values::Values,
};
use crate::{
    providers::{
        GenerationOptions, ProviderKind, ReasoningEffort,
        settings::{HttpTimeouts, UpstreamSettings},
    },
    rag::settings::ResilienceSettings,
    resilience::RetrySettings,
    telemetry::{ServiceUrl, mask_url},
};

/// The setting.
pub(super) const KEY: &str = "upstream";

/// The field that holds a key, and the one that names the environment variable with it.
const API_KEY: &str = "api_key";
const API_KEY_ENV: &str = "api_key_env";

/// All fields of a table, in the order in which they are shown.
const FIELDS: [&str; 30] = [
    "name",
    "dialect",
    "url",
    API_KEY,
    API_KEY_ENV,
    "model",
    "embed_model",
    "weight",
    "connect_timeout",
    "read_timeout",
    "first_token_timeout",
    "load_timeout",
    "idle_timeout",
    "max_retries",
    "retry_backoff",
    "connections",
    "maxsize",
    "queue",
    "block",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "num_ctx",
    "num_thread",
    "num_gpu",
    "keep_alive",
    "reasoning",
    "extra",
];

/// Names that mean something else in requests.
const TAKEN: [&str; 4] = ["auto", "embedded", "embedding", "rerank"];

/// Longest name: it is a label of metrics.
const LONGEST_NAME: usize = 40;

/// Retries at an upstream that others stand behind: asking another one is the better retry.
const RETRIES_BEFORE_OTHERS: u32 = 1;

/// The fields of one upstream, as a table or as `field=value,…`; `None` when it is neither.
pub(super) fn fields(text: &str) -> Option<Map<String, Value>> {
    if text.trim_start().starts_with('{') {
        return json_object(text);
    }
    text.split(',')
        .map(|field| {
            let (name, value) = field.split_once('=')?;
            Some((name.trim().to_owned(), Value::from(value.trim())))
        })
        .collect()
}

/// An upstream as it may be shown: its key is masked.
pub(super) fn shown(text: &str) -> String {
    // What cannot be read may hold a key, too.
    let Some(fields) = fields(text) else { return "***".to_owned() };
    let value = |(name, value): (&String, &Value)| match (name.as_str(), value) {
        (API_KEY, _) => format!("{name}=***"),
        // A comma that was forgotten, or a field that was misspelt, must not show a key.
        (field, _) if !FIELDS.contains(&field) => format!("{name}=***"),
        (field, Value::String(text)) if field != "stop" && text.contains(char::is_whitespace) => format!("{name}=***"),
        ("url", Value::String(url)) => format!("{name}={}", mask_url(url)),
        (_, Value::String(text)) => format!("{name}={text}"),
        (_, other) => format!("{name}={other}"),
    };
    let place = |name: &str| FIELDS.iter().position(|field| *field == name);
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    fields.into_iter().map(value).collect::<Vec<_>>().join(",")
}

/// The same upstream with the key that is in the environment. A variable that is not set is told of later.
pub(super) fn with_key(text: String, variable: impl Fn(&str) -> Option<String>) -> String {
    let Some(mut fields) = fields(&text) else { return text };
    let Some(key) = fields.get(API_KEY_ENV).and_then(Value::as_str).and_then(variable) else { return text };
    fields.remove(API_KEY_ENV);
    fields.insert(API_KEY.to_owned(), Value::from(key));
    Value::Object(fields).to_string()
}

/// All upstreams, checked.
pub(super) fn upstreams(values: &Values<'_>, common: &Common<'_>) -> Result<Vec<UpstreamSettings>, SettingsError> {
    let texts = values.texts(KEY);
    let mut upstreams: Vec<UpstreamSettings> = Vec::new();
    for text in &texts {
        let refused = |detail: String| SettingsError::Refused {
            origin: values.origin(KEY),
            key: KEY,
            value: shown(text),
            detail,
        };
        let fields = fields(text).ok_or_else(|| refused("this is not field=value,field=value".into()))?;
        let upstream = Table(fields).upstream(common, texts.len() > 1).map_err(refused)?;
        if upstreams.iter().any(|other| other.name == upstream.name) {
            return Err(refused(format!("two upstreams are called {:?}; give each a name of its own", upstream.name)));
        }
        upstreams.push(upstream);
    }
    Ok(upstreams)
}

/// What holds for all upstreams.
pub(super) struct Common<'a> {
    pub(super) generation: &'a GenerationOptions,
    pub(super) ollama: HttpTimeouts,
    pub(super) openai: HttpTimeouts,
    pub(super) resilience: &'a ResilienceSettings,
}

impl Common<'_> {
    /// Timeouts of connections and retries of a dialect.
    fn of(&self, dialect: ProviderKind, others: bool) -> (HttpTimeouts, RetrySettings) {
        let http = if dialect == ProviderKind::OpenAi { self.openai } else { self.ollama };
        let mut retry = self.resilience.retry_of(dialect);
        if others {
            retry.most = retry.most.min(RETRIES_BEFORE_OTHERS);
        }
        (http, retry)
    }
}

/// The fields of one upstream that were not read yet.
struct Table(Map<String, Value>);

impl Table {
    fn upstream(mut self, common: &Common<'_>, others: bool) -> Result<UpstreamSettings, String> {
        let name = self.required("name", "a name like gpu1")?;
        let dialect = match self.required("dialect", "ollama or openai")?.as_str() {
            "ollama" => ProviderKind::Ollama,
            "openai" => ProviderKind::OpenAi,
            other => return Err(format!("dialect = {other:?}, but it must be ollama or openai")),
        };
        check_name(&name, dialect)?;
        let (http, mut retry) = common.of(dialect, others);
        let (mut timeouts, mut pool) = (common.resilience.timeouts, common.resilience.pool);
        let url = self.required("url", "an http or https URL")?;
        let url: ServiceUrl = url.parse().map_err(|error| format!("url: {error}"))?;
        let settings = UpstreamSettings {
            dialect,
            url,
            model: self.required("model", "the name of a model")?,
            api_key: self.text(API_KEY)?.map(SecretString::from),
            embed_model: self.text("embed_model")?,
            weight: self.like("weight", "upstream.weight")?.unwrap_or(1),
            http: HttpTimeouts {
                connect: self.seconds("connect_timeout", "provider")?.unwrap_or(http.connect),
                read: self.seconds("read_timeout", "provider")?.unwrap_or(http.read),
            },
            timeouts: {
                timeouts.first_token =
                    self.seconds("first_token_timeout", "resilience")?.unwrap_or(timeouts.first_token);
                timeouts.loading = self.seconds("load_timeout", "resilience")?.unwrap_or(timeouts.loading);
                timeouts.idle = self.seconds("idle_timeout", "resilience")?.unwrap_or(timeouts.idle);
                timeouts
            },
            retry: {
                retry.most = self.like("max_retries", "resilience.max_retries")?.unwrap_or(retry.most);
                retry.backoff.base = self.seconds("retry_backoff", "resilience")?.unwrap_or(retry.backoff.base);
                retry
            },
            pool: {
                pool.connections = self.like("connections", "pool.connections")?.unwrap_or(pool.connections);
                pool.maxsize = self.like("maxsize", "pool.maxsize")?.unwrap_or(pool.maxsize);
                pool.queue = self.like("queue", "pool.queue")?.unwrap_or(pool.queue);
                pool.block = self.truth("block")?.unwrap_or(pool.block);
                pool
            },
            generation: self.generation(common.generation)?,
            name,
        };
        match (self.0.keys().next(), self.0.get(API_KEY_ENV)) {
            (_, Some(variable)) => Err(format!("{API_KEY_ENV}: the environment has no variable {variable}")),
            (Some(unknown), _) => Err(format!("unknown field {unknown:?}; the fields are {}", FIELDS.join(", "))),
            _ => Ok(settings),
        }
    }

    fn generation(&mut self, common: &GenerationOptions) -> Result<GenerationOptions, String> {
        let stop = match self.0.remove("stop") {
            None => common.stop.clone(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) if texts.iter().all(Value::is_string) => {
                texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(_) => return Err("stop must be texts".into()),
        };
        let extra = match self.0.remove("extra") {
            None => common.extra.clone(),
            Some(Value::Object(fields)) => fields,
            Some(_) => return Err("extra must be a table".into()),
        };
        let reasoning = self.like::<String>("reasoning", "generation.reasoning")?;
        Ok(GenerationOptions {
            max_tokens: self.like("max_tokens", "generation.max_tokens")?.or(common.max_tokens),
            temperature: self.like("temperature", "generation.temperature")?.or(common.temperature),
            top_p: self.like("top_p", "generation.top_p")?.or(common.top_p),
            seed: self.like("seed", "generation.seed")?.or(common.seed),
            num_ctx: self.like("num_ctx", "generation.num_ctx")?.or(common.num_ctx),
            num_thread: self.like("num_thread", "generation.num_thread")?.or(common.num_thread),
            num_gpu: self.like("num_gpu", "generation.num_gpu")?.or(common.num_gpu),
            keep_alive: self.text("keep_alive")?.or(common.keep_alive.clone()),
            reasoning: reasoning.as_deref().and_then(ReasoningEffort::named).or(common.reasoning),
            stop,
            extra,
        })
    }

    /// A field as text, whatever a file has it as.
    fn text(&mut self, field: &str) -> Result<Option<String>, String> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(format!("{field} must be one value")),
        }
    }

    fn required(&mut self, field: &str, takes: &str) -> Result<String, String> {
        self.text(field)?.ok_or_else(|| format!("{field} is missing: give {takes}"))
    }

    /// A field that takes what a setting takes.
    fn like<T: FromStr>(&mut self, field: &str, setting: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let kind = keys::find(setting).map(|key| key.kind);
        let value = text.parse().ok().filter(|_| kind.is_none_or(|kind| kind.admits(&text)));
        let takes = || kind.map_or_else(|| "a whole number".to_owned(), |kind| kind.takes());
        value.map(Some).ok_or_else(|| format!("{field} = {text:?}, but it must be {}", takes()))
    }

    /// Seconds, as the setting of this name in a section takes them.
    fn seconds(&mut self, field: &str, section: &str) -> Result<Option<Duration>, String> {
        let seconds = self.like::<f64>(field, &format!("{section}.{field}"))?;
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }

    fn truth(&mut self, field: &str) -> Result<Option<bool>, String> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        truth(&text).map(Some).ok_or_else(|| format!("{field} = {text:?}, but it must be true or false"))
    }
}

fn check_name(name: &str, dialect: ProviderKind) -> Result<(), String> {
    let sound = name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !TAKEN.contains(&name);
    if !sound {
        return Err(format!(
            "name must be 1 to {LONGEST_NAME} of the characters A-Z a-z 0-9 - _ . and none of {}",
            TAKEN.join(", ")
        ));
    }
    // Requests name dialects, too.
    match name.parse::<ProviderKind>() {
        Ok(kind) if kind != dialect => Err(format!("an upstream called {name} must speak that dialect")),
        _ => Ok(()),
    }
}
