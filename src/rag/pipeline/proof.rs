//! The proof of an answer while it is written, and what becomes of one that nothing supports.

use std::{mem, sync::Arc};

use futures::StreamExt;

use super::generate::{StandIn, first_event};
use crate::{
    domain::Passage,
    providers::{Author, GenerationEvent},
    rag::{
        ProvenSentence, RagError, UnsupportedPolicy,
        citation::{ProofSummary, sources},
        prove::{Prover, SentenceProof},
    },
    util::wording,
};

/// What is done about an answer that nothing supports.
pub(in crate::rag) enum Unsupported {
    /// It is marked.
    Mark,
    /// The passages are quoted in its place.
    Quote(StandIn),
    /// It is withheld.
    Refuse,
}

impl Unsupported {
    /// Its policy.
    pub(in crate::rag) fn policy(&self) -> UnsupportedPolicy {
        match self {
            Self::Mark => UnsupportedPolicy::Mark,
            Self::Quote(_) => UnsupportedPolicy::Quote,
            Self::Refuse => UnsupportedPolicy::Refuse,
        }
    }
}

/// A part of what is told while an answer is written.
pub(in crate::rag) enum ProofPiece {
    /// Text.
    Text(String),
    /// The proof of the sentence that ends there.
    Proof(ProvenSentence),
}

/// Proves an answer while it is written. Where an answer that nothing supports is not given, its text is held back up to the
/// first sentence that is supported.
pub(in crate::rag) struct AnswerProof {
    prover: Prover,
    question: String,
    /// What is done about an answer that nothing supports.
    pub(in crate::rag) unsupported: Unsupported,
    /// Bytes of the answer that were told, and characters.
    told: (usize, usize),
    proofs: Vec<SentenceProof>,
    /// What is held back.
    held: Vec<ProofPiece>,
    holds: bool,
}

impl AnswerProof {
    /// For an answer to this question from these passages.
    pub(in crate::rag) fn new(question: &str, passages: &[Passage], unsupported: Unsupported) -> Self {
        let prover = Prover::new(question, &sources(passages));
        let holds = unsupported.policy() != UnsupportedPolicy::Mark;
        Self {
            prover,
            question: question.to_owned(),
            unsupported,
            told: (0, 0),
            proofs: Vec::new(),
            held: Vec::new(),
            holds,
        }
    }

    /// Takes in more of the answer; returns what can be told now, each proof behind its sentence.
    pub(in crate::rag) async fn push(&mut self, piece: &str) -> Result<Vec<ProofPiece>, RagError> {
        self.prover.push(piece);
        self.pieces(false).await
    }

    /// The answer is complete; returns what is left to tell.
    pub(in crate::rag) async fn end(&mut self) -> Result<Vec<ProofPiece>, RagError> {
        self.prover.end();
        self.pieces(true).await
    }

    /// Takes in a whole answer at once.
    pub(in crate::rag) async fn whole(&mut self, text: String) -> Result<Vec<ProofPiece>, RagError> {
        self.prover.push(&text);
        self.end().await
    }

    /// Puts in place of the answer, all of which is held back, what is given instead of it; returns who wrote that.
    pub(in crate::rag) async fn replace(&mut self, author: Arc<Author>) -> Result<Arc<Author>, RagError> {
        let unsupported = mem::replace(&mut self.unsupported, Unsupported::Mark);
        self.restart();
        let Unsupported::Quote(StandIn { generator, request }) = unsupported else {
            let text = refusal(&self.question);
            self.prover.push(text);
            self.prover.forget_units();
            self.held = vec![ProofPiece::Text(text.to_owned())];
            return Ok(author);
        };
        let mut events = first_event(&generator, request).await?;
        let mut text = String::new();
        while let Some(event) = events.next().await {
            if let GenerationEvent::Text(piece) = event? {
                text.push_str(&piece);
            }
        }
        self.held = self.whole(text).await?;
        let (name, provider, model) = (generator.name(), generator.provider(), generator.model());
        Ok(Arc::new(Author { name: name.to_owned(), provider, model: model.to_owned() }))
    }

