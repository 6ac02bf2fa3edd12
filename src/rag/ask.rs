//! A question from the cache to its answer: look it up, else find its passages, let a generator answer, keep the answer.
//!
//! This is where cache and pipeline meet. The cache decides, the pipeline finds; neither knows the other.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::{
    Db, Engine, RagError,
    answer::{AnswerStream, Cached, Outcome, Retrieval, Timings},
    condense::{self, Condenser},
    pipeline::{
        AnswerClock, AnswerProof, AnswerWriter, GeneratedAnswer, Plan, QueryVector, Question, StandIn, Unsupported,
        WhenWhole, nothing_found, prompt,
    },
    prompts::PromptTask,
    reply,
    settings::UnsupportedPolicy,
};
use crate::{
    cache::{
        CacheSlot, Candidate, Currency, Entry, Lookup, Miss, Namespace, SemanticCache, Served, StoredAnswer, Undecided,
    },
    domain::{Passage, SpecKey},
    providers::{GenerationRequest, Generator, ProviderKind},
    resilience::CallContext,
};

/// How long the cache waits for a question's vector. An embedder that is hung or dead makes a miss, never a hang.
const CACHE_DEADLINE: Duration = Duration::from_secs(2);

/// How long a model may take to say whether two answers agree.
const JUDGE_FOR: Duration = Duration::from_secs(60);

/// What the cache had for a question.
enum CacheOutcome {
    /// An answer.
    Hit(Box<Served>, Timings),
    /// None.
    Miss(Box<Unanswered>),
}

/// A question that is still to be answered. Its passages are known, because the cache may have needed them already.
struct Unanswered {
    retrieval: Retrieval,
    cached: Cached,
    /// Where the answer goes when it is whole.
    slot: Option<CacheSlot>,
}

/// An answer that the cache is to keep when it is whole.
struct PendingAdmission {
    slot: CacheSlot,
    generator: Arc<dyn Generator>,
    passages: Arc<[Passage]>,
    bm25_weight: f32,
}

impl Engine {
    /// Finds passages and starts an answer.
    ///
    /// An LLM that is unavailable before its first token is replaced by extraction from the passages, and the answer
    /// marked. After the first token its failure ends the answer with [`RagError::CutOff`], unless nobody
    /// [reads along](Question::whole).
    ///
    /// # Errors
    /// Unknown DB or provider, vectors of another embedder, a broken store; a misconfigured LLM (wrong key, unknown model).
    ///
    /// The call's deadline holds for everything up to the last token. An answer that another answerer gives when the LLM or
    /// the embedder takes too long comes before it.
    pub async fn ask(&self, question: &Question, call: &CallContext) -> Result<AnswerStream, RagError> {
        let generator = Arc::clone(self.models.generator(question.provider.as_deref())?);
        let asked = self.answer(&generator, question, call).await;
        let (mode, name) = (question.options.mode, generator.name());
        match &asked {
            Ok(_) => self.metrics.query_started(mode, name, &question.db),
            Err(error) => self.metrics.query_failed(mode, name, error.kind()),
        }
        asked
    }

    async fn answer(
        &self,
        generator: &Arc<dyn Generator>,
        question: &Question,
        call: &CallContext,
    ) -> Result<AnswerStream, RagError> {
        let plan = self.plan(question, generator.as_ref(), call).await?;
        // What the model is told of a conversation shapes its answer; a question that stands alone needs none of it.
        // Nor is an answer kept whose passages depend on what a model asked for.
        let wanted = question.cache && plan.stands_alone() && question.hops.is_none();
        let cache = self.cache.as_ref().filter(|cache| wanted && cache.settings().enabled);
        let outcome = match cache {
            Some(cache) => self.look_up(cache, &plan, call).await?,
            None => {
                let retrieval = match question.hops {
                    Some(hops) => self.retrieve_hops(&plan, hops, generator.as_ref(), call).await?,
                    None => self.retrieve(&plan, call).await?,
                };
                CacheOutcome::Miss(Box::new(Unanswered { retrieval, cached: Cached::Bypass, slot: None }))
            }
        };
        match outcome {
            CacheOutcome::Hit(served, spent) => Ok(self.give(*served, &plan, spent, call)),
            CacheOutcome::Miss(missed) if missed.retrieval.passages.is_empty() => {
                Ok(nothing_found(question, missed.retrieval, generator.provider(), call.started()))
            }
            CacheOutcome::Miss(missed) => self.generate(Arc::clone(generator), question, &plan, *missed, call).await,
        }
    }

