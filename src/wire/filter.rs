//! Filters and metadata in descriptions of the API: what the server takes, and examples.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, RefOr, Type,
        schema::{AdditionalProperties, OneOfBuilder, Schema},
    },
};

use super::schema::{Named, object, reference, referred, text};
use crate::domain::{
    MAX_METADATA_FIELDS, MAX_METADATA_LIST, MAX_METADATA_TEXT_CHARS,
    filter::{MAX_FILTER_KEY_CHARS, MAX_FILTER_NODES, MAX_FILTER_TEXT_CHARS, MAX_FILTER_VALUES},
};

fn closed(object: ObjectBuilder) -> ObjectBuilder {
    object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn one_value(most_chars: usize) -> OneOfBuilder {
    OneOfBuilder::new()
        .item(text("A text.").max_length(Some(most_chars)))
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
}

/// A filter on documents.
pub struct FilterBody;

impl PartialSchema for FilterBody {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .description(Some(
                "Which documents are meant, in the dialect of OpenAI's vector stores: at most 16 filters within each other, 256 \
                 altogether, with 1,000 values and 16 patterns.",
            ))
            .item(reference::<ComparisonFilter>())
            .item(reference::<ListFilter>())
            .item(reference::<CompoundFilter>())
            .examples([
                json!({"type": "eq", "key": "team", "value": "legal"}),
                json!({"type": "and", "filters": [
                    {"type": "gte", "key": "modified", "value": "2026-01-01"},
                    {"type": "in", "key": "format", "value": ["pdf", "docx"]},
                    {"type": "like", "key": "source", "value": "contracts/*"},
                ]}),
            ])
            .into()
    }
}

impl ToSchema for FilterBody {
    fn schemas(schemas: &mut Named) {
        // Joints hold filters, so that naming what they refer to would come back here.
        referred::<ComparisonFilter>(schemas);
        referred::<ListFilter>(schemas);
        schemas.push((CompoundFilter::name().into_owned(), CompoundFilter::schema()));
    }
}

/// A comparison with one value.
pub struct ComparisonFilter;

impl PartialSchema for ComparisonFilter {
    fn schema() -> RefOr<Schema> {
        let described = "Compares what a document has for a key with a value. A field with a list has all its values. `ne` holds \
                         where `eq` does not, also for documents without the field. `gt`, `gte`, `lt` and `lte` take numbers and \
                         dates (RFC 3339; a date alone is the whole day in UTC); `modified` and `ingested` take dates and seconds \
                         since 1970; `like` takes a pattern for `source` with `*`, `?` and `[…]`.";
        let kinds = ["eq", "ne", "gt", "gte", "lt", "lte", "like"];
        closed(object(described))
            .property("type", text("How.").enum_values(Some(kinds)))
            .required("type")
            .property("key", key())
            .required("key")
            .property("value", one_value(MAX_FILTER_TEXT_CHARS))
            .required("value")
            .into()
    }
}

impl ToSchema for ComparisonFilter {}

/// A comparison with a list.
pub struct ListFilter;

impl PartialSchema for ListFilter {
    fn schema() -> RefOr<Schema> {
        let described = "Holds where `eq` does for one of the values; `nin`: for none.";
        let values = ArrayBuilder::new().items(one_value(MAX_FILTER_TEXT_CHARS)).max_items(Some(MAX_FILTER_VALUES));
        closed(object(described))
            .property("type", text("How.").enum_values(Some(["in", "nin"])))
            .required("type")
            .property("key", key())
            .required("key")
            .property("value", values)
            .required("value")
            .into()
    }
}

impl ToSchema for ListFilter {}

/// Filters that are joined.
pub struct CompoundFilter;

impl PartialSchema for CompoundFilter {
    fn schema() -> RefOr<Schema> {
        let filters = ArrayBuilder::new().items(reference::<FilterBody>());
        let filters = filters.min_items(Some(1)).max_items(Some(MAX_FILTER_NODES - 1));
        closed(object("Holds where all of the filters do, or any."))
            .property("type", text("How.").enum_values(Some(["and", "or"])))
            .required("type")
            .property("filters", filters)
            .required("filters")
            .into()
    }
}

impl ToSchema for CompoundFilter {}

fn key() -> ObjectBuilder {
    let described = "`source`, `format`, `language`, `version`, `title`, `modified`, `ingested`, or a field of the metadata; \
                     `metadata.NAME` is always the field.";
    text(described).min_length(Some(1)).max_length(Some(MAX_FILTER_KEY_CHARS))
}

/// The metadata of a document.
pub struct MetadataBody;

impl PartialSchema for MetadataBody {
    fn schema() -> RefOr<Schema> {
        let list = ArrayBuilder::new().items(one_value(MAX_METADATA_TEXT_CHARS)).max_items(Some(MAX_METADATA_LIST));
        let value: Schema = one_value(MAX_METADATA_TEXT_CHARS).item(list).into();
        let described =
            format!("At most {MAX_METADATA_FIELDS} fields by name: texts, numbers, booleans and lists of these.");
        object(&described)
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(value))))
            .examples([json!({"team": "legal", "year": 2026, "tags": ["contract", "signed"]})])
            .into()
    }
}

impl ToSchema for MetadataBody {}
