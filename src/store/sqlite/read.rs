//! Reading documents and chunks.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde::de::DeserializeOwned;

use super::metadata;
use crate::{
    domain::{ChunkId, DocumentId},
    store::{
        Chunk, ChunkText, DocumentList, DocumentOrder, DocumentQuery, DocumentRecord, DocumentSummary, GenerationId,
    },
};

/// The columns that [`summary`] reads.
fn summary_columns(GenerationId(generation): GenerationId) -> String {
    format!(
        "d.key, d.source, d.title, d.format, d.bytes, d.version, d.language, d.modified_at, d.ingested_at,
        (SELECT count(*) FROM chunks c WHERE c.document_id = d.id AND c.generation = {generation}), d.metadata, d.part_of"
    )
}

fn summary(row: &Row<'_>) -> Result<DocumentSummary, rusqlite::Error> {
    Ok(DocumentSummary {
        id: row.get(0)?,
        source: row.get(1)?,
        title: row.get(2)?,
        format: row.get(3)?,
        bytes: row.get(4)?,
        version: row.get(5)?,
        language: row.get(6)?,
        modified: row.get(7)?,
        ingested: row.get(8)?,
        chunks: row.get(9)?,
        metadata: metadata::of_column(row, 10)?,
        part_of: row.get(11)?,
    })
}

/// What a query narrows documents down to; its parameters are those of [`documents`].
pub(super) const WHERE: &str = "WHERE (?1 IS NULL OR d.source GLOB ?1) AND (?2 IS NULL OR d.format = ?2)
    AND (?3 IS NULL OR d.language = ?3) AND (?4 IS NULL OR d.version = ?4)";

/// By what the documents of a query are sorted.
pub(super) fn order(GenerationId(generation): GenerationId, query: &DocumentQuery) -> String {
    let chunks = format!("(SELECT count(*) FROM chunks c WHERE c.document_id = d.id AND c.generation = {generation})");
    let column = match query.sort {
        DocumentOrder::Source => "d.source",
        DocumentOrder::Title => "coalesce(d.title, d.source)",
        DocumentOrder::Bytes => "d.bytes",
        DocumentOrder::Chunks => &chunks,
        DocumentOrder::Modified => "d.modified_at",
        DocumentOrder::Ingested => "d.ingested_at",
    };
    let direction = if query.descending { "DESC" } else { "ASC" };
    format!("{column} {direction}, d.source")
}

/// The documents that a query means.
pub(super) fn documents(
    c: &Connection,
    generation: GenerationId,
    query: &DocumentQuery,
) -> Result<DocumentList, rusqlite::Error> {
    if let Some(filter) = &query.filter {
        return metadata::filtered(c, generation, query, filter);
    }
    let order = order(generation, query);
    let filter = params![query.source, query.format, query.language, query.version];
    let total =
        c.prepare_cached(&format!("SELECT count(*) FROM documents d {WHERE}"))?.query_row(filter, |row| row.get(0))?;
    let summary_columns = summary_columns(generation);
    let sql = format!("SELECT {summary_columns} FROM documents d {WHERE} ORDER BY {order} LIMIT ?5 OFFSET ?6");
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    // A negative limit is none.
    let (limit, offset) = (query.limit.map_or(-1, number), number(query.offset));
    let documents = c
        .prepare_cached(&sql)?
        .query_map(params![query.source, query.format, query.language, query.version, limit, offset], summary)?
        .collect::<Result<_, _>>()?;
    Ok(DocumentList { documents, total })
}

/// What a list says of the document of this row.
pub(super) fn summary_of(
    c: &Connection,
    generation: GenerationId,
    id: DocumentId,
) -> Result<DocumentSummary, rusqlite::Error> {
    let summary_columns = summary_columns(generation);
    c.prepare_cached(&format!("SELECT {summary_columns} FROM documents d WHERE d.id = ?1"))?.query_row([id.0], summary)
}

/// The document of this id.
pub(super) fn document(
    c: &Connection,
    generation: GenerationId,
    id: &str,
) -> Result<Option<DocumentRecord>, rusqlite::Error> {
    let summary_columns = summary_columns(generation);
    let sql = format!(
        "SELECT {summary_columns}, t.outline, t.pages, t.quality
         FROM documents d LEFT JOIN texts t ON t.document_id = d.id WHERE d.key = ?1"
    );
    c.prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok(DocumentRecord {
                summary: summary(row)?,
                outline: json(row, 12)?.unwrap_or_default(),
                pages: json(row, 13)?.unwrap_or_default(),
                quality: json(row, 14)?,
            })
        })
        .optional()
}

/// The text of the document of this id.
pub(super) fn text(c: &Connection, id: &str) -> Result<Option<String>, rusqlite::Error> {
    c.prepare_cached("SELECT t.text FROM texts t JOIN documents d ON d.id = t.document_id WHERE d.key = ?1")?
        .query_row([id], |row| {
            let packed = row.get_ref(0)?.as_blob()?;
            let bytes =
                lz4_flex::decompress_size_prepended(packed).map_err(|error| unreadable(0, Type::Blob, error))?;
            String::from_utf8(bytes).map_err(|error| unreadable(0, Type::Blob, error))
        })
        .optional()
}

/// The chunks with these ids, in this order.
pub(super) fn chunks(c: &Connection, ids: &[ChunkId]) -> Result<Vec<Chunk>, rusqlite::Error> {
    let mut one = c.prepare_cached(
        "SELECT c.id, c.key, d.source, p.ordinal, d.version, c.language, c.text, d.key, d.title, d.modified_at, p.place
         FROM chunks c JOIN documents d ON d.id = c.document_id JOIN places p ON p.chunk_id = c.id WHERE c.id = ?1",
    )?;
    let mut chunks = Vec::with_capacity(ids.len());
    for id in ids {
        chunks.extend(
            one.query_row(params![id.0], |row| {
                Ok(Chunk {
                    id: ChunkId(row.get(0)?),
                    key: row.get(1)?,
                    source: row.get(2)?,
                    ordinal: row.get(3)?,
                    version: row.get(4)?,
                    language: row.get(5)?,
                    text: row.get(6)?,
                    document: row.get(7)?,
                    title: row.get(8)?,
                    modified: row.get(9)?,
                    place: json(row, 10)?,
                })
            })
            .optional()?,
        );
    }
    Ok(chunks)
}

/// What the keys of a document's chunks are made of, in reading order.
pub(super) fn chunk_texts(
    c: &Connection,
    generation: GenerationId,
    source: &str,
) -> Result<Vec<ChunkText>, rusqlite::Error> {
    c.prepare_cached(
        "SELECT c.key, c.language, c.text, d.title, p.place FROM documents d JOIN chunks c ON c.document_id = d.id
         JOIN places p ON p.chunk_id = c.id WHERE d.source = ?1 AND c.generation = ?2 ORDER BY p.ordinal",
    )?
    .query_map(params![source, generation.0], |row| {
        let (title, place) = (row.get(3)?, json(row, 4)?);
        Ok(ChunkText { key: row.get(0)?, language: row.get(1)?, text: row.get(2)?, title, place })
    })?
    .collect()
}

/// A column of JSON that may be empty.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>, rusqlite::Error> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| serde_json::from_str(text).map_err(|error| unreadable(column, Type::Text, error))).transpose()
}

/// A column that does not hold what it should.
pub(super) fn unreadable(
    column: usize,
    kind: Type,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