    /// Opens the question's DB and settles everything that shapes its answer.
    async fn plan(&self, question: &Question, generator: &dyn Generator, call: &CallContext) -> Result<Plan, RagError> {
        let db = self.open(question, call).await?;
        let condenser = Condenser { mode: self.condense, prompts: &self.prompts, generator };
        let condensed = condenser.condense(&question.history, &question.text, call).await;
        Plan::new(question, db, &self.pipeline, generator, &self.prompts, condensed)
    }

    /// The DB of a question, opened if it is not open. The opening goes on when the question's time is over: the next
    /// question needs it, too.
    async fn open(&self, question: &Question, call: &CallContext) -> Result<Arc<Db>, RagError> {
        if let Some(open) = self.dbs.opened(&question.db) {
            return Ok(open);
        }
        let db = question.db.clone();
        let opening = self.with_dbs(move |dbs| dbs.get(&db));
        call.wait(opening).await.map_err(|_| RagError::Deadline { doing: "opening the DB" })?
    }

    /// Looks for an answer in the cache, and finds the question's passages when it has none.
    async fn look_up(
        &self,
        cache: &Arc<SemanticCache>,
        plan: &Plan,
        call: &CallContext,
    ) -> Result<CacheOutcome, RagError> {
        let namespace = Namespace::new(&plan.spec.db, plan.spec.key());
        let mut lookup = Lookup::new(Arc::clone(cache), namespace, Arc::clone(&plan.text), plan.stamp.clone());
        if let Some(hit) = lookup.exact().await {
            if self.is_current(&lookup, &hit.entry, plan, call).await? {
                return Ok(CacheOutcome::Hit(Box::new(lookup.serve(hit)), Timings::default()));
            }
            lookup.outdated(&hit);
        }
        let (vector, candidate) = self.embed_and_look(&mut lookup, plan, call).await;
        let known = vector.get().cloned();
        let mut retrieval = self.search(plan, vector, call).await?;
        if let Some(candidate) = candidate {
            let current = self.is_current(&lookup, candidate.entry(), plan, call).await?;
            if let Some(hit) = lookup.decide(candidate, current, &retrieval.passages) {
                return Ok(CacheOutcome::Hit(Box::new(lookup.serve(hit)), retrieval.timings));
            }
        }
        let Miss { note, slot, took } = lookup.miss(known);
        retrieval.timings.cache = took;
        Ok(CacheOutcome::Miss(Box::new(Unanswered { retrieval, cached: Cached::Miss(note), slot: Some(slot) })))
    }

    /// Embeds the question, once, for the cache and for the search. When that takes too long for the cache, only the search
    /// waits on.
    async fn embed_and_look(
        &self,
        lookup: &mut Lookup,
        plan: &Plan,
        call: &CallContext,
    ) -> (QueryVector, Option<Candidate>) {
        let mut embedding = QueryVector::embed(plan, &self.models, call).boxed();
        let Ok(vector) = for_the_cache(call).wait(&mut embedding).await else {
            tracing::debug!("no vector within the cache's time: a miss");
            let needed = plan.needs_embedding();
            return (if needed { embedding.await } else { QueryVector::unwanted() }, None);
        };
        let candidate = match vector.get() {
            Some(unit) => lookup.nearest(unit).await,
            None => None,
        };
        (vector, candidate)
    }

    /// Whether the entry is right for the DB as it is now. If the DB has changed since it was last known to be, its question
    /// is searched again: the same passages confirm it, others drop it.
    async fn is_current(
        &self,
        lookup: &Lookup,
        entry: &Entry,
        plan: &Plan,
        call: &CallContext,
    ) -> Result<bool, RagError> {
        match lookup.currency(entry) {
            Currency::Current => return Ok(true),
            Currency::Unknown => return Ok(false),
            Currency::MustConfirm => {}
        }
        let plan = plan.about(entry.question());
        let vector = match lookup.vector(entry).await {
            Some(vector) => QueryVector::known(vector.into()),
            None if plan.needs_embedding() => QueryVector::embed(&plan, &self.models, &for_the_cache(call)).await,
            None => QueryVector::unwanted(),
        };
        // Whether the question itself can be answered without a vector is decided when it is embedded.
        if vector.is_unavailable() {
            return Ok(false);
        }
        let found = self.search(&plan, vector, call).await?;
        Ok(found.degraded.is_none() && lookup.confirm(entry, &found.passages).await)
    }

