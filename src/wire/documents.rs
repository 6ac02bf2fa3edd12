//! Documents and DBs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    filter::MetadataBody,
    schema::{DbNameText, PathText, SourceText},
};

/// What to ingest.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct IngestRequest {
    /// Files, folders and globs inside the server's document roots.
    #[schema(value_type = Vec<PathText>, min_items = 1, max_items = 1000, example = json!(["fixtures/docs"]))]
    pub paths: Vec<String>,
    /// DB; made when it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Label for these documents; each gets a hash of its content without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64)]
    pub version: Option<String>,
    /// Metadata of these documents, which wins over that of the files and of the configuration's rules. Without it, what an
    /// earlier request gave stays; with `{}` it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MetadataBody>)]
    pub metadata: Option<Map<String, Value>>,
}

/// What an ingestion did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IngestResponse {
    /// `ok`.
    pub status: String,
    /// Chunks that were embedded and stored.
    pub chunks_indexed: usize,
    /// How many documents of each kind.
    pub documents: DocumentCounts,
    /// Files that failed.
    pub errors: Vec<FileErrorBody>,
    /// Files that were ingested, but not perfectly, and what was lost.
    #[serde(default)]
    pub warnings: Vec<FileErrorBody>,
    /// DB.
    pub db: String,
}

/// How many documents.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct DocumentCounts {
    /// New.
    pub added: usize,
    /// Changed since they were ingested.
    pub updated: usize,
    /// Known in this state.
    pub unchanged: usize,
    /// Not ingested, see `errors`.
    pub failed: usize,
    /// In a folder, but of no supported format.
    #[serde(default)]
    pub skipped: usize,
}

/// A file and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileErrorBody {
    /// The file.
    pub file: String,
    /// What happened, and what to do.
    pub error: String,
}

/// Which documents, and in which order.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DocumentsRequest {
    /// DB; the current one by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = DbNameText, required = false)]
    pub db: Option<String>,
    /// Pattern of the source with `*`, `?` and `[…]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false, max_length = 4096, example = "docs/*.pdf")]
    pub source: Option<String>,
    /// Format that they were read as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false)]
    pub format: Option<String>,
    /// ISO 639-1 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false)]
    pub language: Option<String>,
    /// Version label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false)]
    pub version: Option<String>,
    /// `source`, `title`, `bytes`, `chunks`, `modified` or `ingested`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false, pattern = "^(source|title|bytes|chunks|modified|ingested)$")]
    pub sort: Option<String>,
    /// `asc` or `desc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false, pattern = "^(asc|desc)$")]
    pub order: Option<String>,
    /// How many are passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false)]
    pub offset: Option<u64>,
    /// How many at most; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(required = false, minimum = 1, maximum = 10000)]
    pub limit: Option<u64>,
    /// A filter as JSON, as questions take it.
    #[param(required = false, example = r#"{"type":"eq","key":"team","value":"legal"}"#)]
    pub filter: Option<String>,
}

/// The documents of a DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentsResponse {
    /// DB.
    pub db: String,
    /// Sorted by source, unless another order was asked for.
    pub docs: Vec<DocumentEntry>,
    /// How many documents there are that were asked for; a page may show fewer.
    #[serde(default)]
    pub total: u64,
}

/// What a list says of a document.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DocumentEntry {
    /// Its name.
    pub source: String,
    /// Number of its chunks.
    pub chunks: u64,
    /// Its id, which stays as long as the document is stored.
    #[schema(example = "3f9a61c05d1f8be2a4c7")]
    pub id: String,
    /// The title that it gives itself.
    pub title: Option<String>,
    /// Format that it was read as.
    #[schema(example = "pdf")]
    pub format: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Version label.
    pub version: String,
    /// ISO 639-1 code of most of its text, `und` when unknown.
    pub language: String,
    /// When its file changed last, RFC 3339.
    pub modified: Option<String>,
    /// When it was ingested, RFC 3339.
    pub ingested: String,
    /// What is known of it besides, from its file, the configuration's rules and requests.
    #[schema(value_type = MetadataBody)]
    pub metadata: Map<String, Value>,
    /// Name of the document whose file it is in: the mail that it is attached to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mails/offer.eml")]
    pub part_of: Option<String>,
}

