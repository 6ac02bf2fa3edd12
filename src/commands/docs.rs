//! `ragctl docs`: the documents of a DB, in the local data directory or at a server.

use std::{fmt::Write, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use unicode_width::UnicodeWidthStr;

use super::{print, serve};
use crate::{
    api,
    cli::{DocsAction, DocsDeleteArgs, DocsListArgs, DocsPlaceArgs, DocsShowArgs, ExitStatus, settings::Settings},
    client::Client,
    domain::DbName,
    store::{Store, StoreCatalog, sqlite::SqliteCatalog},
    telemetry::ServiceUrl,
    util::{humanize, terminal::tell, text::clean},
    wire::{
        DeleteDocumentsRequest, DocumentEntry, DocumentResponse, DocumentTextResponse, DocumentsRequest,
        DocumentsResponse,
    },
};

/// Longest wait for a connection to the server.
const CONNECT: Duration = Duration::from_secs(5);

/// Columns of a list, and their heads.
const COLUMNS: [&str; 6] = ["NAME", "FORMAT", "CHUNKS", "SIZE", "MODIFIED", "TITLE"];

pub(super) async fn run(settings: Settings, action: DocsAction) -> anyhow::Result<ExitStatus> {
    let work = async {
        match action {
            DocsAction::List(args) => list(&settings, args).await,
            DocsAction::Show(args) => show(&settings, args).await,
            DocsAction::Delete(args) => delete(&settings, args).await,
        }
    };
    tokio::select! {
        done = work => done,
        () = serve::shutdown_signal() => Ok(ExitStatus::Interrupted),
    }
}

async fn list(settings: &Settings, args: DocsListArgs) -> anyhow::Result<ExitStatus> {
    let DocsListArgs { pattern, format, language, label, sort, descending, offset, limit, json, place } = args;
    let request = DocumentsRequest {
        source: pattern,
        format,
        language,
        version: label,
        sort: Some(sort.as_str().to_owned()),
        order: descending.then(|| "desc".to_owned()),
        offset: Some(offset),
        limit,
        ..DocumentsRequest::default()
    };
    let found = Documents::of(settings, place, false)?.list(request).await?;
    if json {
        return print(&(serde_json::to_string_pretty(&found)? + "\n"));
    }
    print(&table(&found.docs))?;
    tell(format_args!("DB \"{}\": {} of {} documents", found.db, found.docs.len(), found.total));
    Ok(ExitStatus::Success)
}

async fn show(settings: &Settings, args: DocsShowArgs) -> anyhow::Result<ExitStatus> {
    let DocsShowArgs { document, text, start, end, json, place } = args;
    let documents = Documents::of(settings, place, false)?;
    let exactly = DocumentsRequest { source: Some(escaped(&document)), ..DocumentsRequest::default() };
    let named = documents.list(exactly).await?.docs.into_iter().next();
    // What no document is called is an id.
    let id = named.map_or(document, |entry| entry.id);
    if text {
        let part = documents.text(id, start, end).await?;
        return print(&if json { serde_json::to_string_pretty(&part)? + "\n" } else { part.text + "\n" });
    }
    let found = documents.show(id).await?;
    print(&if json { serde_json::to_string_pretty(&found)? + "\n" } else { description(&found) })
}

async fn delete(settings: &Settings, args: DocsDeleteArgs) -> anyhow::Result<ExitStatus> {
    let documents = Documents::of(settings, args.place, false)?;
    let mut sources = args.sources;
    sources.sort_unstable();
    sources.dedup();
    let mut missing = 0;
    // One by one, so that it is known which of them were not there.
    for source in sources {
        if documents.delete(source.clone()).await? == 0 {
            missing += 1;
            tell(format_args!("not removed: no document is called {source}; `ragctl docs list` shows the names"));
        } else {
            print(&format!("removed: {source}\n"))?;
        }
    }
    Ok(if missing == 0 { ExitStatus::Success } else { ExitStatus::Failure })
}

/// The documents of a DB, wherever they are.
pub(super) enum Documents {
    Local { catalog: Arc<SqliteCatalog>, db: DbName },
    Remote { client: Client, db: Option<String> },
}

impl Documents {
    /// Those of the server that `place` names, else of the data directory; `named`: the DB of the settings is meant in any case.
    pub(super) fn of(settings: &Settings, place: DocsPlaceArgs, named: bool) -> anyhow::Result<Self> {
        let DocsPlaceArgs { url, store } = place;
        match url {
            // The server's current DB, unless one was named here.
            Some(url) => {
                Self::remote(&url, store.db.map(drop).or(named.then_some(())).map(|()| settings.db.to_string()))
            }
            None if !settings.data_dir.is_dir() => bail!(
                "there is no data directory {}; ingest documents first, or name another with --data-dir",
                settings.data_dir.display()
            ),
            None => {
                Ok(Self::Local { catalog: Arc::new(SqliteCatalog::open(&settings.data_dir)?), db: settings.db.clone() })
            }
        }
    }

    fn remote(url: &ServiceUrl, db: Option<String>) -> anyhow::Result<Self> {
        Ok(Self::Remote { client: Client::new(url, CONNECT)?, db })
    }

    pub(super) async fn list(&self, request: DocumentsRequest) -> anyhow::Result<DocumentsResponse> {
        match self {
            Self::Remote { client, db } => client.documents(&DocumentsRequest { db: db.clone(), ..request }).await,
            Self::Local { catalog, db } => {
                let query = api::document_query(request)?;
                let list = with_store(catalog, db, move |store| Ok(store.documents(&query)?)).await?;
                Ok(api::document_list(db, list))
            }
        }
    }

    pub(super) async fn show(&self, id: String) -> anyhow::Result<DocumentResponse> {
        match self {
            Self::Remote { client, db } => client.document(&id, db.as_deref()).await,
            Self::Local { catalog, db } => {
                let wanted = id.clone();
                let found = with_store(catalog, db, move |store| Ok(store.document(&wanted)?)).await?;
                Ok(api::document(db, found.with_context(|| unknown(db, &id))?))
            }
        }
    }

    pub(super) async fn text(
        &self,
        id: String,
        start: Option<u32>,
        end: Option<u32>,
    ) -> anyhow::Result<DocumentTextResponse> {
        match self {
            Self::Remote { client, db } => client.document_text(&id, db.as_deref(), start, end).await,
            Self::Local { catalog, db } => {
                let wanted = id.clone();
                let text = with_store(catalog, db, move |store| Ok(store.text(&wanted)?)).await?;
                match text {
                    Some(text) => Ok(api::document_text(db, id, &text, start, end)?),
                    None => {
                        self.show(id).await?;
                        bail!("its text was not kept by the version that read it: ingest it again")
                    }
                }
            }
        }
    }

    async fn delete(&self, source: String) -> anyhow::Result<usize> {
        match self {
            Self::Remote { client, db } => {
                let request = DeleteDocumentsRequest { sources: vec![source], db: db.clone() };
                Ok(client.delete_documents(&request).await?.deleted_sources)
            }
            Self::Local { catalog, db } => with_store(catalog, db, move |store| Ok(store.remove(&[source])?)).await,
        }
    }
}

fn unknown(db: &DbName, document: &str) -> String {
    format!("no document of the DB \"{db}\" has the name or id {document:?}; `ragctl docs list` shows the names")
}

/// Blocking work with the store of a DB. Its search is not needed, and takes longer to open.
async fn with_store<T: Send + 'static>(
    catalog: &Arc<SqliteCatalog>,
    db: &DbName,
    work: impl FnOnce(&dyn Store) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (catalog, db) = (Arc::clone(catalog), db.clone());
    tokio::task::spawn_blocking(move || work(catalog.open(&db)?.as_ref())).await?
}

