//! Fields of a request that a server refuses.
//!
//! Servers that are nearly compatible refuse a request for a field that they do not know, although it would only have
//! brought a little more. Such a field is left out the next time, and that is remembered.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::RwLock;
use serde_json::{Map, Value};

/// The limit of tokens, and the name under which OpenAI's newer models want it.
const LIMIT: &str = "max_tokens";
const NEW_LIMIT: &str = "max_completion_tokens";

/// Fields that a server refuses. Cheap to clone; clones share what is learnt.
#[derive(Debug, Clone, Default)]
pub(super) struct LeftOut(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    fields: RwLock<BTreeSet<&'static str>>,
    /// It wants the limit of tokens under its newer name.
    renamed: AtomicBool,
    /// A refusal that named no field was not mended by leaving all of them out.
    hopeless: AtomicBool,
}

impl LeftOut {
    /// The request without what is refused. Fields of `options` count as fields of the request.
    pub(super) fn without(&self, body: &Map<String, Value>) -> Map<String, Value> {
        let mut body = body.clone();
        for field in self.0.fields.read().iter() {
            let left = remove(&mut body, field);
            if let Some(limit) = left.filter(|_| *field == LIMIT && self.0.renamed.load(Ordering::Relaxed)) {
                body.insert(NEW_LIMIT.to_owned(), limit);
            }
        }
        body
    }

    /// Learns from a refusal: the optional fields of the request that it names. Whether there are any.
    pub(super) fn learn(&self, sent: &Map<String, Value>, optional: &[&'static str], refusal: &str) -> bool {
        let named = present(sent, optional).filter(|field| names(refusal, field));
        let named: Vec<_> = named.collect();
        if named.contains(&LIMIT) && names(refusal, NEW_LIMIT) {
            self.0.renamed.store(true, Ordering::Relaxed);
        }
        self.0.fields.write().extend(&named);
        !named.is_empty()
    }

    /// All optional fields of a request that is refused without a reason, once.
    pub(super) fn all(&self, sent: &Map<String, Value>, optional: &[&'static str]) -> Vec<&'static str> {
        if self.0.hopeless.swap(true, Ordering::Relaxed) {
            return Vec::new();
        }
        present(sent, optional).collect()
    }

    /// Leaves these out from now on.
    pub(super) fn add(&self, fields: &[&'static str]) {
        self.0.fields.write().extend(fields);
    }
}

/// Removes a field of a request, also where it stands among its options.
pub(super) fn remove(request: &mut Map<String, Value>, field: &str) -> Option<Value> {
    if let Some(Value::Object(options)) = request.get_mut("options") {
        options.remove(field);
    }
    request.remove(field)
}

fn present(sent: &Map<String, Value>, optional: &[&'static str]) -> impl Iterator<Item = &'static str> {
    let options = sent.get("options").and_then(Value::as_object);
    optional
        .iter()
        .copied()
        .filter(move |field| sent.contains_key(*field) || options.is_some_and(|options| options.contains_key(*field)))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Whether a refusal names a field, as a word of its own.
fn names(refusal: &str, field: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let known_as: &[&str] = match field {
        "think" => &["think", "thinking"],
        _ => &[field],
    };
    known_as.iter().any(|field| {
        refusal.match_indices(field).any(|(at, _)| {
            !word(refusal[..at].chars().next_back()) && !word(refusal[at + field.len()..].chars().next())
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_a_refusal_names_is_left_out_from_then_on() {
        let left_out = LeftOut::default();
        let sent =
            object(json!({ "model": "m", "stream_options": {}, "seed": 1, "options": { "num_gpu": 1, "top_p": 0.5 } }));
        let optional = ["stream_options", "seed", "num_gpu"];
        assert!(!left_out.learn(&sent, &optional, "the model is too seedy"));
        assert!(left_out.learn(&sent, &optional, r#"{"loc":["body","stream_options","include_usage"]} and num_gpu"#));
        assert_eq!(
            Value::Object(left_out.without(&sent)),
            json!({ "model": "m", "seed": 1, "options": { "top_p": 0.5 } })
        );
    }

    #[test]
    fn the_limit_of_tokens_goes_by_its_newer_name_where_that_is_asked_for() {
        let (left_out, sent) = (LeftOut::default(), object(json!({ "max_tokens": 9 })));
        let refusal = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        assert!(left_out.learn(&sent, &["max_tokens"], refusal));
        assert_eq!(Value::Object(left_out.without(&sent)), json!({ "max_completion_tokens": 9 }));
    }

    #[test]
    fn without_a_reason_everything_is_tried_once() {
        let left_out = LeftOut::default();
        let sent = object(json!({ "model": "m", "truncate": true }));
        assert_eq!(left_out.all(&sent, &["truncate", "seed"]), ["truncate"]);
        assert!(left_out.all(&sent, &["truncate", "seed"]).is_empty());
    }
}
