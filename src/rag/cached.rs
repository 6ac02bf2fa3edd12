//! The cache on the way of a question: before anything is searched or generated, and after an answer is whole.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, stream};
use tokio::time::Instant;

use super::{
    Db, Engine, RagError, prompt,
    question::{AnswerEvent, AnswerStream, CacheNote, Cached, MissReason, Outcome, Question, Retrieval, Timings},
    retrieve::Embedded,
};
use crate::util::time::UnixMillis;
use crate::{
    cache::{
        Agreement, CacheDecision, CacheQuery, Entry, Exploration, Hit, HitKind, Namespace, Rejection, Rendered,
        SemanticCache, StoredAnswer, Wording,
    },
    domain::Stamp,
    providers::{GenerationEvent, GenerationRequest, Generator, ProviderKind},
    resilience::CallContext,
};

/// How long the cache waits for a question's vector. An embedder that is hung or dead makes a miss, never a hang.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long a model may take to say whether two answers agree.
const JUDGE_FOR: Duration = Duration::from_secs(60);

/// What the cache had for a question.
pub(super) enum CacheOutcome {
    /// An answer.
    Hit(AnswerStream),
    /// None.
    CacheMiss(CacheMiss),
}

/// A question that has to be answered: with its contexts, because the cache may have needed them already.
pub(super) struct CacheMiss {
    pub(super) retrieval: Retrieval,
    /// Where the answer goes when it is whole.
    pub(super) place: Option<CacheSlot>,
    pub(super) cached: Cached,
}

/// Where an answer goes when it is whole.
pub(super) struct CacheSlot {
    cache: Arc<SemanticCache>,
    namespace: Namespace,
    question: String,
    vector: Option<Arc<[f32]>>,
    stamp: Option<Stamp>,
    /// An entry that this answer puts to the test.
    trial: Option<Exploration>,
    generator: Arc<dyn Generator>,
}

/// A question that looks for an answer in the cache.
struct CacheLookup<'a> {
    engine: &'a Engine,
    cache: &'a Arc<SemanticCache>,
    question: &'a Question,
    call: &'a CallContext,
    db: Arc<Db>,
    namespace: Namespace,
    stamp: Option<Stamp>,
    now: UnixMillis,
    /// Time spent on the cache itself.
    took: Duration,
}

impl Engine {
    /// Looks into the cache, and retrieves the contexts when it has no answer.
    pub(super) async fn recall(
        &self,
        generator: &Arc<dyn Generator>,
        question: &Question,
        call: &CallContext,
    ) -> Result<CacheOutcome, RagError> {
        let wanted = question.cache && question.history.is_empty();
        let Some(cache) = self.cache.as_ref().filter(|cache| wanted && cache.settings().enabled) else {
            let retrieval = self.retrieve(question, call).await?;
            return Ok(CacheOutcome::CacheMiss(CacheMiss { retrieval, place: None, cached: Cached::Bypass }));
        };
        let db = self.db(question, call).await?;
        let namespace = namespace(question, &db, generator.as_ref());
        let stamp = db.stamp();
        let search = CacheLookup {
            engine: self,
            cache,
            question,
            call,
            db,
            namespace,
            stamp,
            now: UnixMillis::steady(),
            took: Duration::ZERO,
        };
        search.run(generator).await
    }
}

/// Everything that shapes an answer besides the question's words and the state of the documents, which each entry carries.
fn namespace(question: &Question, db: &Db, generator: &dyn Generator) -> Namespace {
    let embedder = db.embedder().map(|embedder| embedder.id).unwrap_or_default();
    let fusion = question.fusion;
    let rrf = fusion.rrf.map_or("-", |rrf| if rrf { "rrf" } else { "weighted" });
    let (rrf_k, weight) =
        (fusion.rrf_k.unwrap_or(0), fusion.bm25_weight.map_or(-1, |weight| i64::from(weight.to_bits())));
    let shape = format!("{} {rrf} {rrf_k} {weight}", question.k);
    let [languages, versions] = [&question.scope.languages, &question.scope.versions].map(|filter| {
        if filter.is_empty() {
            return String::new();
        }
        let mut values = filter.clone();
        values.sort_unstable();
        values.dedup();
        format!("{values:?}")
    });
    let (provider, method) = (generator.provider().as_str(), question.method.as_str());
    let parts =
        [&embedder, provider, generator.model(), prompt::VERSION.as_str(), method, &shape, &languages, &versions];
    Namespace::new(&question.db, parts)
}

