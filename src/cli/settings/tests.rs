//! Who wins, what is refused with which words, and that secrets stay secret.

mod load;
mod options;
mod upstreams;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;

use super::{keys::KEYS, *};
use crate::{
    cli::{ColorChoice, LogFormat},
    domain::{SearchMode, SparseMode},
    rag::FusionChoice,
};

/// Layers in which each of these says something about a setting, highest first: flag, environment, `.env`, file.
fn layers(key: &'static str, said: [Option<&str>; 4]) -> Layers {
    let env = keys::find(key).unwrap().env[0];
    let variable = |value: Option<&str>| value.map(|value| (env.to_owned(), value.to_owned())).into_iter().collect();
    let in_file = said[3].map(|value| {
        let (section, name) = key.split_once('.').unwrap();
        (PathBuf::from("ragctl.toml"), format!("[{section}]\n{name} = {value:?}\n"))
    });
    Layers {
        flags: said[0].map(|value| (key, vec![value.to_owned()])).into_iter().collect(),
        environment: variable(said[1]),
        dotenv: variable(said[2]),
        file: in_file,
        warnings: Vec::new(),
    }
}

fn with_environment(variables: &[(&str, &str)]) -> Layers {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Layers { environment, ..Layers::default() }
}

fn with_file(text: &str) -> Layers {
    Layers { file: Some(("conf/ragctl.toml".into(), text.to_owned())), ..Layers::default() }
}

fn settings(layers: &Layers) -> Result<Settings, SettingsError> {
    Settings::new(&layers.resolve()?)
}

fn message(layers: &Layers) -> String {
    settings(layers).unwrap_err().to_string()
}

fn resolved(layers: &Layers, key: &str) -> Resolved {
    layers.resolve().unwrap().into_iter().find(|value| value.key == key).unwrap()
}

#[test]
fn of_any_two_layers_the_higher_one_wins() {
    let (key, values) = ("retrieval.k", ["11", "12", "13", "14"]);
    let origins = [
        Origin::Flag("--top-k"),
        Origin::Environment("RAGCTL_TOP_K"),
        Origin::DotEnv("RAGCTL_TOP_K"),
        Origin::File("ragctl.toml".into()),
    ];
    for high in 0..4 {
        for low in high..4 {
            let mut said = [None; 4];
            said[high] = Some(values[high]);
            said[low] = Some(values[low]);
            let layers = layers(key, said);
            let winner = resolved(&layers, key);
            assert_eq!(
                (winner.values[0].as_str(), &winner.origin),
                (values[high], &origins[high]),
                "{high} over {low}"
            );
            assert_eq!(settings(&layers).unwrap().retrieval.k.to_string(), values[high]);
        }
    }
    assert_eq!(resolved(&Layers::default(), key).origin, Origin::Default);
}

#[test]
fn nothing_said_gives_the_documented_defaults() {
    let settings = settings(&Layers::default()).unwrap();
    assert_eq!((settings.data_dir.as_path(), settings.db.as_str()), (Path::new("data/kb"), "default"));
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("127.0.0.1", 8001));
    assert_eq!(settings.server.shutdown_grace, Duration::from_secs(30));
    assert!(settings.server.docs.is_empty() && settings.server.docs_roots.is_empty());
    assert_eq!(settings.provider.choice, None);
    assert_eq!(settings.provider.ollama_url.expose().as_str(), "http://localhost:11434/");
    assert!(settings.provider.openai_api_key.is_none() && !settings.provider.openai_configured);
    assert_eq!(settings.provider.timeouts.connect, Duration::from_secs(5));
    assert_eq!(settings.provider.timeouts.read, Duration::from_secs(180));
    assert_eq!((settings.chunking.size, settings.chunking.overlap), (800, 120));
    assert_eq!((settings.retrieval.mode, settings.retrieval.k), (SearchMode::Hybrid, 5));
    assert_eq!(
        settings.retrieval.fusion,
        FusionChoice { rrf: None, rrf_k: Some(60), bm25_weight: None, sparse: SparseMode::Auto }
    );
    let log = LogSettings { level: LogLevel::Info, format: LogFormat::Text, color: ColorChoice::Auto };
    assert_eq!(settings.log, log);
}