    /// All text so far is no part of the answer.
    pub(in crate::rag) fn restart(&mut self) {
        self.prover.restart();
        self.proofs.clear();
        self.held.clear();
        self.told = (0, 0);
        self.holds = self.unsupported.policy() != UnsupportedPolicy::Mark;
    }

    /// The answer so far.
    pub(in crate::rag) fn text(&self) -> &str {
        self.prover.text()
    }

    /// Whether the whole answer is held back still.
    pub(in crate::rag) fn is_held(&self) -> bool {
        self.holds
    }

    /// What is held back; from now on nothing is.
    pub(in crate::rag) fn release(&mut self) -> Vec<ProofPiece> {
        self.holds = false;
        mem::take(&mut self.held)
    }

    /// The proofs so far.
    pub(in crate::rag) fn proofs(&self) -> Arc<[SentenceProof]> {
        self.proofs.as_slice().into()
    }

    /// How much of the answer is supported.
    pub(in crate::rag) fn summary(&self) -> ProofSummary {
        ProofSummary::of(&self.proofs)
    }

    /// Whether the whole answer is the model's failure: nothing in it is supported, or it is in another language than the question.
    pub(in crate::rag) fn has_failed(&self) -> bool {
        self.summary().is_unsupported() || wording::is_in_another_language(&self.question, self.text())
    }

    async fn pieces(&mut self, whole: bool) -> Result<Vec<ProofPiece>, RagError> {
        let proofs = if self.prover.has_units() { self.prove().await? } else { Vec::new() };
        let text = self.prover.text();
        let (mut byte, mut chars) = self.told;
        let mut pieces = Vec::new();
        let mut supported = false;
        for proof in &proofs {
            let end = proof.range.end;
            let (from, to) = (end.min(byte), end.max(byte));
            if byte < end {
                pieces.push(ProofPiece::Text(text[byte..end].to_owned()));
                chars += text[byte..end].chars().count();
                byte = end;
            }
            // The end of a sentence is sometimes seen when more was told already.
            let behind = text[from..to].chars().count();
            let end = if end < byte { chars - behind } else { chars };
            let start = end - text[proof.range.clone()].chars().count();
            supported |= proof.claim.as_ref().is_some_and(|claim| claim.flaw.is_none());
            pieces.push(ProofPiece::Proof(ProvenSentence { range: start..end, proof: proof.clone() }));
        }
        if byte < text.len() {
            pieces.push(ProofPiece::Text(text[byte..].to_owned()));
            chars += text[byte..].chars().count();
        }
        self.told = (text.len(), chars);
        self.proofs.extend(proofs);
        if !self.holds {
            return Ok(pieces);
        }
        self.held.extend(pieces);
        // An answer that claims nothing has nothing to be supported.
        let free = supported || whole && !self.has_failed();
        Ok(if free { self.release() } else { Vec::new() })
    }

    /// Proves what is complete on a thread that may compute.
    async fn prove(&mut self) -> Result<Vec<SentenceProof>, RagError> {
        let mut prover = mem::replace(&mut self.prover, Prover::new("", &[]));
        let (prover, proofs) = tokio::task::spawn_blocking(move || {
            let proofs = prover.proofs();
            (prover, proofs)
        })
        .await?;
        self.prover = prover;
        Ok(proofs)
    }
}

/// What is said in place of an answer that is withheld, in the question's language as far as it is known.
fn refusal(question: &str) -> &'static str {
    match wording::language_code(question) {
        Some("de") => "Die Antwort des Modells wird nicht gezeigt: Die Dokumente belegen sie nicht.",
        Some("vi") => "Câu trả lời của mô hình không được hiển thị: tài liệu không chứng minh được nội dung đó.",
        Some("zh") => "模型的回答未予显示：文档不支持其内容。",
        Some("fr") => "La réponse du modèle n'est pas affichée : les documents ne la confirment pas.",
        Some("es") => "La respuesta del modelo no se muestra: los documentos no la confirman.",
        _ => "The model's answer is withheld: the documents do not support it.",
    }
}
