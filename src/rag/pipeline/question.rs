//! What is asked.

use super::options::RetrievalOptions;
use crate::{domain::DbName, providers::Message, rag::multihop::Hops};

/// A question with everything that shapes its answer, validated and with defaults filled in.
#[derive(Debug, Clone)]
pub struct Question {
    /// The question, trimmed, not empty.
    pub text: String,
    /// Earlier turns of the conversation, oldest first.
    pub history: Vec<Message>,
    /// The DB to search; belongs to this question alone.
    pub db: DbName,
    /// What it chooses about its passages.
    pub options: RetrievalOptions,
    /// Who answers; `None`: the server's default.
    pub provider: Option<String>,
    /// How it is searched for in several hops; `None`: in one.
    pub hops: Option<Hops>,
    /// Whether an earlier answer will do, and this one may be kept.
    pub cache: bool,
    /// Whether the answer is to say what each stage did.
    pub explain: bool,
    /// Whether the model's reasoning is to be told beside the answer.
    pub reasoning: bool,
    /// Whether nobody reads along, so that another answerer may still take over when an answer breaks off.
    pub whole: bool,
}

impl Question {
    /// A question about a DB that leaves everything else as it is.
    pub fn new(text: impl Into<String>, db: DbName) -> Self {
        Self {
            text: text.into(),
            history: Vec::new(),
            db,
            options: RetrievalOptions::default(),
            provider: None,
            hops: None,
            cache: true,
            explain: false,
            reasoning: false,
            whole: false,
        }
    }
}
