//! Both model dialects against the fake upstream: answers, vectors, every kind of failure.

use std::time::Duration;

use futures::StreamExt;

use ragctl::{
    mock::{Fault, MockUpstream, Operation, embedding},
    providers::{
        GenerationOptions,
        ollama::{OllamaEmbedder, OllamaGenerator, OllamaProbe},
        openai::{OpenAiEmbedder, OpenAiGenerator, OpenAiProbe},
        *,
    },
    resilience::{CallContext, PoolSettings},
    telemetry::{ClientMetrics, Metrics, ServiceUrl},
};

const POOL: PoolSettings = PoolSettings::DEFAULT;
const BRIEF: HttpSettings =
    HttpSettings { connect_timeout: Duration::from_secs(5), read_timeout: Duration::from_millis(150), pool: POOL };
const PATIENT: HttpSettings =
    HttpSettings { connect_timeout: Duration::from_secs(5), read_timeout: Duration::from_secs(30), pool: POOL };

fn metrics() -> ClientMetrics {
    Metrics::new().client("test")
}

fn upstream(kind: ProviderKind, url: &str, settings: HttpSettings) -> UpstreamClient {
    UpstreamClient::new("test".into(), kind, url.parse().unwrap(), None, settings, metrics()).unwrap()
}

/// The same model behind both dialects.
fn generators(mock: &MockUpstream, settings: HttpSettings) -> [Box<dyn Generator>; 2] {
    [
        Box::new(OllamaGenerator::new(
            upstream(ProviderKind::Ollama, &mock.url(), settings),
            "llama3.1:8b",
            GenerationOptions::default(),
        )),
        Box::new(OpenAiGenerator::new(
            upstream(ProviderKind::OpenAi, &mock.openai_url(), settings),
            "gpt-4o-mini",
            GenerationOptions::default(),
        )),
    ]
}

fn embedders(mock: &MockUpstream, settings: HttpSettings) -> [Box<dyn Embedder>; 2] {
    [
        Box::new(OllamaEmbedder::new(upstream(ProviderKind::Ollama, &mock.url(), settings), "all-minilm")),
        Box::new(OpenAiEmbedder::new(upstream(ProviderKind::OpenAi, &mock.openai_url(), settings), "small")),
    ]
}

fn request() -> GenerationRequest {
    let content = "Question: how long?\n\nContexts:\n\n[1] Ships sail.\n\n[2] How long: 30 Tage für Ünïcödé 船.\n";
    GenerationRequest {
        question: "how long?".into(),
        spec: ragctl::domain::SpecKey::new([]),
        passages: [].into(),
        messages: [Message { role: Role::User, content: content.into() }].into(),
        call: CallContext::without_deadline(),
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    }
}

/// The text and what ended it.
async fn collect(generator: &dyn Generator) -> (String, Result<GenerationStats, ProviderError>) {
    let mut text = String::new();
    let mut events = match generator.generate(request()).await {
        Ok(events) => events,
        Err(error) => return (text, Err(error)),
    };
    while let Some(event) = events.next().await {
        match event {
            Ok(GenerationEvent::Text(piece)) => text.push_str(&piece),
            Ok(GenerationEvent::Author(_) | GenerationEvent::Reasoning(_)) => {}
            Ok(GenerationEvent::Restart) => text.clear(),
            Ok(GenerationEvent::Done(stats)) => return (text, Ok(stats)),
            Err(error) => return (text, Err(error)),
        }
    }
    panic!("a stream ended without Done or error");
}

#[tokio::test]
async fn both_dialects_stream_the_whole_answer() {
    let mock = MockUpstream::start().await.unwrap();
    for generator in generators(&mock, PATIENT) {
        let (text, end) = collect(generator.as_ref()).await;
        assert_eq!(text, "How long: 30 Tage für Ünïcödé 船. [2]");
        assert_eq!(end.unwrap().completion_tokens, Some(8), "{}", generator.provider());
    }
    assert!(mock.requests().iter().all(|(_, body)| body["stream"] == true));
}

#[tokio::test]
async fn every_fault_is_told_apart() {
    let mock = MockUpstream::start().await.unwrap();
    let faults = [
        (Fault::Status { code: 500, retry_after: None }, "status", true),
        (Fault::Status { code: 429, retry_after: Some(7) }, "overloaded", true),
        (Fault::Status { code: 503, retry_after: None }, "overloaded", true),
        (Fault::Status { code: 401, retry_after: None }, "auth", false),
        (Fault::Status { code: 400, retry_after: None }, "status", false),
        (Fault::Hang, "timeout", true),
        (Fault::Stall { after: 2 }, "timeout", true),
        (Fault::Truncate { after: 2 }, "truncated_stream", true),
        (Fault::Malformed, "malformed", true),
        (Fault::Reported, "reported", true),
    ];
    for (fault, kind, unavailable) in faults {
        mock.fault(Operation::Generate, Some(fault.clone()));
        for generator in generators(&mock, BRIEF) {
            let (_, end) = collect(generator.as_ref()).await;
            let error = end.unwrap_err();
            let provider = generator.provider();
            // An SSE parser skips lines that are no fields, so an HTML page is a stream without an end there.
            let expected =
                if fault == Fault::Malformed && provider == ProviderKind::OpenAi { "truncated_stream" } else { kind };
            assert_eq!(error.kind(), expected, "{provider} {fault:?}: {error}");
            assert_eq!(error.is_unavailable(), unavailable, "{provider} {fault:?}");
            if let Fault::Status { code: 429, .. } = fault {
                assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
            }
        }
    }
    mock.fault(Operation::Generate, None);
    for generator in generators(&mock, PATIENT) {
        assert!(collect(generator.as_ref()).await.1.is_ok(), "works again");
    }
}

