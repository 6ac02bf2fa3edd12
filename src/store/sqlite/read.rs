//! Reading documents and chunks.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde::de::DeserializeOwned;

use crate::{
    domain::ChunkId,
    store::{Chunk, DocumentList, DocumentOrder, DocumentQuery, DocumentRecord, DocumentSummary},
};

/// The columns that [`summary`] reads.
const SUMMARY: &str =
    "d.key, d.source, d.title, d.format, d.bytes, d.version, d.language, d.modified_at, d.ingested_at,
    (SELECT count(*) FROM chunks c WHERE c.document_id = d.id)";

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
    })
}

/// What a query narrows documents down to; its parameters are those of [`documents`].
const WHERE: &str = "WHERE (?1 IS NULL OR d.source GLOB ?1) AND (?2 IS NULL OR d.format = ?2)
    AND (?3 IS NULL OR d.language = ?3) AND (?4 IS NULL OR d.version = ?4)";

/// The documents that a query means.
pub(super) fn documents(c: &Connection, query: &DocumentQuery) -> Result<DocumentList, rusqlite::Error> {
    let column = match query.sort {
        DocumentOrder::Source => "d.source",
        DocumentOrder::Title => "coalesce(d.title, d.source)",
        DocumentOrder::Bytes => "d.bytes",
        DocumentOrder::Chunks => "10",
        DocumentOrder::Modified => "d.modified_at",
        DocumentOrder::Ingested => "d.ingested_at",
    };
    let direction = if query.descending { "DESC" } else { "ASC" };
    let filter = params![query.source, query.format, query.language, query.version];
    let total =
        c.prepare_cached(&format!("SELECT count(*) FROM documents d {WHERE}"))?.query_row(filter, |row| row.get(0))?;
    let sql =
        format!("SELECT {SUMMARY} FROM documents d {WHERE} ORDER BY {column} {direction}, d.source LIMIT ?5 OFFSET ?6");
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    // A negative limit is none.
    let (limit, offset) = (query.limit.map_or(-1, number), number(query.offset));
    let documents = c
        .prepare_cached(&sql)?
        .query_map(params![query.source, query.format, query.language, query.version, limit, offset], summary)?
        .collect::<Result<_, _>>()?;
    Ok(DocumentList { documents, total })
}

/// The document of this id.
pub(super) fn document(c: &Connection, id: &str) -> Result<Option<DocumentRecord>, rusqlite::Error> {
    let sql = format!(
        "SELECT {SUMMARY}, t.outline, t.pages, t.quality
         FROM documents d LEFT JOIN texts t ON t.document_id = d.id WHERE d.key = ?1"
    );
    c.prepare_cached(&sql)?
        .query_row([id], |row| {
            Ok(DocumentRecord {
                summary: summary(row)?,
                outline: json(row, 10)?.unwrap_or_default(),
                pages: json(row, 11)?.unwrap_or_default(),
                quality: json(row, 12)?,
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
        "SELECT c.id, c.key, d.source, p.ordinal, c.version, c.language, c.text, d.key, d.title, d.modified_at, p.place
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

/// A column of JSON that may be empty.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>, rusqlite::Error> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| serde_json::from_str(text).map_err(|error| unreadable(column, Type::Text, error))).transpose()
}

fn unreadable(column: usize, kind: Type, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
