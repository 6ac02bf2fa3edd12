//! Schemas of values that have bounds: the description of the API says of each exactly what the server refuses.
//!
//! The types stand for texts in descriptions only. Where a derived schema cannot say what a request may be, it is written
//! beside the request's type with the help of these.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Type,
        schema::{Schema, SchemaType},
    },
};

use crate::domain::{RerankMethod, SearchMode};

/// Most characters of a question, after trimming.
pub const MAX_QUESTION_CHARS: usize = 8_000;

/// Most paths of an ingestion.
pub const MAX_PATHS: usize = 1_000;

/// Most characters of a path or a glob.
pub const MAX_PATH_CHARS: usize = 4_096;

/// Most characters of a version label.
pub const MAX_VERSION_CHARS: usize = 64;

/// Most languages, and most version labels, that a question may be limited to.
pub const MAX_FILTERS: usize = 100;

/// Most characters of a language or a version label that a question is limited to: no document has a longer one.
pub const MAX_FILTER_CHARS: usize = MAX_VERSION_CHARS;

/// Most documents that one request may remove.
pub const MAX_SOURCES: usize = 10_000;

/// Most characters of a document's name: the name is a path.
pub const MAX_SOURCE_CHARS: usize = MAX_PATH_CHARS;

/// A character that is no white space, for Rust and thus for the server. The dialects of regular expressions disagree on
/// `\s`.
const NOT_BLANK: &str = r"[^\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// A question.
pub struct QuestionText;

impl PartialSchema for QuestionText {
    fn schema() -> RefOr<Schema> {
        let described = "1 to 8000 characters after white space at both ends is left out.";
        text(described).min_length(Some(1)).max_length(Some(MAX_QUESTION_CHARS)).pattern(Some(NOT_BLANK)).into()
    }
}

impl ToSchema for QuestionText {}

/// The name of a DB.
pub struct DbNameText;

impl PartialSchema for DbNameText {
    fn schema() -> RefOr<Schema> {
        let described = "1 to 64 of `A-Z a-z 0-9 _ . -`, and not `.` or `..`.";
        text(described).pattern(Some(r"^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}$")).into()
    }
}

impl ToSchema for DbNameText {}

/// A file, a folder or a glob.
pub struct PathText;

impl PartialSchema for PathText {
    fn schema() -> RefOr<Schema> {
        let described = "A file, a folder or a glob, with no NUL character.";
        text(described).min_length(Some(1)).max_length(Some(MAX_PATH_CHARS)).pattern(Some(r"^[^\x00]*$")).into()
    }
}

impl ToSchema for PathText {}

/// A language or a version label that a question is limited to.
pub struct FilterText;

impl PartialSchema for FilterText {
    fn schema() -> RefOr<Schema> {
        text("A language (ISO 639-1) or a version label.").max_length(Some(MAX_FILTER_CHARS)).into()
    }
}

impl ToSchema for FilterText {}

/// The name of a document.
pub struct SourceText;

impl PartialSchema for SourceText {
    fn schema() -> RefOr<Schema> {
        text("A document's name, as `GET /api/docs` lists it.").max_length(Some(MAX_SOURCE_CHARS)).into()
    }
}

impl ToSchema for SourceText {}

/// How to search.
pub struct MethodName;

impl PartialSchema for MethodName {
    fn schema() -> RefOr<Schema> {
        text("How to search.").enum_values(Some(SearchMode::ALL.map(SearchMode::as_str))).into()
    }
}

impl ToSchema for MethodName {}

/// What puts passages into another order. The description that a server gives lists what it has only.
pub struct RerankName;

impl RerankName {
    /// The schema of a server that can do this.
    pub fn schema_of(methods: impl Iterator<Item = RerankMethod>) -> RefOr<Schema> {
        text("What puts passages into another order.").enum_values(Some(methods.map(RerankMethod::as_str))).into()
    }
}

impl PartialSchema for RerankName {
    fn schema() -> RefOr<Schema> {
        Self::schema_of(RerankMethod::ALL.into_iter())
    }
}

impl ToSchema for RerankName {}

/// Who answers. The description that a server gives lists its own providers only.
pub struct ProviderName;

impl ProviderName {
    /// The schema of a server that has these providers.
    pub fn schema_of(providers: &[&str]) -> RefOr<Schema> {
        text("A provider that this server has.").enum_values(Some(providers.iter().copied())).into()
    }
}

impl PartialSchema for ProviderName {
    fn schema() -> RefOr<Schema> {
        Self::schema_of(&["ollama", "openai", "embedded"])
    }
}

impl ToSchema for ProviderName {}

/// A schema with a name, and those that it refers to: what [`ToSchema::schemas`] is given.
pub(super) type Named = Vec<(String, RefOr<Schema>)>;

/// Tells of a schema that another one refers to.
pub(super) fn referred<T: ToSchema>(schemas: &mut Named) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// A reference to a schema with a name.
pub(super) fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// A text.
pub(super) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

/// An object.
pub(super) fn object(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(description))
}

/// Only null: a field that is to be left out.
pub(super) fn null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Null)
}

/// One truth value, and null if `or_null`.
pub(super) fn only(value: bool, or_null: bool) -> ObjectBuilder {
    let mut values = vec![serde_json::Value::Bool(value)];
    if !or_null {
        return ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some(values));
    }
    values.push(serde_json::Value::Null);
    ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::Boolean, Type::Null])).enum_values(Some(values))
}