#[test]
fn every_environment_name_of_a_setting_works_and_the_first_wins() {
    for key in KEYS {
        for name in key.env {
            let winner = resolved(&with_environment(&[(name, "x")]), key.name);
            assert_eq!((winner.values, winner.origin), (vec!["x".to_owned()], Origin::Environment(name)));
        }
    }
    let both = with_environment(&[("RAGCTL_DB", "second"), ("DB_NAME", "first")]);
    assert_eq!(settings(&both).unwrap().db.as_str(), "first");
    // The layer counts more than the name.
    let dotenv = [("DB_NAME".to_owned(), "dotenv".to_owned())].into();
    let layers = Layers { dotenv, ..with_environment(&[("RAGCTL_DB", "environment")]) };
    assert_eq!(settings(&layers).unwrap().db.as_str(), "environment");
}

#[test]
fn the_names_that_deployments_use_are_all_there() {
    let known: HashSet<&str> = KEYS.iter().flat_map(|key| key.env).copied().collect();
    let used = [
        "OLLAMA_BASE_URL",
        "LLM_MODEL",
        "EMBED_MODEL",
        "PROVIDER",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        "OLLAMA_CONNECT_TIMEOUT",
        "OLLAMA_READ_TIMEOUT",
        "PERSIST_ROOT",
        "DB_NAME",
        "CHUNK_SIZE",
        "CHUNK_OVERLAP",
        "RRF_ENABLE",
        "RRF_K",
        "CORS_ORIGINS",
    ];
    assert_eq!(used.iter().find(|name| !known.contains(*name)), None);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let layers = with_environment(&[("LLM_MODEL", " "), ("RRF_ENABLE", ""), ("OPENAI_API_KEY", "")]);
    let settings = settings(&layers).unwrap();
    assert_eq!(settings.provider.llm_model, "llama3.1:8b");
    assert_eq!(settings.retrieval.fusion.rrf, None);
    assert!(!settings.provider.openai_configured);
}

#[test]
fn an_empty_text_in_the_file_means_none_where_there_may_be_none() {
    let settings = settings(&with_file("[provider]\nopenai_api_key = \"\"\n[server]\ncors_origins = []")).unwrap();
    assert!(settings.provider.openai_api_key.is_none() && !settings.provider.openai_configured);
    assert_eq!(
        message(&with_file("data_dir = \"\"")),
        "file conf/ragctl.toml: data_dir = \"\", but it must be a folder"
    );
}

#[test]
fn lists_are_arrays_in_the_file_and_have_commas_in_the_environment() {
    let expected = ["https://a.example.com", "http://b.example.com:8080"];
    let file = with_file("[server]\ncors_origins = [\"https://a.example.com/\", \"http://b.example.com:8080\"]");
    let environment = with_environment(&[("CORS_ORIGINS", "https://a.example.com , http://b.example.com:8080,")]);
    for layers in [file, environment] {
        assert_eq!(settings(&layers).unwrap().server.cors_origins, expected);
    }
}

#[test]
fn truth_has_the_spellings_of_env_files() {
    for (text, truth) in [
        ("true", true),
        ("1", true),
        ("Yes", true),
        ("ON", true),
        ("False", false),
        ("0", false),
        ("no", false),
        ("off", false),
    ] {
        let layers = with_environment(&[("RRF_ENABLE", text)]);
        assert_eq!(settings(&layers).unwrap().retrieval.fusion.rrf, Some(truth), "{text}");
    }
}

