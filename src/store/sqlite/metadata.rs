//! Metadata of documents: how it is kept, changed, told to indexes and filtered by.

use rusqlite::{Connection, Row, params, types::Type};
use serde_json::{Map, Value};

use super::{read, write};
use crate::{
    domain::{DocumentAttributes, DocumentId, DocumentMetadata, Filter, IndexedDocument, Metadata},
    store::{DocumentList, DocumentQuery, GenerationId},
};

/// The columns that [`attributes`] reads.
const ATTRIBUTES: &str =
    "d.id, d.source, d.format, d.language, d.version, d.title, d.modified_at, d.ingested_at, d.metadata";

fn attributes(row: &Row<'_>) -> Result<IndexedDocument, rusqlite::Error> {
    Ok(IndexedDocument {
        id: DocumentId(row.get(0)?),
        attributes: DocumentAttributes {
            source: row.get(1)?,
            format: row.get(2)?,
            language: row.get(3)?,
            version: row.get(4)?,
            title: row.get(5)?,
            modified: row.get(6)?,
            ingested: row.get(7)?,
            metadata: of_column(row, 8)?,
        },
    })
}

/// The metadata in a column.
pub(super) fn of_column(row: &Row<'_>, column: usize) -> Result<Metadata, rusqlite::Error> {
    let text = row.get_ref(column)?.as_str()?;
    if text == "{}" {
        return Ok(Metadata::default());
    }
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| read::unreadable(column, Type::Text, error))?;
    Metadata::of_stored(&object).map_err(|error| read::unreadable(column, Type::Text, error))
}

/// The metadata in a column with where it comes from.
pub(super) fn layers_of_column(row: &Row<'_>, column: usize) -> Result<DocumentMetadata, rusqlite::Error> {
    let text = row.get_ref(column)?.as_str()?;
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| read::unreadable(column, Type::Text, error))?;
    let layer = |name: &str| match object.get(name) {
        Some(Value::Object(layer)) => {
            Metadata::of_stored(layer).map_err(|error| read::unreadable(column, Type::Text, error))
        }
        _ => Ok(Metadata::default()),
    };
    Ok(DocumentMetadata { file: layer("file")?, rules: layer("rules")?, given: layer("given")? })
}

/// Both as they are kept: what holds, and where it comes from.
fn texts(metadata: &DocumentMetadata) -> (String, String) {
    let DocumentMetadata { file, rules, given } = metadata;
    let layers = [("file", file), ("rules", rules), ("given", given)].into_iter();
    let layers: Map<String, Value> = layers
        .filter(|(_, layer)| !layer.is_empty())
        .map(|(name, layer)| (name.to_owned(), layer.to_json().into()))
        .collect();
    (Value::Object(metadata.effective().to_json()).to_string(), Value::Object(layers).to_string())
}

/// Says what is known of a document, and that it changed.
pub(super) fn put(
    c: &Connection,
    document_id: i64,
    metadata: &DocumentMetadata,
    revision: u64,
) -> Result<(), rusqlite::Error> {
    let (effective, layers) = texts(metadata);
    c.prepare_cached("UPDATE documents SET metadata = ?2, metadata_layers = ?3, revision = ?4 WHERE id = ?1")?
        .execute(params![document_id, effective, layers, revision])?;
    Ok(())
}

/// The same for documents that are stored; returns how many of them there are.
pub(super) fn describe(c: &Connection, documents: &[(String, DocumentMetadata)]) -> Result<usize, rusqlite::Error> {
    let revision = write::next_revision_of_all(c)?;
    let mut described = 0;
    for (source, metadata) in documents {
        let (effective, layers) = texts(metadata);
        described += c
            .prepare_cached(
                "UPDATE documents SET metadata = ?2, metadata_layers = ?3, revision = ?4 WHERE source = ?1",
            )?
            .execute(params![source, effective, layers, revision])?;
    }
    Ok(described)
}

/// Notes that a document is gone.
pub(super) fn removed(c: &Connection, document_id: i64, revision: u64) -> Result<(), rusqlite::Error> {
    c.prepare_cached("INSERT OR REPLACE INTO removed_documents (document_id, revision) VALUES (?1, ?2)")?
        .execute(params![document_id, revision])?;
    Ok(())
}

/// Documents that changed after a revision, up to another, and those that went meanwhile.
pub(super) fn changed(
    c: &Connection,
    after: u64,
    to: u64,
) -> Result<(Vec<IndexedDocument>, Vec<DocumentId>), rusqlite::Error> {
    let sql = format!("SELECT {ATTRIBUTES} FROM documents d WHERE d.revision > ?1 AND d.revision <= ?2");
    let documents = c.prepare_cached(&sql)?.query_map(params![after, to], attributes)?.collect::<Result<_, _>>()?;
    let removed = c
        .prepare_cached("SELECT document_id FROM removed_documents WHERE revision > ?1 AND revision <= ?2")?
        .query_map(params![after, to], |row| row.get(0).map(DocumentId))?
        .collect::<Result<_, _>>()?;
    Ok((documents, removed))
}

/// The documents that a query and a filter mean. Each is looked at: what the filter compares is no column.
pub(super) fn filtered(
    c: &Connection,
    generation: GenerationId,
    query: &DocumentQuery,
    filter: &Filter,
) -> Result<DocumentList, rusqlite::Error> {
    let (narrowed, order) = (read::WHERE, read::order(generation, query));
    let sql = format!("SELECT {ATTRIBUTES} FROM documents d {narrowed} ORDER BY {order}");
    let mut statement = c.prepare_cached(&sql)?;
    let rows = statement.query_map(params![query.source, query.format, query.language, query.version], attributes)?;
    let (matcher, mut meant) = (filter.matcher(), Vec::new());
    for row in rows {
        let document = row?;
        if matcher.matches(&document.attributes) {
            meant.push(document.id);
        }
    }
    let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let page = meant.iter().skip(whole(query.offset)).take(query.limit.map_or(usize::MAX, whole));
    let documents = page.map(|id| read::summary_of(c, generation, *id)).collect::<Result<_, _>>()?;
    Ok(DocumentList { documents, total: meant.len() as u64 })
}
