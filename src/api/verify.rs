//! A stored answer beside the documents as they are now.

use crate::wire::{AskResponse, CitationBody, DocumentEntry, VerifiedQuote, VerifyResponse};

/// What has become of a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteStatus {
    /// The words stand where they stood.
    Holds,
    /// They stand elsewhere in the document.
    Moved,
    /// The document is there, and does not have them any more.
    Changed,
    /// There is no such document any more.
    Gone,
    /// The document's text was not kept by the version that read it.
    Unknown,
}

impl QuoteStatus {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Moved => "moved",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// A document as it is now: what a list says of it, and its text where that was kept.
#[derive(Debug, Clone, Default)]
pub struct DocumentNow {
    /// What a list says of it.
    pub entry: DocumentEntry,
    /// Its text.
    pub text: Option<String>,
}

/// Compares a quote with its document; `None` when there is no such document any more.
pub fn verify_quote(answer: &AskResponse, citation: &CitationBody, now: Option<&DocumentNow>) -> VerifiedQuote {
    let (status, start_now) = match now.map(|now| now.text.as_deref()) {
        None => (QuoteStatus::Gone, None),
        Some(None) => (QuoteStatus::Unknown, None),
        Some(Some(text)) => placed(citation, text),
    };
    let entry = now.map(|now| &now.entry);
    let of_source = answer.metadatas.iter().find(|metadata| metadata.source == citation.source);
    let modified = of_source.and_then(|metadata| metadata.modified.clone());
    let modified_now = entry.and_then(|entry| entry.modified.clone());
    let there = matches!(status, QuoteStatus::Holds | QuoteStatus::Moved);
    let version_now = entry.map(|entry| entry.version.clone());
    let is_other_version = version_now.as_ref().is_some_and(|now| *now != citation.version);
    // What moved or lost its words has changed, whatever the file's time says; so has what has another version.
    let changed = match status {
        QuoteStatus::Moved | QuoteStatus::Changed | QuoteStatus::Gone => Some(true),
        _ if is_other_version => Some(true),
        QuoteStatus::Holds | QuoteStatus::Unknown => {
            modified.as_ref().zip(modified_now.as_ref()).map(|(then, now)| then != now)
        }
    };
    VerifiedQuote {
        number: citation.number,
        source: citation.source.clone(),
        status: status.as_str().to_owned(),
        verified: there,
        start: citation.start,
        start_now,
        version: citation.version.clone(),
        version_now,
        source_now: entry.map(|entry| entry.source.clone()).filter(|source| *source != citation.source),
        modified,
        modified_now,
        changed,
        quote: citation.quote.clone(),
    }
}

/// Whether the quote is where it was in the document's text, elsewhere in it, or nowhere.
fn placed(citation: &CitationBody, text: &str) -> (QuoteStatus, Option<u32>) {
    if let (Some(start), Some(end)) = (citation.start, citation.end) {
        let there = text.chars().skip(start as usize).take(end.saturating_sub(start) as usize);
        if there.eq(citation.quote.chars()) {
            return (QuoteStatus::Holds, Some(start));
        }
    }
    match text.find(&citation.quote) {
        None => (QuoteStatus::Changed, None),
        Some(byte) => {
            let at = u32::try_from(text[..byte].chars().count()).ok();
            (if citation.start.is_none() { QuoteStatus::Holds } else { QuoteStatus::Moved }, at)
        }
    }
}

/// All quotes of an answer together.
pub fn verified(answer: &AskResponse, db: String, quotes: Vec<VerifiedQuote>) -> VerifyResponse {
    let unsupported = answer.proof.as_ref().map(|proof| proof.unsupported.clone()).unwrap_or_default();
    VerifyResponse { verified: quotes.iter().all(|quote| quote.verified), db, quotes, unsupported }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation(start: Option<u32>, quote: &str) -> CitationBody {
        let end = start.map(|start| start + quote.chars().count() as u32);
        CitationBody {
            number: 1,
            source: "a.md".into(),
            version: "v1".into(),
            start,
            end,
            quote: quote.into(),
            ..CitationBody::default()
        }
    }

    fn status(citation: &CitationBody, text: Option<&str>, version: &str) -> (String, bool, Option<u32>) {
        let entry = DocumentEntry { source: "a.md".into(), version: version.into(), ..DocumentEntry::default() };
        let now = DocumentNow { entry, text: text.map(str::to_owned) };
        let answer: AskResponse = serde_json::from_value(serde_json::json!({
            "answer": "", "metadatas": [], "method": "hybrid", "bm25_weight": 0.5, "rerank_enable": false, "rerank_top_n": 0,
            "db": "d", "provider": "p", "cache_hit": false, "cache_metadata": null, "degraded": false, "degraded_reason": null,
            "request_id": "r", "timings_ms": { "cache": 0, "embed": 0, "retrieve": 0, "rerank": 0, "generate": 0, "total": 0 }
        }))
        .unwrap();
        let quote = verify_quote(&answer, citation, Some(&now));
        assert_eq!(verify_quote(&answer, citation, None).status, "gone");
        (quote.status, quote.verified, quote.start_now)
    }

    #[test]
    fn a_quote_holds_moves_or_is_lost() {
        let quote = citation(Some(2), "ü 30 days");
        assert_eq!(status(&quote, Some("a ü 30 days."), "v1"), ("holds".into(), true, Some(2)));
        assert_eq!(status(&quote, Some("a ü 30 days."), "v2"), ("holds".into(), true, Some(2)), "of another version");
        assert_eq!(status(&quote, Some("now: a ü 30 days."), "v1"), ("moved".into(), true, Some(7)));
        assert_eq!(status(&quote, Some("a ü 60 days."), "v1"), ("changed".into(), false, None));
        assert_eq!(status(&quote, None, "v1"), ("unknown".into(), false, None));
        assert_eq!(status(&citation(None, "30"), Some("in 30 days"), "v1"), ("holds".into(), true, Some(3)));
    }
}