#[test]
fn a_refused_value_is_told_with_who_said_it_and_what_is_allowed() {
    let cases = [
        ("server.port", "65536", "server.port = \"65536\", but it must be a port from 0 to 65535"),
        ("server.port", "-1", "server.port = \"-1\", but it must be a port from 0 to 65535"),
        (
            "server.host",
            "http://x",
            "server.host = \"http://x\", but it must be an IP address or a host name, without port",
        ),
        (
            "server.shutdown_grace",
            "30",
            "server.shutdown_grace = \"30\", but it must be a duration like 500ms, 30s or 2m, at most 24h",
        ),
        ("provider.name", "olama", "provider.name = \"olama\", but it must be auto, ollama, openai or embedded"),
        (
            "provider.ollama_url",
            "ftp://localhost",
            "provider.ollama_url = \"ftp://localhost\", but it must be an http or https URL",
        ),
        (
            "provider.connect_timeout",
            "NaN",
            "provider.connect_timeout = \"NaN\", but it must be a number of seconds from 0.1 to 300",
        ),
        ("chunking.size", "99", "chunking.size = \"99\", but it must be a number of characters from 100 to 8000"),
        ("retrieval.k", "0", "retrieval.k = \"0\", but it must be a number from 1 to 50"),
        (
            "retrieval.rrf_enable",
            "maybe",
            "retrieval.rrf_enable = \"maybe\", but it must be true or false (also 1, 0, yes, no, on, off)",
        ),
        ("retrieval.bm25_weight", "1.01", "retrieval.bm25_weight = \"1.01\", but it must be a number from 0 to 1"),
        ("retrieval.method", "", "retrieval.method = \"\", but it must be vector, bm25 or hybrid"),
    ];
    for (key, value, expected) in cases {
        let found = keys::find(key).unwrap();
        let (flag, env) = (found.flag, found.env[0]);
        assert_eq!(message(&layers(key, [Some(value), None, None, None])), format!("flag {flag}: {expected}"));
        if value.is_empty() {
            continue;
        }
        assert_eq!(message(&layers(key, [None, Some(value), None, None])), format!("environment {env}: {expected}"));
        assert_eq!(message(&layers(key, [None, None, Some(value), None])), format!(".env {env}: {expected}"));
        assert_eq!(message(&layers(key, [None, None, None, Some(value)])), format!("file ragctl.toml: {expected}"));
    }
}

#[test]
fn the_ends_of_ranges_are_allowed() {
    let cases = [
        ("server.port", "0"),
        ("server.port", "65535"),
        ("server.host", "::1"),
        ("server.host", "rag.example.com"),
        ("retrieval.k", "1"),
        ("retrieval.k", "50"),
        ("retrieval.bm25_weight", "0"),
        ("retrieval.bm25_weight", "1"),
        ("chunking.size", "240"),
        ("chunking.size", "8000"),
        ("chunking.overlap", "400"),
        ("chunking.overlap", "0"),
        ("provider.read_timeout", "0.1"),
        ("server.shutdown_grace", "0s"),
        ("server.cors_origins", "*"),
        ("server.allowed_hosts", "*"),
        ("server.allowed_hosts", "*.example.com"),
        ("server.allowed_hosts", "fd00::1"),
        ("server.max_connections", "1"),
    ];
    for (key, value) in cases {
        let layers = layers(key, [None, Some(value), None, None]);
        assert!(settings(&layers).is_ok(), "{key} = {value}: {}", message(&layers));
    }
}

#[test]
fn an_origin_with_a_path_would_never_match_and_is_refused() {
    let layers = with_environment(&[("CORS_ORIGINS", "https://a.example.com/app")]);
    assert!(
        message(&layers).starts_with("environment CORS_ORIGINS: server.cors_origins = \"https://a.example.com/app\"")
    );
}

#[test]
fn a_host_with_a_port_or_a_scheme_would_never_match_and_is_refused() {
    for host in ["rag.example.com:8001", "http://rag.example.com", "rag.*.com/x"] {
        let layers = with_environment(&[("RAGCTL_ALLOWED_HOSTS", host)]);
        assert!(message(&layers).contains("but it must be hosts like rag.example.com"), "{}", message(&layers));
    }
}

#[test]
fn an_overlap_of_more_than_half_names_both_sides() {
    assert_eq!(
        message(&with_environment(&[("CHUNK_SIZE", "239")])),
        "chunking.overlap = 120 (default) is more than half of chunking.size = 239 (environment CHUNK_SIZE); \
         use an overlap of at most 119 (--chunk-overlap, CHUNK_OVERLAP)"
    );
}