impl CacheLookup<'_> {
    async fn run(mut self, generator: &Arc<dyn Generator>) -> Result<CacheOutcome, RagError> {
        let mut note = None;
        if let Some(hit) = self.timed(|search| search.cache.exact(search.words(), search.now)) {
            if self.is_current(&hit.entry).await? {
                return Ok(CacheOutcome::Hit(self.give(&hit, Timings::default())));
            }
            note = Some((MissReason::Invalidated, self.note(&hit.entry, 1.0)));
        }
        // What changed concerns these very words: another entry's answer would be no better.
        let (embedded, verdict) = self.embed_and_look(note.is_none()).await;
        let vector = embedded.vector.as_ref().ok().cloned().flatten();
        let mut retrieval = self.engine.search(self.question, Arc::clone(&self.db), embedded, self.call).await?;
        let mut trial = None;
        match verdict {
            CacheDecision::Hit(hit) => match self.refusal(&hit, &retrieval).await? {
                None => return Ok(CacheOutcome::Hit(self.give(&hit, retrieval.timings))),
                Some(reason) => note = Some((reason, self.note(&hit.entry, hit.similarity()))),
            },
            CacheDecision::Refused(refused) => {
                self.cache.refused(refused.reason);
                note = Some((MissReason::Rejected(refused.reason), self.note(&refused.entry, refused.similarity)));
            }
            CacheDecision::Explore(tested) => {
                let hit = Hit { entry: Arc::clone(&tested.entry), found: HitKind::Semantic(tested.similarity) };
                let reason = match self.refusal(&hit, &retrieval).await? {
                    Some(reason) => reason,
                    None => {
                        self.cache.refused(Rejection::Exploration);
                        trial = Some(tested);
                        MissReason::Rejected(Rejection::Exploration)
                    }
                };
                note = Some((reason, self.note(&hit.entry, hit.similarity())));
            }
            CacheDecision::Miss => {}
        }
        self.cache.missed();
        retrieval.timings.cache = self.took;
        let place = CacheSlot {
            cache: Arc::clone(self.cache),
            namespace: self.namespace,
            question: self.question.text.clone(),
            vector,
            stamp: self.stamp,
            trial,
            generator: Arc::clone(generator),
        };
        Ok(CacheOutcome::CacheMiss(CacheMiss { retrieval, place: Some(place), cached: Cached::Miss(note) }))
    }

    fn words(&self) -> CacheQuery<'_> {
        CacheQuery { namespace: &self.namespace, text: &self.question.text }
    }

    fn timed<T>(&mut self, work: impl FnOnce(&Self) -> T) -> T {
        let started = Instant::now();
        let done = work(self);
        self.took += started.elapsed();
        done
    }

    /// Embeds the question, once, for the cache and for the search. When that takes too long for the cache, only the search
    /// waits on.
    async fn embed_and_look(&mut self, look: bool) -> (Embedded, CacheDecision) {
        let (engine, question, call, db) = (self.engine, self.question, self.call, Arc::clone(&self.db));
        let mut embedding = engine.embed(question, &db, call).boxed();
        let Ok(embedded) = self.for_the_cache().wait(&mut embedding).await else {
            tracing::debug!("no vector within the cache's time: a miss");
            let needed = question.method.needs_embedding();
            return (if needed { embedding.await } else { Embedded::default() }, CacheDecision::Miss);
        };
        let (Ok(Some(vector)), true) = (&embedded.vector, look) else { return (embedded, CacheDecision::Miss) };
        let vector = Arc::clone(vector);
        let verdict = self.timed(|search| {
            let wording = Wording::of(&question.text);
            search.cache.nearest(search.words(), &wording, &vector, search.now, fastrand::f64())
        });
        (embedded, verdict)
    }

    /// The part of the call that may be spent on the cache's own account.
    fn for_the_cache(&self) -> CallContext {
        self.call.until(Instant::now() + DEADLINE)
    }

    /// Why a near neighbour's answer must not be given, now that the question's own passages are known.
    async fn refusal(&self, hit: &Hit, retrieval: &Retrieval) -> Result<Option<MissReason>, RagError> {
        if !self.is_current(&hit.entry).await? {
            return Ok(Some(MissReason::Invalidated));
        }
        if !hit.entry.is_evidenced_by(&retrieval.contexts) {
            self.cache.refused(Rejection::Evidence);
            return Ok(Some(MissReason::Rejected(Rejection::Evidence)));
        }
        Ok(None)
    }

    /// Whether the entry is right for the DB as it is now. If the DB has changed since it was last known to be, its question
    /// is searched again: the same passages confirm it, others drop it.
    async fn is_current(&self, entry: &Entry) -> Result<bool, RagError> {
        let Some(stamp) = &self.stamp else { return Ok(false) };
        if entry.is_of(stamp) {
            return Ok(true);
        }
        let question = Question { text: entry.question().to_owned(), ..self.question.clone() };
        let embedded = match self.cache.vector(entry) {
            Some(vector) => Embedded { vector: Ok(Some(vector.into())), took: Duration::ZERO },
            None if question.method.needs_embedding() => {
                self.engine.embed(&question, &self.db, &self.for_the_cache()).await
            }
            None => Embedded::default(),
        };
        // Whether the question itself can be answered without a vector is decided when it is embedded.
        if matches!(&embedded.vector, Err(RagError::Provider(error)) if error.is_unavailable()) {
            return Ok(false);
        }
        let found = self.engine.search(&question, Arc::clone(&self.db), embedded, self.call).await?;
        if found.degraded.is_some() {
            return Ok(false);
        }
        let same = entry.made_from(&found.contexts);
        if same {
            entry.confirm(stamp.clone());
        } else {
            self.cache.invalidate(entry);
        }
        Ok(same)
    }

    fn note(&self, entry: &Entry, similarity: f32) -> CacheNote {
        CacheNote {
            similarity,
            question: entry.question().to_owned(),
            accesses: entry.accesses(),
            namespace: entry.namespace().name(),
            age: self.now.since(entry.created()),
        }
    }

    /// The stored answer, in the form of one that is being written.
    fn give(&self, hit: &Hit, spent: Timings) -> AnswerStream {
        self.cache.given(hit);
        let answer = hit.entry.answer();
        let timings = Timings { cache: self.took, total: self.call.started().elapsed(), ..spent };
        let cached = Cached::Hit(hit.found, self.note(&hit.entry, hit.similarity()), answer.rendered.clone());
        self.engine.metrics.query_done(self.question.method, cached.as_str(), timings.total);
        let provider = answer.provider.parse().unwrap_or(ProviderKind::Embedded);
        let outcome = Outcome { provider, degraded: None, timings };
        let events = [Ok(AnswerEvent::Text(answer.text.clone())), Ok(AnswerEvent::Done(outcome))];
        let contexts = Arc::clone(&answer.contexts);
        let retrieval = Retrieval { contexts, bm25_weight: answer.bm25_weight, degraded: None, timings };
        AnswerStream { retrieval, events: stream::iter(events).boxed(), cached }
    }
}

