//! Kinds of values of settings: the one place that knows which texts are values, and says so in words.

use std::{net::IpAddr, time};

use crate::{
    cache::KEY_BYTES,
    domain::DbName,
    monitor::settings::{color_roles, commands, keymap, theme},
    rag::ingest::OcrCommand,
    telemetry::ServiceUrl,
};

/// The kind of value that a setting takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingKind {
    /// A folder, there or to be made.
    Folder,
    /// A file.
    File,
    /// Servers to watch; in the environment separated by commas. What is no URL is told of when it is asked.
    Targets,
    /// A length of time between two looks.
    Interval,
    /// Bindings of keys.
    Keys,
    /// Colours of roles.
    Colors,
    /// Files or folders; in the environment separated by commas.
    Paths,
    /// The name of a DB.
    Db,
    /// An IP address or a host name.
    Host,
    /// A whole number within bounds.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
        /// The thing that it counts, for messages.
        of: &'static str,
    },
    /// Seconds with a fraction, within bounds.
    Seconds {
        /// Shortest.
        min: f64,
        /// Longest.
        max: f64,
    },
    /// A length of time with its unit.
    Duration,
    /// A number within bounds.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// Any texts; in the environment separated by commas.
    Texts,
    /// An object in JSON.
    JsonObject,
    /// A number from 0 to 1.
    Share,
    /// A number between 0 and 1, neither of them.
    Inner,
    /// True or false.
    Truth,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An address of the web.
    Url,
    /// Origins of web pages; in the environment separated by commas.
    Origins,
    /// Names of hosts; in the environment separated by commas.
    Hosts,
    /// The name of a model, or a folder with one.
    Model,
    /// A key; anything goes.
    Secret,
    /// A program with arguments that recognises text in scans.
    OcrCommand,
    /// A key of 256 bits.
    HexKey,
    /// LLM servers, each with its fields; in the environment separated by semicolons.
    Upstreams,
    /// Rules that give metadata to documents; in the environment one a line.
    MetadataRules,
    /// What an option of a command takes, which its parser knows.
    OfCommand {
        /// What separates several values in the environment; `None`: there is one.
        separator: Option<char>,
        /// What a value looks like.
        sample: &'static str,
    },
}

/// Longest [`SettingKind::Duration`]: longer ones are typing errors.
const LONGEST: time::Duration = time::Duration::from_secs(24 * 60 * 60);

/// Shortest [`SettingKind::Interval`]: more looks than that would be load.
const SHORTEST: time::Duration = time::Duration::from_millis(100);

impl SettingKind {
    /// What it takes, to follow "must be".
    pub fn takes(self) -> String {
        match self {
            Self::Folder => "a folder".into(),
            Self::File => "a file".into(),
            Self::Targets => "URLs of servers, separated by commas in the environment".into(),
            Self::Interval => "a duration from 100ms to 24h, like 2s or 1m".into(),
            Self::Keys => {
                format!("bindings like quit=x,ctrl-q freeze=f; the commands are {}", commands())
            }
            Self::Colors => {
                format!("colours like bad=magenta accent=#5fafff; the roles are {}", color_roles())
            }
            Self::Paths => "paths, separated by commas in the environment".into(),
            Self::Db => "1 to 64 of the characters A-Z a-z 0-9 _ . - (and not . or ..)".into(),
            Self::Host => "an IP address or a host name, without port".into(),
            Self::Integer { min, max, of } => format!("a {of} from {min} to {max}"),
            Self::Seconds { min, max } => format!("a number of seconds from {min} to {max}"),
            Self::Duration => "a duration like 500ms, 30s or 2m, at most 24h".into(),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Texts => "texts, separated by commas in the environment".into(),
            Self::JsonObject => "an object in JSON, like {\"top_k\": 20}".into(),
            Self::Share => "a number from 0 to 1".into(),
            Self::Inner => "a number above 0 and below 1".into(),
            Self::Truth => "true or false (also 1, 0, yes, no, on, off)".into(),
            Self::Choice([words @ .., last]) if !words.is_empty() => format!("{} or {last}", words.join(", ")),
            Self::Choice(words) => words.concat(),
            Self::Url => "an http or https URL".into(),
            Self::Origins => {
                "origins like https://wiki.example.com, separated by commas in the environment, or *".into()
            }
            Self::Hosts => {
                "hosts like rag.example.com or *.example.com, without port, separated by commas in the environment, or *"
                    .into()
            }
            Self::Model => "the name of a model".into(),
            Self::Secret => "a key".into(),
            Self::Upstreams => {
                "upstreams like name=gpu1,dialect=ollama,url=http://gpu1:11434,model=llama3.1:8b, separated by semicolons in \
                 the environment, or [[upstream]] tables of the config file"
                    .into()
            }
            Self::OcrCommand => "a command with {input} in it, quoted as in a shell, like ocrmypdf --skip-text {input} {output}".into(),
            Self::MetadataRules => {
                "rules like {\"path\": \"contracts/*\", \"fields\": {\"team\": \"legal\"}}, one a line in the environment, or \
                 [[metadata]] tables of the config file"
                    .into()
            }
            Self::OfCommand { .. } => "a value of the option".into(),
            Self::HexKey => "64 hexadecimal digits, as `openssl rand -hex 32` makes them".into(),
        }
    }

