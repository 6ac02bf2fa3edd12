//! What filters mean, and that their writing does not matter.

use proptest::prelude::*;
use serde_json::json;

use super::{
    testing::{documents, filters},
    *,
};
use crate::domain::Metadata;

fn filter(value: Value) -> Filter {
    Filter::from_json(&value).unwrap()
}

fn error(value: &Value) -> String {
    Filter::from_json(value).unwrap_err().to_string()
}

fn document(metadata: Value) -> DocumentAttributes {
    DocumentAttributes {
        source: "contracts/2026/a.pdf".into(),
        format: "pdf".into(),
        language: "de".into(),
        version: "v1".into(),
        title: None,
        modified: Some("2026-01-31T10:00:00.25Z".into()),
        ingested: "2026-02-01T00:00:00Z".into(),
        metadata: Metadata::from_json(metadata.as_object().unwrap()).unwrap(),
    }
}

#[test]
fn comparisons_hold_for_the_values_that_they_name() {
    let document =
        document(json!({"team": "legal", "year": 2026, "draft": false, "tags": ["x", "y"], "due": "2026-03-01",
        "begin": "2026-03-01T12:00:00+02:00", "version": "9"}));
    for (kind, key, value, expected) in [
        ("eq", "team", json!("legal"), true),
        ("eq", "team", json!("Legal"), false),
        ("ne", "team", json!("legal"), false),
        ("ne", "team", json!("sales"), true),
        ("eq", "year", json!(2026.0), true),
        ("eq", "year", json!("2026"), false),
        ("ne", "year", json!("2026"), true),
        ("gt", "year", json!(2025), true),
        ("gt", "year", json!(2026), false),
        ("gte", "year", json!(2026), true),
        ("lt", "year", json!(2026), false),
        ("lte", "year", json!(2026), true),
        ("gt", "team", json!(0), false),
        ("eq", "draft", json!(false), true),
        ("in", "tags", json!(["z", "y"]), true),
        ("nin", "tags", json!(["z", "y"]), false),
        ("in", "tags", json!([]), false),
        ("nin", "tags", json!([]), true),
        ("eq", "tags", json!("x"), true),
        ("eq", "unknown", json!("x"), false),
        ("gt", "unknown", json!(1), false),
        ("in", "unknown", json!(["x"]), false),
        ("ne", "unknown", json!("x"), true),
        ("nin", "unknown", json!(["x"]), true),
        ("eq", "due", json!("2026-03-01"), true),
        ("eq", "due", json!("2026-03-01T00:00:00Z"), true),
        ("lte", "due", json!("2026-03-01"), true),
        ("lt", "due", json!("2026-03-01"), false),
        ("eq", "begin", json!("2026-03-01"), true),
        ("lte", "begin", json!("2026-03-01"), true),
        ("gt", "begin", json!("2026-03-01"), false),
        ("gt", "begin", json!("2026-03-01T09:59:59Z"), true),
        ("eq", "source", json!("contracts/2026/a.pdf"), true),
        ("like", "source", json!("contracts/*"), true),
        ("like", "source", json!("contracts"), false),
        ("eq", "format", json!("pdf"), true),
        ("in", "language", json!(["en", "de"]), true),
        ("eq", "version", json!("v1"), true),
        ("eq", "metadata.version", json!("9"), true),
        ("eq", "title", json!(""), false),
        ("ne", "title", json!(""), true),
        ("eq", "modified", json!("2026-01-31"), true),
        ("lte", "modified", json!("2026-01-31"), true),
        ("gt", "modified", json!("2026-01-31"), false),
        ("eq", "modified", json!(1_769_853_600), true),
        ("gt", "modified", json!(1_769_853_600), false),
        ("gt", "modified", json!(1_769_853_599), true),
        ("lt", "ingested", json!("2026-02-01T00:00:00.000001Z"), true),
        ("in", "ingested", json!(["2025-01-01", "2026-02-01"]), true),
    ] {
        let read = filter(json!({"type": kind, "key": key, "value": value}));
        assert_eq!(read.matches(&document), expected, "{read}");
    }
}

