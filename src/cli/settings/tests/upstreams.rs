//! Upstreams: what a table says, and what it leaves to the other settings.

use super::*;
use crate::providers::{ProviderKind, chain::UpstreamOrder, settings::UpstreamSettings};

fn upstreams(file: &str, environment: &[(&str, &str)]) -> Vec<UpstreamSettings> {
    let layers = Layers { file: Some(("ragctl.toml".into(), file.to_owned())), ..with_environment(environment) };
    settings(&layers).unwrap().provider.upstreams
}

const TWO: &str = r#"
[[upstream]]
name = "gpu"
dialect = "ollama"
url = "http://gpu:11434"
model = "llama3.1:70b"
weight = 3
maxsize = 2
first_token_timeout = 7.5
temperature = 0.5
stop = ["END"]

[[upstream]]
name = "cloud"
dialect = "openai"
url = "https://cloud.example.com"
model = "m"
api_key = "sk-1"
max_retries = 5

[generation]
max_tokens = 77
"#;

#[test]
fn what_a_table_leaves_open_the_other_settings_say() {
    let environment = [("OPENAI_READ_TIMEOUT", "9"), ("OLLAMA_MAX_RETRIES", "4"), ("POOL_MAXSIZE", "11")];
    let [gpu, cloud]: [UpstreamSettings; 2] = upstreams(TWO, &environment).try_into().unwrap();
    assert_eq!((gpu.name.as_str(), gpu.dialect, gpu.weight, gpu.pool.maxsize), ("gpu", ProviderKind::Ollama, 3, 2));
    assert_eq!((cloud.name.as_str(), cloud.dialect, cloud.weight), ("cloud", ProviderKind::OpenAi, 1));
    assert_eq!(
        (gpu.timeouts.first_token, cloud.timeouts.first_token),
        (Duration::from_millis(7_500), Duration::from_secs(30))
    );
    assert_eq!((gpu.http.read, cloud.http.read), (Duration::from_secs(180), Duration::from_secs(9)));
    // Where another stands behind, asking it is the better retry.
    assert_eq!((gpu.retry.most, cloud.retry.most), (1, 5));
    assert_eq!((gpu.generation.temperature, cloud.generation.temperature), (Some(0.5), None));
    assert_eq!((gpu.generation.max_tokens, gpu.generation.stop), (Some(77), vec!["END".to_owned()]));
    assert!(cloud.api_key.is_some() && gpu.api_key.is_none());

    let alone = TWO.split("[[upstream]]").nth(1).unwrap();
    assert_eq!(upstreams(&format!("[[upstream]]{alone}"), &environment)[0].retry.most, 4);
    let inline = r#"upstream = [{ name = "a", dialect = "openai", url = "localhost:8080", model = "m" }]"#;
    assert_eq!(upstreams(inline, &[])[0].url.to_string(), "http://localhost:8080");
}

#[test]
fn the_environment_and_flags_have_upstreams_too() {
    let two = "name=a,dialect=openai,url=http://a,model=m; name=b,dialect=ollama,url=http://b,model=m,num_ctx=4096";
    let from_environment = upstreams("", &[("RAGCTL_UPSTREAM", two), ("RAGCTL_UPSTREAM_ORDER", "weight")]);
    let names: Vec<&str> = from_environment.iter().map(|upstream| upstream.name.as_str()).collect();
    assert_eq!((names, from_environment[1].generation.num_ctx), (vec!["a", "b"], Some(4_096)));
    let settings = settings(&with_environment(&[("RAGCTL_UPSTREAM_ORDER", "weight")])).unwrap();
    assert_eq!(settings.provider.order, UpstreamOrder::Weight);
    // Those of a layer replace those of the layers below.
    let one = "name=c,dialect=openai,url=http://c,model=m";
    assert_eq!(upstreams(TWO, &[("RAGCTL_UPSTREAM", one)]).len(), 1);
}

#[test]
fn keys_come_from_variables_that_are_named() {
    let by_name = "name=a,dialect=openai,url=http://a,model=m,api_key_env=MY_KEY";
    let layers = with_environment(&[("RAGCTL_UPSTREAM", by_name), ("MY_KEY", "sk-12345678")]);
    let dotenv = Layers {
        dotenv: [("MY_KEY".to_owned(), "sk-12345678".to_owned())].into(),
        ..with_environment(&[("RAGCTL_UPSTREAM", by_name)])
    };
    for layers in [layers, dotenv] {
        assert!(settings(&layers).unwrap().provider.upstreams[0].api_key.is_some());
        let shown = resolved(&layers, "upstream").shown();
        assert_eq!(shown, "name=a,dialect=openai,url=http://a,api_key=***,model=m");
    }
    let blank = with_environment(&[("RAGCTL_UPSTREAM", by_name), ("MY_KEY", " ")]);
    assert!(settings(&blank).unwrap_err().to_string().contains("no variable \"MY_KEY\""));
}

#[test]
fn what_cannot_be_read_is_not_shown() {
    let broken =
        settings(&with_environment(&[("RAGCTL_UPSTREAM", "name=a api_key sk-secret")])).unwrap_err().to_string();
    assert!(!broken.contains("sk-secret"), "{broken}");
    let broken = settings(&with_environment(&[("RAGCTL_UPSTREAM", "{\"api_key\": \"sk-secret\"")])).unwrap_err();
    assert!(!broken.to_string().contains("sk-secret") && broken.to_string().contains("***"), "{broken}");
}
