//! `ragctl verify`: a stored answer against the documents as they are now.

use std::{collections::HashMap, io::Read, path::Path};

use anyhow::{Context, bail};

use super::{
    docs::{Documents, escaped},
    print, serve,
};
use crate::{
    api::{self, DocumentNow},
    cli::{ExitStatus, VerifyArgs, settings::Settings},
    domain::DbName,
    util::{humanize::many, terminal::tell, text::clean},
    wire::{AskResponse, CitationBody, DocumentEntry, DocumentsRequest, VerifiedQuote, VerifyResponse},
};

/// Longest answer that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// Characters of a quote that are shown.
const SHOWN: usize = 60;

pub(super) async fn run(mut settings: Settings, args: VerifyArgs) -> anyhow::Result<ExitStatus> {
    let answer = read(&args.answer)?;
    // The DB of the answer, unless one was named.
    if args.place.store.db.is_none() {
        settings.db = answer.db.parse::<DbName>().context("the answer's field \"db\" names no DB")?;
    }
    let db = settings.db.to_string();
    let documents = Documents::of(&settings, args.place, true)?;
    let work = async {
        let mut known: HashMap<String, Option<DocumentNow>> = HashMap::new();
        let mut quotes = Vec::new();
        for citation in answer.citations.iter().filter(|citation| !citation.quote.is_empty()) {
            let key = citation.document_id.clone().unwrap_or_else(|| citation.source.clone());
            if !known.contains_key(&key) {
                known.insert(key.clone(), now(&documents, citation).await?);
            }
            quotes.push(api::verify_quote(&answer, citation, known.get(&key).and_then(Option::as_ref)));
        }
        let verified = api::verified(&answer, db, quotes);
        print(&if args.json { serde_json::to_string_pretty(&verified)? + "\n" } else { table(&verified) })?;
        if !args.json {
            conclude(&verified);
        }
        Ok(if verified.verified { ExitStatus::Success } else { ExitStatus::Failure })
    };
    tokio::select! {
        done = work => done,
        () = serve::shutdown_signal() => Ok(ExitStatus::Interrupted),
    }
}

/// The answer of a file, or of stdin.
fn read(path: &Path) -> anyhow::Result<AskResponse> {
    let shown = path.display();
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(LONGEST + 1).read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)),
    };
    let length = read.with_context(|| format!("cannot read {shown}"))?;
    if length as u64 > LONGEST {
        bail!("{shown} has more than {} MiB: it is no answer", LONGEST >> 20);
    }
    let answer: AskResponse = serde_json::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{shown} is not the JSON of an answer: {}", api::json_problem(&error)))?;
    if answer.citations.is_empty() {
        bail!("{shown} cites nothing: there is nothing to verify");
    }
    Ok(answer)
}

/// The document of a citation as it is now: by its id, else by its name.
async fn now(documents: &Documents, citation: &CitationBody) -> anyhow::Result<Option<DocumentNow>> {
    let exactly = DocumentsRequest { source: Some(escaped(&citation.source)), ..DocumentsRequest::default() };
    let named = documents.list(exactly).await?.docs.into_iter().next();
    let entry: Option<DocumentEntry> = match (&citation.document_id, named) {
        (Some(id), Some(entry)) if entry.id == *id => Some(entry),
        (Some(id), named) => documents.show(id.clone()).await.map(|found| found.document).ok().or(named),
        (None, named) => named,
    };
    let Some(entry) = entry else { return Ok(None) };
    let text = documents.text(entry.id.clone(), None, None).await.ok().map(|part| part.text);
    Ok(Some(DocumentNow { entry, text }))
}

/// The quotes, a line each.
fn table(verified: &VerifyResponse) -> String {
    let mut text = String::new();
    for quote in &verified.quotes {
        let VerifiedQuote { number, source, status, version, version_now, source_now, changed, .. } = quote;
        let mark = if quote.verified { "ok " } else { "NO " };
        let words: String = clean(&quote.quote).chars().take(SHOWN).collect();
        text.push_str(&format!("{mark} [{number}] {:<7}  {}  “{words}”\n", status, clean(source)));
        if let Some(now) = version_now.as_ref().filter(|now| *now != version) {
            text.push_str(&format!("        cited was version {:?}, stored is {:?}\n", clean(version), clean(now)));
        }
        if let Some(now) = source_now {
            text.push_str(&format!("        the document is called {} now\n", clean(now)));
        }
        if *changed == Some(true) && quote.verified {
            text.push_str("        the document has changed since; these words are still in it\n");
        }
    }
    for part in &verified.unsupported {
        let words: String = clean(&part.text).chars().take(SHOWN).collect();
        text.push_str(&format!("NO  unsupported when it was given ({}): “{words}”\n", part.reason));
    }
    text
}

/// The sum of it, for people.
fn conclude(verified: &VerifyResponse) {
    let all = verified.quotes.len() as u64;
    let lost = verified.quotes.iter().filter(|quote| !quote.verified).count() as u64;
    match lost {
        0 => tell(format_args!("{} in DB \"{}\", all as they were cited", many(all, "quote"), verified.db)),
        lost => tell(format_args!(
            "{lost} of {} in DB \"{}\" not as cited: ask again before you rely on the answer",
            many(all, "quote"),
            verified.db
        )),
    }
}
