//! Documents and filters for property tests, with few keys and values, so that they often meet.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::DocumentAttributes;
use crate::domain::Metadata;

/// Values that meet each other often.
pub fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2..3_i64).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(-0.0), Just(1e300)].prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop_oneof![
            Just("a"),
            Just("b"),
            Just("1"),
            Just("true"),
            Just("2026-01-01"),
            Just("2026-01-02"),
            Just("2026-01-01T12:00:00+01:00")
        ]
        .prop_map(Value::from),
    ]
}

/// Documents with few keys and few values.
pub fn documents() -> impl Strategy<Value = DocumentAttributes> {
    let field = prop_oneof![values(), prop::collection::vec(values(), 0..3).prop_map(Value::from)];
    let metadata = prop::collection::btree_map("[abc]|version", field, 0..4);
    let times = prop::option::of(prop_oneof![Just("2026-01-01T12:00:00.5Z"), Just("2026-01-02T00:00:00Z")]);
    ("docs/[ab]{1,2}", "md|pdf", "en|de|und", "[12]", prop::option::of("a|b"), times, metadata).prop_map(
        |(source, format, language, version, title, modified, metadata)| DocumentAttributes {
            source,
            format,
            language,
            version,
            title,
            modified: modified.map(str::to_owned),
            ingested: "2026-01-02T00:00:00Z".into(),
            metadata: Metadata::from_json(&metadata.into_iter().collect()).unwrap(),
        },
    )
}

/// Filters as they may be written.
pub fn filters() -> impl Strategy<Value = Value> {
    let field = || "[abcd]|metadata\\.version|metadata\\.metadata\\.x";
    let equal = (prop_oneof![Just("eq"), Just("ne")], field(), values())
        .prop_map(|(kind, key, value)| json!({"type": kind, "key": key, "value": value}));
    let listed = (prop_oneof![Just("in"), Just("nin")], field(), prop::collection::vec(values(), 0..4))
        .prop_map(|(kind, key, value)| json!({"type": kind, "key": key, "value": value}));
    let order = || prop_oneof![Just("gt"), Just("gte"), Just("lt"), Just("lte")];
    let dates =
        || prop_oneof![Just("2026-01-01"), Just("2026-01-02"), Just("2026-01-01T11:00:00Z")].prop_map(Value::from);
    let bound = prop_oneof![(-2..3_i64).prop_map(Value::from), dates()];
    let ordered =
        (order(), field(), bound).prop_map(|(kind, key, value)| json!({"type": kind, "key": key, "value": value}));
    let timed = (
        prop_oneof![order(), Just("eq"), Just("ne")],
        "modified|ingested",
        prop_oneof![dates(), Just(json!(1_767_268_800))],
    )
        .prop_map(|(kind, key, value)| json!({"type": kind, "key": key, "value": value}));
    let named = (prop_oneof![Just("eq"), Just("ne")], "source|format|language|version|title", "a|b|md|de|1|docs/a")
        .prop_map(|(kind, key, value)| json!({"type": kind, "key": key, "value": value}));
    let like = "(docs|\\*|\\?|/|a|b){1,4}".prop_map(|value| json!({"type": "like", "key": "source", "value": value}));
    prop_oneof![equal, listed, ordered, timed, named, like].prop_recursive(3, 12, 4, |inner| {
        (prop_oneof![Just("and"), Just("or")], prop::collection::vec(inner, 1..4))
            .prop_map(|(kind, filters)| json!({"type": kind, "filters": filters}))
    })
}
