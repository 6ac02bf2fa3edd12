use super::*;

fn query() -> WorkloadQuery {
    WorkloadQuery { text: "?".into(), expected: vec!["guide.md".into(), "other.md".into()] }
}

/// What is made of a body that comes in pieces of this many bytes.
fn read(endpoint: EndpointKind, form: Form, body: &str, pieces: usize) -> Result<Observed, RequestFailure> {
    let mut reader = AnswerReader::new(endpoint);
    // What an earlier answer left must not be seen.
    reader.begin(500, Form::Other);
    reader.part(b"old");
    reader.begin(200, form);
    body.as_bytes().chunks(pieces).for_each(|part| reader.part(part));
    reader.judge(&query())
}

const DONE: &str = r#"{"answer":"","metadatas":[{"source":"docs/guide.md"},{"source":"x"}],"cache_hit":true,"cache_metadata":{"cache_type":"semantic"},"degraded":true}"#;

#[test]
fn a_whole_answer_tells_about_itself() {
    for pieces in [1, 7, 10_000] {
        let seen = read(EndpointKind::Query, Form::Other, DONE, pieces).unwrap();
        assert_eq!((seen.cache, seen.degraded, seen.recall), (Some(CacheClass::Semantic), true, Some(0.5)));
    }
    let silent = read(EndpointKind::Query, Form::Other, r#"{"answer":"yes"}"#, 99).unwrap();
    assert_eq!((silent.cache, silent.degraded, silent.recall), (None, false, Some(0.0)));
    for body in ["", "<html>", "[]", "{}", r#"{"answer":null}"#] {
        assert_eq!(read(EndpointKind::Query, Form::Other, body, 99).unwrap_err().class, ErrorClass::Body, "{body}");
    }
}

#[test]
fn streams_of_every_dialect_are_timed() {
    let events = format!(
        "event: contexts\ndata: {{\"contexts\":[]}}\n\nevent: token\ndata: {{\"text\":\"a\"}}\n\n: ping\n\nevent: token\ndata: {{\"text\":\"b\"}}\r\n\nevent: done\ndata: {DONE}\n\n"
    );
    let ollama = "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"response\":\"b\",\"done\":false}\n{\"done\":true,\"eval_count\":7}\n";
    let openai = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}],\"usage\":{\"completion_tokens\":7}}\n\ndata: [DONE]\n\n";
    let cases = [
        (EndpointKind::Stream, Form::Events, events.as_str(), 2, None),
        (EndpointKind::Other, Form::JsonLines, ollama, 2, Some(7)),
        (EndpointKind::Other, Form::Events, openai, 2, Some(7)),
    ];
    for (endpoint, form, body, texts, tokens) in cases {
        for pieces in [1, 5, 10_000] {
            let stream = read(endpoint, form, body, pieces).unwrap().stream.unwrap();
            assert_eq!((stream.pieces, stream.tokens), (texts, tokens), "{body}");
            assert!(stream.distance().is_some());
        }
        // Without its last event it is not whole.
        let cut = &body[..body.len() - 20];
        assert_eq!(read(endpoint, form, cut, 9).unwrap_err().class, ErrorClass::TruncatedStream, "{cut}");
    }
    let whole = read(EndpointKind::Stream, Form::Events, &events, 9).unwrap();
    assert_eq!((whole.cache, whole.recall), (Some(CacheClass::Semantic), Some(0.5)));
}

#[test]
fn the_older_form_of_a_stream_is_timed_too() {
    let body = "[[CTXJSON]]{\"contexts\":[],\"metadatas\":[{\"source\":\"guide.md\"}],\"db\":\"x\"}\nthe answer";
    for pieces in [1, 5, 10_000] {
        let seen = read(EndpointKind::Stream, Form::Other, body, pieces).unwrap();
        assert_eq!(seen.recall, Some(0.5));
        assert!(seen.stream.unwrap().pieces >= 1);
    }
    assert_eq!(read(EndpointKind::Stream, Form::Other, "hello", 9).unwrap_err().class, ErrorClass::Body);
}

#[test]
fn an_error_within_a_stream_is_one() {
    let body = "event: error\ndata: {\"message\":\"the LLM is gone\"}\n\n";
    let failure = read(EndpointKind::Stream, Form::Events, body, 9).unwrap_err();
    assert_eq!((failure.class, failure.message.as_str()), (ErrorClass::StreamError, "the LLM is gone"));
    let reported = read(EndpointKind::Other, Form::JsonLines, "{\"error\":\"no such model\"}\n", 9).unwrap_err();
    assert_eq!(reported.class, ErrorClass::StreamError);
}

#[test]
fn events_of_somebody_else_need_no_end() {
    assert!(read(EndpointKind::Other, Form::Events, "data: {\"tick\":1}\n\n", 9).is_ok());
}

#[test]
fn an_error_is_quoted_and_classed_by_its_status() {
    for (status, class) in [
        (429, ErrorClass::Http429),
        (404, ErrorClass::Http4xx),
        (503, ErrorClass::Http5xx),
        (301, ErrorClass::HttpOther),
    ] {
        let mut reader = AnswerReader::new(EndpointKind::Other);
        reader.begin(status, Form::Events);
        reader.part(b"too\nmany");
        let failure = reader.judge(&query()).unwrap_err();
        assert_eq!((failure.class, failure.status), (class, Some(status)));
        assert!(failure.message.contains("too many"), "{}", failure.message);
    }
}