/// The pattern that matches this name alone.
pub(super) fn escaped(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '*' | '?' | '[') { format!("[{c}]") } else { c.to_string() }).collect()
}

/// Documents, a line each, in columns.
fn table(documents: &[DocumentEntry]) -> String {
    let rows = documents.iter().map(|document| {
        [
            clean(&document.source),
            document.format.clone(),
            humanize::count(document.chunks),
            indicatif::HumanBytes(document.bytes).to_string(),
            document.modified.as_deref().map_or("-", day).to_owned(),
            clean(document.title.as_deref().unwrap_or("-")),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(COLUMNS.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blank = " ".repeat(widths[column] - cell.width());
            // Numbers end, words begin at the same place.
            line.push_str(&if matches!(column, 2 | 3) { blank + cell } else { cell.clone() + &blank });
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The day of a time in RFC 3339.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// A document in detail, for people.
fn description(found: &DocumentResponse) -> String {
    let DocumentResponse { document, outline, pages, quality, .. } = found;
    let mut lines = vec![
        ("Name", clean(&document.source)),
        ("Id", document.id.clone()),
        ("Title", clean(document.title.as_deref().unwrap_or("-"))),
        ("Format", format!("{}, {}", document.format, indicatif::HumanBytes(document.bytes))),
        ("Language", document.language.clone()),
        ("Label", clean(&document.version)),
        ("Modified", document.modified.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("Ingested", document.ingested.clone()),
        ("Chunks", humanize::count(document.chunks)),
    ];
    lines.extend(document.part_of.as_deref().map(|mail| ("Attached to", clean(mail))));
    match quality {
        None => lines.push(("Text", "not kept by the version that read it: ingest it again".to_owned())),
        Some(quality) => {
            lines.push(("Characters", humanize::count(quality.characters)));
            if quality.pages > 0 {
                lines.push(("Pages", humanize::count(quality.pages.into())));
            }
            if quality.tables > 0 {
                lines.push(("Tables", humanize::count(quality.tables.into())));
            }
            if quality.pictures_without_text > 0 {
                let pictures = humanize::count(quality.pictures_without_text.into());
                lines.push(("Pictures", format!("{pictures} of which nothing is said in words")));
            }
            lines.extend(quality.warnings.iter().map(|warning| ("Warning", clean(warning))));
        }
    }
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name:<11} {value}");
    }
    if !outline.is_empty() {
        text.push_str("\nHeadings\n");
    }
    for heading in outline {
        let page = pages.partition_point(|page| page.start <= heading.start).checked_sub(1).map(|n| pages[n].page);
        let page = page.map_or_else(String::new, |page| format!("  (page {page})"));
        let indent = "  ".repeat(heading.level.into());
        let _ = writeln!(text, "{indent}{}{page}", clean(&heading.title));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_pattern() {
        assert_eq!(escaped("a[1]*?.md"), "a[[]1][*][?].md");
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let entry = |source: &str, chunks, title: Option<&str>| DocumentEntry {
            source: source.to_owned(),
            chunks,
            format: "md".to_owned(),
            bytes: 2_048,
            title: title.map(str::to_owned),
            modified: Some("2026-01-02T03:04:05Z".to_owned()),
            ..DocumentEntry::default()
        };
        assert_eq!(
            table(&[entry("手順.md", 1_200, Some("手順")), entry("b\u{1b}[2J.md", 3, None)]),
            "NAME      FORMAT  CHUNKS      SIZE  MODIFIED    TITLE\n\
             手順.md   md       1,200  2.00 KiB  2026-01-02  手順\n\
             b [2J.md  md           3  2.00 KiB  2026-01-02  -\n"
        );
    }
}