impl CacheSlot {
    /// Keeps a whole answer, and learns from it about the entry that it puts to the test.
    pub(super) fn keep(self, provider: ProviderKind, text: String, retrieval: &Retrieval) {
        let answer = StoredAnswer {
            text,
            contexts: Arc::clone(&retrieval.contexts),
            provider: provider.to_string(),
            bm25_weight: retrieval.bm25_weight,
            rendered: Rendered::default(),
        };
        let Some(trial) = self.trial.clone() else { return self.store(answer) };
        match answer.facts().agree(trial.entry.facts()) {
            Agreement::Yes => self.learn(&trial, answer, true),
            Agreement::No => self.learn(&trial, answer, false),
            // In the background: the one who asked has the answer already.
            Agreement::Unclear => drop(tokio::spawn(async move {
                let same = self.judge(trial.entry.answer(), &answer).await;
                self.learn(&trial, answer, same);
            })),
        }
    }

    fn learn(self, trial: &Exploration, answer: StoredAnswer, right: bool) {
        self.cache.learn(trial, CacheQuery { namespace: &self.namespace, text: &self.question }, right);
        if !right {
            self.store(answer);
        }
    }

    fn store(self, answer: StoredAnswer) {
        let words = CacheQuery { namespace: &self.namespace, text: &self.question };
        if let Err(reason) = self.cache.keep(words, answer, self.vector.as_deref(), self.stamp, UnixMillis::steady()) {
            tracing::debug!(?reason, "the answer is not kept");
        }
    }

    /// Asks the model that wrote them whether two answers say the same; only a clear yes counts.
    async fn judge(&self, one: &StoredAnswer, other: &StoredAnswer) -> bool {
        // The extractive answerer understands nothing that the facts do not show.
        if self.generator.provider() == ProviderKind::Embedded {
            return false;
        }
        let call = CallContext::within(JUDGE_FOR);
        let request = GenerationRequest {
            question: self.question.clone(),
            contexts: Vec::new(),
            messages: prompt::judge(&self.question, &one.text, &other.text),
            call: call.clone(),
            stand_in: false,
        };
        let said = async {
            let mut events = self.generator.generate(request).await.ok()?;
            let mut said = String::new();
            while let Some(event) = events.next().await {
                match event.ok()? {
                    GenerationEvent::Text(text) => said.push_str(&text),
                    GenerationEvent::Done(_) => return Some(said),
                }
            }
            None
        };
        let said = call.wait(said).await.ok().flatten();
        said.is_some_and(|said| prompt::says_yes(&said))
    }
}