/// A document in detail. Offsets count characters (Unicode scalar values) of its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentResponse {
    /// DB.
    pub db: String,
    /// What a list says of it.
    #[serde(flatten)]
    pub document: DocumentEntry,
    /// Its headings, in their order.
    pub outline: Vec<HeadingBody>,
    /// Where its pages begin; empty when the format has none.
    pub pages: Vec<PageBody>,
    /// How well it could be read; null when an older version read it, which kept no text: ingest it again.
    pub quality: Option<QualityBody>,
}

/// A heading.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeadingBody {
    /// 1 for the highest.
    pub level: u8,
    /// Its words.
    pub title: String,
    /// Offset of the line that it stands in.
    pub start: u32,
}

/// The beginning of a page.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct PageBody {
    /// The page, from 1.
    pub page: u32,
    /// Offset of its first character.
    pub start: u32,
}

/// How well a document could be read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct QualityBody {
    /// Characters of its text.
    pub characters: u64,
    /// Of them U+FFFD, which stands for what could not be read.
    pub replaced: u64,
    /// Pages.
    pub pages: u32,
    /// Pages without text: scans and pictures.
    pub pages_without_text: Vec<u32>,
    /// Pages that are broken, and missing.
    pub pages_unreadable: Vec<u32>,
    /// Tables.
    pub tables: u32,
    /// What was lost, in sentences.
    pub warnings: Vec<String>,
    /// Pictures of which the document says nothing in words.
    pub pictures_without_text: u32,
}

/// A part of a document's text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentTextResponse {
    /// DB.
    pub db: String,
    /// The document.
    pub id: String,
    /// Offset of the first character that is given.
    pub start: u32,
    /// Offset behind the last.
    pub end: u32,
    /// Characters of the whole text.
    pub characters: u32,
    /// The text from `start` to `end`.
    pub text: String,
}

/// Documents to remove.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeleteDocumentsRequest {
    /// Their names, at most 10,000 of at most 4,096 characters.
    #[schema(value_type = Vec<SourceText>, max_items = 10_000)]
    pub sources: Vec<String>,
    /// DB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
}

/// What was removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeleteDocumentsResponse {
    /// `ok`.
    pub status: String,
    /// How many of the named documents there were.
    pub deleted_sources: usize,
    /// DB.
    pub db: String,
}

/// What questions can be limited to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FiltersResponse {
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Version labels.
    pub versions: Vec<String>,
    /// The keys that a `filter` can compare besides `source` and `title`, those of most documents first, at most 100.
    #[serde(default)]
    pub keys: Vec<FacetBody>,
}

/// A key that a filter can compare.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FacetBody {
    /// The key, as filters name it.
    #[schema(example = "team")]
    pub key: String,
    /// `string`, `number`, `boolean` or `date`; `mixed` where documents have different ones.
    #[serde(rename = "type")]
    #[schema(example = "string")]
    pub kind: String,
    /// How many documents have it.
    pub documents: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// The most frequent values, at most 20.
    pub values: Vec<FacetValueBody>,
    /// The smallest number, or the earliest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// The largest number, or the latest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
}

/// A value and the documents that have it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FacetValueBody {
    /// The value.
    #[schema(example = "legal")]
    pub value: Value,
    /// How many documents have it.
    pub documents: u64,
}

/// A DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DbName {
    /// 1 to 64 of `A-Z a-z 0-9 _ . -`.
    #[schema(value_type = DbNameText, example = "handbook")]
    pub name: String,
}

/// The DBs of a server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DbsResponse {
    /// `ok` after a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// DB of requests that name none.
    pub current: String,
    /// All, sorted.
    pub dbs: Vec<String>,
}