#[tokio::test]
async fn nobody_there_is_said_with_the_address() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://user:secret@{closed}");
    let generator =
        OllamaGenerator::new(upstream(ProviderKind::Ollama, &url, PATIENT), "m", GenerationOptions::default());
    let error = collect(&generator).await.1.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.kind(), "connect");
    assert!(message.contains(&closed.to_string()) && !message.contains("secret"), "{message}");
}

#[tokio::test]
async fn a_missing_model_comes_with_the_command_that_gets_it() {
    let mock = MockUpstream::start().await.unwrap();
    let generator = OllamaGenerator::new(
        upstream(ProviderKind::Ollama, &mock.url(), PATIENT),
        "missing:7b",
        GenerationOptions::default(),
    );
    let error = collect(&generator).await.1.unwrap_err();
    assert!(!error.is_unavailable());
    assert!(error.to_string().contains("ollama pull missing:7b"), "{error}");
}

#[tokio::test]
async fn dropping_an_answer_ends_the_call_upstream() {
    let mock = MockUpstream::start().await.unwrap();
    mock.fault(Operation::Generate, Some(Fault::Stall { after: 1 }));
    for generator in generators(&mock, PATIENT) {
        let before = mock.stats().closed_early;
        let mut events = generator.generate(request()).await.unwrap();
        assert!(matches!(events.next().await, Some(Ok(GenerationEvent::Text(_)))));
        drop(events);
        let closed = async {
            while mock.stats().closed_early == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.expect("the upstream sees the close");
    }
}

#[tokio::test]
async fn embeddings_come_in_order_and_at_unit_length() {
    let mock = MockUpstream::start().await.unwrap();
    let texts = ["one ship".to_owned(), "two harbors".to_owned(), "three".to_owned()];
    for embedder in embedders(&mock, PATIENT) {
        let vectors = embedder.embed(&texts, Purpose::Passage, &CallContext::without_deadline()).await.unwrap();
        for (text, vector) in texts.iter().zip(&vectors) {
            let cosine: f32 = vector.as_ref().unwrap().iter().zip(embedding(text)).map(|(a, b)| a * b).sum();
            assert!((cosine - 1.0).abs() < 1e-4, "{}: {text}", embedder.id());
        }
        assert!(embedder.embed(&[], Purpose::Query, &CallContext::without_deadline()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_failing_embedder_gives_an_error_and_never_zeros() {
    let mock = MockUpstream::start().await.unwrap();
    for fault in [Fault::Status { code: 500, retry_after: None }, Fault::Hang, Fault::Malformed, Fault::Reported] {
        mock.fault(Operation::Embed, Some(fault.clone()));
        for embedder in embedders(&mock, BRIEF) {
            let error = embedder
                .embed(&["text".to_owned()], Purpose::Query, &CallContext::without_deadline())
                .await
                .unwrap_err();
            assert!(error.is_unavailable(), "{fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_model_is_told_what_a_text_is_for() {
    let mock = MockUpstream::start().await.unwrap();
    let embedder = OllamaEmbedder::new(upstream(ProviderKind::Ollama, &mock.url(), PATIENT), "nomic-embed-text");
    embedder.embed(&["ship".to_owned()], Purpose::Query, &CallContext::without_deadline()).await.unwrap();
    embedder.embed(&["ship".to_owned()], Purpose::Passage, &CallContext::without_deadline()).await.unwrap();
    let inputs: Vec<String> =
        mock.requests().iter().map(|(_, body)| body["input"][0].as_str().unwrap().to_owned()).collect();
    assert_eq!(inputs, ["search_query: ship", "search_document: ship"]);
}

#[tokio::test]
async fn a_probe_names_what_is_missing_and_never_hangs() {
    let mock = MockUpstream::start().await.unwrap();
    let ollama = OllamaProbe::new(upstream(ProviderKind::Ollama, &mock.url(), PATIENT));
    let status = ollama.check(&["nomic-embed-text".into(), "qwen3:8b".into()]).await;
    assert!(status.ok && !status.is_usable());
    assert_eq!(status.models_missing, ["qwen3:8b"]);

    let openai = OpenAiProbe::new(upstream(ProviderKind::OpenAi, &mock.openai_url(), PATIENT));
    assert!(openai.check(&["gpt-4o-mini".into()]).await.is_usable());

    mock.fault(Operation::List, Some(Fault::Hang));
    let status = ollama.check(&[]).await;
    assert!(!status.ok && status.error.is_some());
}

#[test]
fn keys_are_in_no_message() {
    let url: ServiceUrl = "http://127.0.0.1:1/v1".parse().unwrap();
    let upstream = UpstreamClient::new(
        "openai_client".into(),
        ProviderKind::OpenAi,
        url,
        Some("sk-very-secret".into()),
        PATIENT,
        metrics(),
    )
    .unwrap();
    assert!(!format!("{upstream:?}").contains("very-secret"));
}