    /// Whether several values may be given.
    pub fn is_list(self) -> bool {
        self.separator().is_some()
    }

    /// What separates several values in the environment.
    pub fn separator(self) -> Option<char> {
        match self {
            Self::Paths | Self::Origins | Self::Hosts | Self::Targets | Self::Texts => Some(','),
            Self::Upstreams => Some(';'),
            Self::MetadataRules => Some('\n'),
            Self::OfCommand { separator, .. } => separator,
            _ => None,
        }
    }

    /// Whether a config file has it as tables.
    pub fn is_tables(self) -> bool {
        matches!(self, Self::Upstreams | Self::MetadataRules)
    }

    /// Whether a config file has it without quotes.
    pub fn is_bare(self) -> bool {
        matches!(
            self,
            Self::Integer { .. } | Self::Seconds { .. } | Self::Number { .. } | Self::Share | Self::Inner | Self::Truth
        )
    }

    /// Whether this text is a value. Every item of a list is asked for alone.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Folder | Self::File | Self::Paths | Self::Targets | Self::Model | Self::Secret | Self::Texts => {
                !text.is_empty()
            }
            // Which field is wrong is told when they are read.
            Self::Upstreams | Self::MetadataRules => !text.is_empty(),
            Self::JsonObject => json_object(text).is_some(),
            Self::Number { min, max } => text.parse().is_ok_and(|number: f64| (min..=max).contains(&number)),
            // Asked of its parser, which also knows the others.
            Self::OfCommand { .. } => true,
            Self::Interval => duration(text).is_some_and(|interval| interval >= SHORTEST),
            Self::Keys => keymap(Some(text)).is_some(),
            Self::Colors => theme("dark", false, Some(text)).is_some(),
            Self::Db => text.parse::<DbName>().is_ok(),
            Self::Host => is_host(text),
            Self::Hosts => text == "*" || is_host(text.strip_prefix("*.").unwrap_or(text)),
            Self::Integer { min, max, .. } => text.parse().is_ok_and(|number: u64| (min..=max).contains(&number)),
            Self::Seconds { min, max } => text.parse().is_ok_and(|seconds: f64| (min..=max).contains(&seconds)),
            Self::Duration => duration(text).is_some(),
            Self::Share => text.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share)),
            Self::Inner => text.parse().is_ok_and(|number: f64| number > 0.0 && number < 1.0),
            Self::HexKey => hex_key(text).is_some(),
            Self::OcrCommand => OcrCommand::new(text, time::Duration::ZERO).is_ok(),
            Self::Truth => truth(text).is_some(),
            Self::Choice(words) => words.contains(&text),
            Self::Url => text.parse::<ServiceUrl>().is_ok(),
            Self::Origins => text == "*" || text.parse::<ServiceUrl>().is_ok_and(|url| is_origin(url.expose())),
        }
    }
}

/// `500ms`, `30s`, `1m 30s`.
pub(super) fn duration(text: &str) -> Option<time::Duration> {
    humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST)
}

/// The spellings of true and false that deployments already use.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The bytes of a key in hexadecimal digits.
pub(super) fn hex_key(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    let mut key = [0; KEY_BYTES];
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(digits) {
        let value = |digit: &u8| char::from(*digit).to_digit(16);
        *byte = (value(high)? << 4 | value(low)?) as u8;
    }
    Some(key)
}

/// An object in JSON.
pub(super) fn json_object(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(text).ok()
}

/// An address or a name, without a port.
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || url::Host::parse(text).is_ok()
}

/// Nothing but scheme, host and port: what browsers send, except for a closing slash.
fn is_origin(url: &url::Url) -> bool {
    url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}
