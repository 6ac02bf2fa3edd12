//! Every setting once: its key in the file, its flag, its environment names, its default, what it takes.
//!
//! This table drives resolution, `config show`, `config example` and the texts of errors. A new setting is a line here, a
//! field in [`Settings`](super::Settings), and, when it is for the command line, a flag.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.name` in the file.
    pub name: &'static str,
    /// Flag, without dashes.
    pub flag: &'static str,
    /// Environment names, the first that is set wins. The ones that deployments already use come first.
    pub env: &'static [&'static str],
    /// Value when nobody says anything; empty: none.
    pub default: &'static str,
    /// What it takes, as a sentence that follows "must be".
    pub takes: &'static str,
    /// What it is for, one line.
    pub help: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// How it is written in the file.
    pub kind: Kind,
}

/// How a value is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `"text"`
    Text,
    /// `123`, `0.5`, `true`
    Bare,
    /// `["a", "b"]`; in the environment separated by commas.
    List,
}

const fn key(
    name: &'static str,
    flag: &'static str,
    env: &'static [&'static str],
    default: &'static str,
    kind: Kind,
    takes: &'static str,
    help: &'static str,
) -> Key {
    Key { name, flag, env, default, takes, help, secret: false, kind }
}

/// All settings, in the order of the example file.
pub const KEYS: &[Key] = &[
    key(
        "data_dir",
        "data-dir",
        &["PERSIST_ROOT", "RAGCTL_DATA_DIR"],
        "data/kb",
        Kind::Text,
        "a folder",
        "Folder of the DBs; made when it does not exist",
    ),
    key(
        "db",
        "db",
        &["DB_NAME", "RAGCTL_DB"],
        "default",
        Kind::Text,
        "1 to 64 of the characters A-Z a-z 0-9 _ . -",
        "DB of requests that name none",
    ),
    key(
        "server.host",
        "host",
        &["RAGCTL_HOST"],
        "127.0.0.1",
        Kind::Text,
        "an IP address or a host name",
        "Address to listen on; 0.0.0.0 for all interfaces",
    ),
    key(
        "server.port",
        "port",
        &["RAGCTL_PORT"],
        "8001",
        Kind::Bare,
        "a port, 0 to 65535 (0 picks a free one)",
        "Port to listen on",
    ),
    key(
        "server.docs",
        "docs",
        &["RAGCTL_DOCS"],
        "",
        Kind::List,
        "files or folders",
        "Documents to ingest at start; also document roots",
    ),
    key(
        "server.docs_root",
        "docs-root",
        &["RAGCTL_DOCS_ROOT"],
        "",
        Kind::List,
        "folders",
        "Folders that ingestion may read; the working directory when none is given",
    ),
    key(
        "server.shutdown_grace",
        "shutdown-grace",
        &["RAGCTL_SHUTDOWN_GRACE"],
        "30s",
        Kind::Text,
        "a duration like 30s, 500ms or 2m",
        "How long requests may go on after a signal to stop",
    ),
    key(
        "server.max_body_bytes",
        "max-body-bytes",
        &["RAGCTL_MAX_BODY_BYTES"],
        "2097152",
        Kind::Bare,
        "a number of bytes, 1024 to 1073741824",
        "Largest request body",
    ),
    key(
        "server.cors_origins",
        "cors-origins",
        &["CORS_ORIGINS", "RAGCTL_CORS_ORIGINS"],
        "",
        Kind::List,
        "origins like https://wiki.example.com, or *",
        "Origins that browsers may call from",
    ),
    key(
        "provider.name",
        "provider",
        &["PROVIDER", "RAGCTL_PROVIDER"],
        "auto",
        Kind::Text,
        "auto, ollama, openai or embedded",
        "Who answers; auto: Ollama if it answers at start and has the models, else embedded",
    ),
    key(
        "provider.ollama_url",
        "ollama-url",
        &["OLLAMA_BASE_URL", "RAGCTL_OLLAMA_URL"],
        "http://localhost:11434",
        Kind::Text,
        "an http or https URL",
        "Where Ollama is",
    ),
    key(
        "provider.llm_model",
        "llm-model",
        &["LLM_MODEL", "RAGCTL_LLM_MODEL"],
        "llama3.1:8b",
        Kind::Text,
        "the name of a model",
        "Model of Ollama that answers",
    ),
    key(
        "provider.embed_model",
        "embed-model",
        &["EMBED_MODEL", "RAGCTL_EMBED_MODEL"],
        "nomic-embed-text",
        Kind::Text,
        "the name of a model, or the folder of a model2vec model",
        "Model of Ollama that embeds, or a folder with a static one",
    ),
    Key {
        secret: true,
        ..key(
            "provider.openai_api_key",
            "openai-api-key",
            &["OPENAI_API_KEY"],
            "",
            Kind::Text,
            "a key",
            "Key of the OpenAI-compatible server; better set in the environment than here",
        )
    },
    key(
        "provider.openai_base_url",
        "openai-base-url",
        &["OPENAI_BASE_URL", "RAGCTL_OPENAI_BASE_URL"],
        "https://api.openai.com/v1",
        Kind::Text,
        "an http or https URL",
        "Where the OpenAI-compatible server is, usually ending in /v1",
    ),
    key(
        "provider.openai_model",
        "openai-model",
        &["OPENAI_MODEL", "RAGCTL_OPENAI_MODEL"],
        "gpt-4o-mini",
        Kind::Text,
        "the name of a model",
        "Model of the OpenAI-compatible server that answers",
    ),
    key(
        "provider.openai_embed_model",
        "openai-embed-model",
        &["OPENAI_EMBED_MODEL", "RAGCTL_OPENAI_EMBED_MODEL"],
        "text-embedding-3-small",
        Kind::Text,
        "the name of a model",
        "Model of the OpenAI-compatible server that embeds",
    ),
    key(
        "provider.connect_timeout",
        "connect-timeout",
        &["OLLAMA_CONNECT_TIMEOUT", "RAGCTL_CONNECT_TIMEOUT"],
        "5",
        Kind::Bare,
        "a number of seconds, 0.1 to 300",
        "Longest wait for a connection to an LLM server, in seconds",
    ),
    key(
        "provider.read_timeout",
        "read-timeout",
        &["OLLAMA_READ_TIMEOUT", "RAGCTL_READ_TIMEOUT"],
        "180",
        Kind::Bare,
        "a number of seconds, 0.1 to 3600",
        "Longest silence of an LLM server, in seconds; a whole answer may take longer",
    ),
    key(
        "chunking.size",
        "chunk-size",
        &["CHUNK_SIZE", "RAGCTL_CHUNK_SIZE"],
        "800",
        Kind::Bare,
        "a number of characters, 100 to 8000",
        "Largest chunk, in characters",
    ),
    key(
        "chunking.overlap",
        "chunk-overlap",
        &["CHUNK_OVERLAP", "RAGCTL_CHUNK_OVERLAP"],
        "120",
        Kind::Bare,
        "a number of characters, at most half of chunk-size",
        "Characters that neighbouring chunks may share",
    ),
    key(
        "retrieval.method",
        "method",
        &["RAGCTL_METHOD"],
        "hybrid",
        Kind::Text,
        "vector, bm25 or hybrid",
        "Search method of questions that name none",
    ),
    key("retrieval.k", "top-k", &["RAGCTL_K"], "5", Kind::Bare, "a number from 1 to 50", "Contexts of an answer"),
    key(
        "retrieval.rrf_enable",
        "rrf",
        &["RRF_ENABLE", "RAGCTL_RRF"],
        "",
        Kind::Bare,
        "true or false",
        "Fuse by reciprocal rank; by default yes with an embedding model, no with the embedded one",
    ),
    key(
        "retrieval.rrf_k",
        "rrf-k",
        &["RRF_K", "RAGCTL_RRF_K"],
        "60",
        Kind::Bare,
        "a number from 1 to 1000",
        "Damping of reciprocal rank fusion",
    ),
    key(
        "retrieval.bm25_weight",
        "bm25-weight",
        &["RAGCTL_BM25_WEIGHT"],
        "",
        Kind::Bare,
        "a number from 0 to 1",
        "Share of the lexical score in weighted fusion; by default 0.75 with the embedded embedder, else 0.5",
    ),
];

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The name that is most like a wrong one.
pub fn nearest(name: &str) -> Option<&'static str> {
    KEYS.iter()
        .map(|key| (strsim::jaro_winkler(key.name, name), key.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_flags_and_environment_names_are_unique() {
        let mut seen = HashSet::new();
        for key in KEYS {
            assert!(seen.insert(key.name), "{}", key.name);
            assert!(seen.insert(key.flag) || key.flag == key.name, "{}", key.flag);
            for env in key.env {
                assert!(seen.insert(env), "{env}");
            }
        }
    }

    #[test]
    fn a_typing_error_is_recognised() {
        assert_eq!(nearest("server.prot"), Some("server.port"));
        assert_eq!(nearest("zzz"), None);
    }
}