#[test]
fn unknown_keys_are_refused_with_what_was_meant() {
    let server = "[server] has host, port, docs, watch, rescan, allow_mass_delete, max_upload_bytes, docs_root, shutdown_grace, max_body_bytes, cors_origins, allowed_hosts, max_connections";
    let unknown = |key: &str, hint: &str| format!("file conf/ragctl.toml: unknown key \"{key}\"; {hint}");
    let all = "`ragctl config example` shows all keys";
    for (text, expected) in [
        ("[server]\nprot = 1", unknown("server.prot", &format!("did you mean \"server.port\"? {server}"))),
        ("port = 1", unknown("port", &format!("did you mean \"server.port\"? {all}"))),
        ("[server.tls]\ncert = \"x\"", unknown("server.tls", server)),
        ("[bonch]\n", unknown("bonch", &format!("did you mean [bench]? {all}"))),
        ("[[server]]\nport = 1", unknown("server", &format!("did you mean [server]? {all}"))),
    ] {
        assert_eq!(message(&with_file(text)), expected, "{text}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    assert_eq!(
        message(&with_file("[server]\nport = [8001]")),
        "file conf/ragctl.toml: server.port = \"(array)\", but it must be a port from 0 to 65535"
    );
}

#[test]
fn a_file_from_an_editor_of_windows_is_read() {
    assert_eq!(settings(&with_file("\u{feff}[server]\r\nport = 9\r\n")).unwrap().server.port, 9);
}

const SECRET: &str = "sk-very-secret";

#[test]
fn a_secret_is_never_shown() {
    let key = "provider.openai_api_key";
    for said in [0, 1, 2, 3] {
        let mut values = [None; 4];
        values[said] = Some(SECRET);
        let layers = layers(key, values);
        let settings = settings(&layers).unwrap();
        assert_eq!(settings.provider.openai_api_key.as_ref().unwrap().expose_secret(), SECRET);
        assert!(settings.provider.openai_configured);
        let all = layers.resolve().unwrap();
        let shown = format!("{settings:?} {layers:?} {all:?} {:?}", report(&all));
        assert!(!shown.contains(SECRET), "{shown}");
        assert_eq!(resolved(&layers, key).shown(), "***");
    }
}

#[test]
fn a_broken_file_is_told_by_line_without_quoting_it() {
    let text = format!("db = \"kb\"\n[provider]\nopenai_api_key = \"{SECRET}\n");
    let error = settings(&with_file(&text)).unwrap_err();
    assert!(error.to_string().starts_with("file conf/ragctl.toml, line 3: this is not TOML: "), "{error}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

#[test]
fn passwords_within_urls_are_masked() {
    let url = "https://me:hunter2@ollama.example.com";
    let layers = with_environment(&[("OLLAMA_BASE_URL", url)]);
    let settings = settings(&layers).unwrap();
    assert_eq!(settings.provider.ollama_url.expose().password(), Some("hunter2"));
    assert_eq!(resolved(&layers, "provider.ollama_url").shown(), "https://***@ollama.example.com");
    let layers = with_environment(&[("RAGCTL_MONITOR_URL", "http://u:s3cret@a:1,http://b:2,http://u:pw@c:3")]);
    let shown = resolved(&layers, "monitor.url").shown();
    assert!(
        shown.contains("http://***@a:1") && shown.contains("http://b:2") && shown.contains("http://***@c:3"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret") && !shown.contains("pw"), "{shown}");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let wrong = message(&with_environment(&[("OLLAMA_BASE_URL", "ftp://me:hunter2@host")]));
    assert!(wrong.contains("ftp://***@host") && !wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn the_example_is_a_valid_file_that_changes_nothing() {
    let all = with_file(&example()).resolve().unwrap();
    assert!(all.iter().all(|value| value.origin == Origin::Default));
}

#[test]
fn every_line_of_the_example_is_valid_and_shows_the_default() {
    // Prose in comments starts with a capital letter and has no ` = `; what is left are the settings.
    let uncommented: String = example()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line).to_owned() + "\n")
        .map(|line| if line.contains("`# name") { format!("# {line}") } else { line })
        .collect();
    let file = with_file(&uncommented);
    let (said, default) = (file.resolve().unwrap(), Layers::default().resolve().unwrap());
    Settings::new(&said).unwrap();
    for (said, default) in said.iter().zip(&default) {
        assert!(matches!(said.origin, Origin::File(_)), "{} is not in the example", said.key);
        if !default.values.is_empty() {
            assert_eq!(said.values, default.values, "{}", said.key);
        }
    }
}

#[test]
fn the_example_is_as_documented() {
    insta::assert_snapshot!("config_example", example());
}

#[test]
fn names_flags_and_environment_names_are_unique() {
    let mut seen = HashSet::new();
    for key in KEYS {
        assert!(seen.insert(format!("key {}", key.name)), "{}", key.name);
        assert!(seen.insert(key.flag.to_owned()), "{}", key.flag);
        for env in key.env {
            assert!(seen.insert((*env).to_owned()), "{env}");
        }
    }
}