    /// Finds the passages of a question, without an answer and without the cache.
    ///
    /// # Errors
    /// As [`retrieve`](Self::retrieve); unknown DB.
    pub async fn find(&self, question: &Question, call: &CallContext) -> Result<Retrieval, RagError> {
        let generator = Arc::clone(self.models.generator(question.provider.as_deref())?);
        let plan = self.plan(question, generator.as_ref(), call).await?;
        let retrieval = self.retrieve(&plan, call).await?;
        if let Some(reason) = retrieval.degraded {
            self.metrics.degraded(reason.as_str());
        }
        Ok(retrieval)
    }

    /// Finds the passages of a planned question.
    ///
    /// When the question cannot be embedded because the embedder is unavailable, lexical search alone answers, and the
    /// result is marked.
    ///
    /// # Errors
    /// Vectors of another embedder, a broken store, a misconfigured embedder; [`RagError::Deadline`].
    pub async fn retrieve(&self, plan: &Plan, call: &CallContext) -> Result<Retrieval, RagError> {
        let vector = match plan.needs_embedding() {
            true => QueryVector::embed(plan, &self.models, call).await,
            false => QueryVector::unwanted(),
        };
        self.search(plan, vector, call).await
    }

    /// Takes a planned question through the stages, with its vector if its mode needs one.
    async fn search(&self, plan: &Plan, vector: QueryVector, call: &CallContext) -> Result<Retrieval, RagError> {
        let embed = vector.took;
        let settled = plan.query(vector, &self.models)?;
        let searching = Instant::now();
        let findings = self.pipeline.run(settled.query, call).await?;
        let rerank = findings.rerank_took;
        let retrieve = searching.elapsed().saturating_sub(rerank);
        self.metrics.retrieved(plan.spec.options.mode, &plan.spec.db, retrieve, findings.passages.len());
        let mut explanation = findings.explanation;
        if let Some(condensed) = plan.condensed.as_ref().filter(|_| plan.explain) {
            explanation.insert(0, condensed.report());
        }
        Ok(Retrieval {
            condensed: plan.condensed.clone(),
            hops: None,
            passages: findings.passages.into(),
            bm25_weight: settled.bm25_weight,
            degraded: settled.degraded.or(findings.degraded),
            timings: Timings { embed, retrieve, rerank, ..Timings::default() },
            reranked: !findings.reranked.is_empty(),
            explanation,
            inspection: findings.inspection,
        })
    }

    /// The stored answer, in the form of one that is being written.
    fn give(&self, served: Served, plan: &Plan, spent: Timings, call: &CallContext) -> AnswerStream {
        let timings = Timings { cache: served.took, total: call.started().elapsed(), ..spent };
        let answer = Arc::clone(served.entry.answer());
        self.metrics.query_done(plan.spec.options.mode, served.kind.as_str(), timings.total);
        let provider = answer.provider.parse().unwrap_or(ProviderKind::Embedded);
        let outcome = Outcome {
            provider,
            upstream: None,
            segments: Vec::new(),
            degraded: None,
            left_out: 0,
            timings,
            proofs: None,
        };
        let retrieval = Retrieval {
            condensed: plan.condensed.clone(),
            hops: None,
            passages: Arc::clone(&answer.passages),
            bm25_weight: answer.bm25_weight,
            degraded: None,
            timings,
            // Only what was is kept.
            reranked: plan.spec.reranker.is_some(),
            explanation: Vec::new(),
            inspection: Vec::new(),
        };
        AnswerStream::stored(retrieval, served, outcome)
    }