#[test]
fn joints_hold_when_all_or_any_of_theirs_do() {
    let document = document(json!({"a": 1}));
    let (yes, no) = (json!({"type": "eq", "key": "a", "value": 1}), json!({"type": "eq", "key": "a", "value": 2}));
    for (kind, parts, expected) in [
        ("and", vec![&yes, &yes], true),
        ("and", vec![&yes, &no], false),
        ("or", vec![&no, &yes], true),
        ("or", vec![&no, &no], false),
    ] {
        assert_eq!(filter(json!({"type": kind, "filters": parts})).matches(&document), expected);
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let eq = |key: &str, value: Value| json!({"type": "eq", "key": key, "value": value});
    for (given, words) in [
        (json!("x"), "\"filter\" must be an object, it is the text \"x\""),
        (json!({}), "\"filter.type\" is missing: give one of eq, ne"),
        (json!({"type": 1}), "\"filter.type\" must be a text, it is the number 1"),
        (
            json!({"type": "equals", "key": "a", "value": 1}),
            "\"filter.type\" must be one of eq, ne, gt, gte, lt, lte, in, nin, like, and, or, it is \"equals\"",
        ),
        (json!({"type": "eq", "value": 1}), "\"filter.key\" is missing"),
        (json!({"type": "eq", "key": 1, "value": 1}), "\"filter.key\" must be a text"),
        (json!({"type": "eq", "key": "a"}), "\"filter.value\" is missing"),
        (json!({"type": "eq", "key": "a", "value": 1, "vaule": 2}), "\"filter.vaule\" is not a field of this filter"),
        (json!({"type": "and", "filter": []}), "\"filter.filter\" is not a field"),
        (json!({"type": "and"}), "\"filter.filters\" is missing"),
        (json!({"type": "or", "filters": []}), "\"filter.filters\" is empty"),
        (json!({"type": "or", "filters": {}}), "\"filter.filters\" must be a list, it is an object"),
        (
            json!({"type": "and", "filters": [eq("a", json!(1)), {"type": "eq", "key": "a", "value": {}}]}),
            "\"filter.filters[1].value\" must be a text, a number, true or false, it is an object",
        ),
        (eq("a", Value::Null), "\"filter.value\" must be a text, a number, true or false, it is null"),
        (eq("a", json!([1])), "\"filter.value\" must be one value for \"eq\"; \"in\" and \"nin\" take lists"),
        (json!({"type": "in", "key": "a", "value": 1}), "\"filter.value\" must be a list for \"in\""),
        (json!({"type": "in", "key": "a", "value": [1, [2]]}), "\"filter.value[1]\" must be a text"),
        (eq("source", json!(1)), "\"filter.value\" must be a text for \"source\", it is the number 1"),
        (eq("modified", json!("yesterday")), "\"filter.value\" must be a date like 2026-01-31"),
        (eq("modified", json!(true)), "or seconds since 1970, for \"modified\", it is true"),
        (json!({"type": "gt", "key": "a", "value": "x"}), "\"filter.value\" must be a number, a date like"),
        (json!({"type": "gt", "key": "title", "value": "x"}), "\"filter.key\" must have numbers or dates for \"gt\""),
        (json!({"type": "like", "key": "title", "value": "x"}), "\"filter.key\" must be \"source\" for \"like\""),
        (eq("a", json!(9_007_199_254_740_993_i64)), "has more digits than a number keeps"),
        (eq("a", json!("x".repeat(4_097))), "at most 4096 characters, it has 4097"),
        (json!({"type": "in", "key": "a", "value": vec![1; 1_001]}), "\"filter.value[1000]\" is one too many"),
    ] {
        let error = error(&given);
        assert!(error.contains(words), "{given}: {error}");
    }
    let mut deep = eq("a", json!(1));
    for _ in 0..1_000 {
        deep = json!({"type": "and", "filters": [deep]});
    }
    assert!(error(&deep).contains("is nested too deeply: at most 16"), "{}", error(&deep));
    // The JSON of a test may be as deep as it likes; dropping it piece by piece spares the stack.
    while let Some(inner) = deep.get_mut("filters").and_then(|filters| filters.get_mut(0)).map(Value::take) {
        deep = inner;
    }
    let like = json!({"type": "like", "key": "source", "value": "a*"});
    assert!(
        error(&json!({"type": "or", "filters": vec![like; 17]}))
            .contains("\"filter.filters[16]\" is one pattern too many")
    );
    let wide = json!({"type": "or", "filters": vec![eq("a", json!(1)); 256]});
    assert!(error(&wide).contains("\"filter.filters[255]\" is one too many: at most 256"));
}

#[test]
fn the_short_form_means_what_the_json_means() {
    let short = |texts: &[&str]| {
        Filter::from_short(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).map(Option::unwrap)
    };
    for (texts, meant) in [
        (&["team=legal"][..], json!({"type": "eq", "key": "team", "value": "legal"})),
        (&["year=2026"], json!({"type": "in", "key": "year", "value": [2026, "2026"]})),
        (&["draft!=true"], json!({"type": "nin", "key": "draft", "value": [true, "true"]})),
        (&["year>=2026"], json!({"type": "gte", "key": "year", "value": 2026})),
        (&["due<2026-01-01"], json!({"type": "lt", "key": "due", "value": "2026-01-01"})),
        (&["source~docs/*"], json!({"type": "like", "key": "source", "value": "docs/*"})),
        (&["version=2"], json!({"type": "eq", "key": "version", "value": "2"})),
        (&["formula=a=b"], json!({"type": "eq", "key": "formula", "value": "a=b"})),
        (
            &["a=x", "b=y"],
            json!({"type": "and", "filters": [
            {"type": "eq", "key": "a", "value": "x"}, {"type": "eq", "key": "b", "value": "y"}]}),
        ),
    ] {
        assert_eq!(short(texts).unwrap(), filter(meant), "{texts:?}");
    }
    for (text, words) in [
        ("legal", "write key=value"),
        ("=x", "write key=value"),
        ("title>x", "title is a text"),
        ("team~x", "only source~pattern"),
        ("modified=soon", "the value must be a date"),
        ("year>soon", "the value must be a number"),
    ] {
        let error = short(&[text]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(Filter::from_short(&[]).unwrap(), None);
}

#[test]
fn writing_does_not_matter() {
    let eq = |key: &str, value: Value| json!({"type": "eq", "key": key, "value": value});
    let (a, b) = (eq("a", json!(1)), eq("b", json!("x")));
    for (one, other) in [
        (
            json!({"type": "and", "filters": [a, b]}),
            json!({"type": "and", "filters": [b, {"type": "and", "filters": [a, a]}]}),
        ),
        (json!({"type": "or", "filters": [a]}), a.clone()),
        (eq("a", json!(1)), eq("a", json!(1.0))),
        (eq("metadata.a", json!(1)), eq("a", json!(1))),
        (
            json!({"type": "in", "key": "a", "value": [2, 1, 2]}),
            json!({"type": "or", "filters": [eq("a", json!(2)), eq("a", json!(1))]}),
        ),
        (json!({"type": "in", "key": "a", "value": [1]}), a.clone()),
        (json!({"type": "nin", "key": "a", "value": [1]}), json!({"type": "ne", "key": "a", "value": 1})),
        (
            json!({"type": "gt", "key": "a", "value": "2026-01-01T01:00:00+01:00"}),
            json!({"type": "gt", "key": "a", "value": "2026-01-01T00:00:00Z"}),
        ),
    ] {
        assert_eq!(filter(one), filter(other));
    }
    assert_ne!(filter(a.clone()), filter(eq("a", json!("1"))));
    assert_ne!(filter(json!({"type": "and", "filters": [a, b]})), filter(json!({"type": "or", "filters": [a, b]})));
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(value in filters()) {
        let (written, read) = (parse::filter(&value).unwrap(), filter(value));
        prop_assert_eq!(parse::filter(&written.to_json()).unwrap(), written);
        prop_assert_eq!(parse::filter(&read.to_json()).unwrap(), read);
    }

    #[test]
    fn the_normal_form_means_the_same(value in filters(), documents in prop::collection::vec(documents(), 1..8)) {
        let (written, read) = (parse::filter(&value).unwrap(), filter(value));
        prop_assert_eq!(read.clone().normal(), read.clone(), "it is its own normal form");
        for document in &documents {
            prop_assert_eq!(written.matches(document), read.matches(document));
        }
    }

    #[test]
    fn any_json_is_read_or_refused(text in "[\\[\\]{}\",:a-z0-9]{0,60}", value in filters(), kind in "[a-z]{0,4}") {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = Filter::from_json(&value);
        }
        let mut value = value;
        value["type"] = kind.into();
        let _ = Filter::from_json(&value);
    }
}