    /// Lets the generator answer from the passages.
    async fn generate(
        &self,
        generator: Arc<dyn Generator>,
        question: &Question,
        plan: &Plan,
        missed: Unanswered,
        call: &CallContext,
    ) -> Result<AnswerStream, RagError> {
        let Unanswered { retrieval, cached, slot } = missed;
        let passages: Arc<[String]> = retrieval.passages.iter().map(|passage| passage.text.clone()).collect();
        let (asked, history) = match plan.stands_alone() {
            true => (&*plan.text, &[][..]),
            false => (question.text.as_str(), question.history.as_slice()),
        };
        let template = self.prompts.of(PromptTask::Answer, asked);
        let mut prompt = prompt::fitting(template, asked, &passages, history, None);
        if let Some(tokens) = generator.prompt_tokens(&prompt.messages, call).await {
            prompt = prompt::fitting(template, asked, &passages, history, Some(tokens));
        }
        let prompt::Prompt { messages, left_out } = prompt;
        let stand_in = self.models.stand_in_for(generator.as_ref());
        let request = GenerationRequest {
            spec: plan.spec.key(),
            question: condense::to_quote(asked, &plan.text).to_owned(),
            messages: messages.into(),
            passages,
            call: call.clone(),
            stand_in: stand_in.is_some(),
            first_token_by: None,
            reasoning: question.reasoning,
            most_tokens: None,
        };
        let quoting = self.models.quoting_generator().filter(|quoting| quoting.provider() != generator.provider());
        let unsupported = match (self.unsupported, quoting) {
            (UnsupportedPolicy::Quote, Some(quoting)) => {
                Unsupported::Quote(StandIn { generator: Arc::clone(quoting), request: request.clone() })
            }
            (UnsupportedPolicy::Quote | UnsupportedPolicy::Mark, _) => Unsupported::Mark,
            (UnsupportedPolicy::Refuse, _) => Unsupported::Refuse,
        };
        let proof = AnswerProof::new(&plan.text, &retrieval.passages, unsupported);
        let stand_in = stand_in.filter(|_| question.whole).map(|stand_in| {
            let (generator, request) = (Arc::clone(stand_in), request.clone());
            StandIn { generator, request }
        });
        let clock = AnswerClock::start(call.started(), retrieval.timings);
        let generated = GeneratedAnswer::start(&self.models, &generator, request).await?;
        let fell_back = generated.fell_back;
        let degraded = fell_back.or(retrieval.degraded);
        if let Some(reason) = degraded {
            self.metrics.degraded(reason.as_str());
        }
        let when_whole = slot.filter(|_| degraded.is_none()).map(|slot| {
            let (passages, bm25_weight) = (Arc::clone(&retrieval.passages), retrieval.bm25_weight);
            let admission = PendingAdmission { slot, generator, passages, bm25_weight };
            Box::new(|provider, text| admission.keep(provider, text).boxed()) as WhenWhole
        });
        let writer = AnswerWriter {
            mode: question.options.mode,
            reasoning: question.reasoning,
            left_out,
            cache_label: cached.as_str(),
            degraded,
            clock,
            when_whole,
            stand_in: stand_in.filter(|_| fell_back.is_none()),
            whole: question.whole,
            proof,
            metrics: Arc::clone(&self.metrics),
        };
        Ok(AnswerStream::underway(retrieval, writer.events(generated).boxed(), cached))
    }
}

/// The part of the call that may be spent on the cache's own account.
fn for_the_cache(call: &CallContext) -> CallContext {
    call.until(Instant::now() + CACHE_DEADLINE)
}

impl PendingAdmission {
    /// Keeps a whole answer. Where only a model can say whether it agrees with the entry that it puts to the test, the model
    /// is asked in the background: the one who asked has the answer already.
    async fn keep(self, provider: ProviderKind, text: String) {
        let answer = StoredAnswer {
            text,
            passages: self.passages,
            provider: provider.to_string(),
            bm25_weight: self.bm25_weight,
        };
        if let Some(undecided) = self.slot.admit(answer).await {
            let generator = self.generator;
            drop(tokio::spawn(async move {
                let same = judge(generator.as_ref(), &undecided).await;
                undecided.conclude(same).await;
            }));
        }
    }
}

/// Asks the model that wrote them whether two answers say the same; only a clear yes counts.
async fn judge(generator: &dyn Generator, undecided: &Undecided) -> bool {
    // The extractive answerer understands nothing that the facts do not show.
    if generator.provider() == ProviderKind::Embedded {
        return false;
    }
    let call = CallContext::within(JUDGE_FOR);
    let (stored, fresh) = undecided.answers();
    let request = GenerationRequest {
        spec: SpecKey::new(["judge"]),
        question: undecided.question().to_owned(),
        passages: Arc::default(),
        messages: prompt::judge(undecided.question(), &stored.text, &fresh.text).into(),
        call,
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    };
    reply::whole(generator, request).await.is_ok_and(|said| prompt::says_yes(&said.text))
}
