//! The cache itself: decides, admits, forgets, and counts. Where entries are is for its [backend](CacheBackend) to know.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};

use super::{
    CacheBackend, CacheChange, CacheDecision, CacheMode, CacheMutation, CacheQuery, CacheSettings, Clear, Entry,
    ErrorBudget, Exploration, Hit, HitKind, InvalidCacheSetting, MemoryBackend, SimilarityPrior, StoredAnswer, Wording,
    backend::{BackendError, CacheEffect},
    decision::{self, Neighbour, Reach},
    entry::NewEntry,
    key::ExactKey,
    mismatch::Rejection,
};
use crate::{domain::Stamp, telemetry::CacheMetrics, util::time::UnixMillis};

/// Neighbours that are looked at: the nearest may be refused and the next one right.
const LOOKED_AT: usize = 8;

const MINUTE: Duration = Duration::from_secs(60);

/// Why an answer is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// It is larger than the whole cache may be.
    TooLarge,
    /// The cache is off.
    Disabled,
}

/// What the cache has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CacheStats {
    /// Questions in words that were known.
    pub exact_hits: u64,
    /// Questions that mean what a stored one means.
    pub semantic_hits: u64,
    /// All others.
    pub misses: u64,
    /// Entries that made room.
    pub evictions: u64,
    /// Those of the last minute.
    pub evictions_last_minute: u64,
    /// Entries that became too old.
    pub expirations: u64,
    /// Entries whose passages changed.
    pub invalidations: u64,
    /// Neighbours that were refused, by reason, in the order of [`Rejection::ALL`].
    pub rejected: [u64; Rejection::ALL.len()],
    /// Answers that were too large to keep.
    pub too_large: u64,
    /// Entries now.
    pub size: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Upper 95 % limit of the share of questions that got another question's answer; verified mode only.
    pub false_hit_limit: Option<f64>,
}

/// The semantic cache.
pub struct SemanticCache {
    backend: Arc<dyn CacheBackend>,
    settings: RwLock<CacheSettings>,
    /// What is known about similarities, from elsewhere and from here.
    prior: RwLock<SimilarityPrior>,
    budget: Mutex<ErrorBudget>,
    /// Evictions so far, by time, of the last minute.
    evicted: Mutex<VecDeque<(UnixMillis, u64)>>,
    metrics: CacheMetrics,
}

impl SemanticCache {
    /// A cache that forgets everything when the process ends.
    pub fn new(settings: CacheSettings, metrics: CacheMetrics) -> Self {
        Self::with_backend(Arc::new(MemoryBackend::default()), settings, metrics)
    }

    /// A cache of what this backend holds.
    pub fn with_backend(backend: Arc<dyn CacheBackend>, settings: CacheSettings, metrics: CacheMetrics) -> Self {
        let cache = Self {
            backend,
            settings: RwLock::new(settings),
            prior: RwLock::default(),
            budget: Mutex::default(),
            evicted: Mutex::default(),
            metrics,
        };
        cache.prior.write().add(&cache.backend.learned());
        cache.gauge();
        cache
    }

    /// Starts with what is known about the embedder's similarities.
    #[must_use]
    pub fn with_prior(self, prior: SimilarityPrior) -> Self {
        let mut known = prior;
        known.add(&self.backend.learned());
        *self.prior.write() = known;
        self
    }

    /// What all entries have taught so far.
    pub fn prior(&self) -> SimilarityPrior {
        self.prior.read().clone()
    }

    /// The settings now.
    pub fn settings(&self) -> CacheSettings {
        *self.settings.read()
    }

    /// Changes settings; entries beyond the new bounds go.
    ///
    /// # Errors
    /// The field that is out of its range; nothing is changed then.
    pub async fn change(&self, change: &CacheChange) -> Result<CacheSettings, InvalidCacheSetting> {
        let changed = {
            let mut settings = self.settings.write();
            *settings = settings.with(change)?;
            *settings
        };
        self.apply(CacheMutation::Shrink(changed.bounds())).await;
        Ok(changed)
    }

    /// The entry for these very words. It may be of an older state of the DB: see [`Entry::is_of`].
    pub async fn exact(&self, query: CacheQuery<'_>, now: UnixMillis) -> Option<Hit> {
        let entry = available(self.backend.exact(ExactKey::new(query.namespace, query.text)).await)??;
        let ttl = self.settings.read().ttl;
        if now.since(entry.created) < ttl {
            return Some(Hit { entry, kind: HitKind::Exact });
        }
        self.apply(CacheMutation::Expire(now, ttl)).await;
        None
    }

    /// What to do about a question in words that are not known. `draw` is a random number in 0..1.
    pub async fn nearest(
        &self,
        query: CacheQuery<'_>,
        wording: &Wording,
        vector: &[f32],
        now: UnixMillis,
        draw: f64,
    ) -> CacheDecision {
        let settings = self.settings();
        let Reach { least, margin } = Reach::of(&settings);
        // The runner-up may be a little below the threshold and still make the nearest ambiguous.
        let near = self.backend.nearest(query.namespace, vector, least - margin, LOOKED_AT).await;
        if settings.mode == CacheMode::Verified {
            self.budget.lock().question(settings.delta);
        }
        match decision::judge(&settings, wording, available(near).unwrap_or_default(), now) {
            Neighbour::None => CacheDecision::Miss,
            Neighbour::Refused(refused) => CacheDecision::Refused(refused),
            Neighbour::Fits(hit) if settings.mode == CacheMode::Threshold => CacheDecision::Hit(hit),
            Neighbour::Fits(hit) => self.weigh(hit, settings.delta, draw),
        }
    }

    /// Verified mode: whether to trust the entry this time.
    fn weigh(&self, hit: Hit, delta: f64, draw: f64) -> CacheDecision {
        let similarity = hit.similarity();
        let confidence = self.prior.read().confidence(&hit.entry.learned.lock(), similarity);
        let (rate, test) = self.budget.lock().decide(confidence, delta, draw);
        match test {
            true => CacheDecision::Explore(Exploration { entry: hit.entry, similarity, rate }),
            false => CacheDecision::Hit(hit),
        }
    }

    /// Takes note of what a test has shown: whether the LLM's answer says what the stored one says. Words that were
    /// answered alike lead to the entry from now on.
    pub async fn learn(&self, exploration: &Exploration, query: CacheQuery<'_>, right: bool) {
        let Exploration { entry, similarity, rate } = exploration;
        self.prior.write().observe(*similarity, right);
        let limit = {
            let mut budget = self.budget.lock();
            budget.tested(*rate, right);
            budget.upper_limit()
        };
        self.metrics.false_hit_limit.set(limit);
        self.apply(CacheMutation::Observe(entry, *similarity, right)).await;
        if right {
            let key = ExactKey::new(query.namespace, query.text);
            self.apply(CacheMutation::Alias(entry, key)).await;
        }
    }

    /// Counts a hit that was given.
    pub fn given(&self, hit: &Hit) {
        match hit.kind {
            HitKind::Exact => self.metrics.exact_hits.inc(),
            HitKind::Semantic(_) => self.metrics.semantic_hits.inc(),
        }
        self.backend.touch(&hit.entry);
    }

    /// Counts a question that the cache did not answer.
    pub fn missed(&self) {
        self.metrics.misses.inc();
    }

    /// Counts a neighbour that was refused.
    pub fn refused(&self, reason: Rejection) {
        self.metrics.rejected.with_label_values(&[reason.as_str()]).inc();
    }

    /// Notes that an entry is right for this state of its DB.
    pub async fn confirm(&self, entry: &Entry, stamp: &Stamp) {
        self.apply(CacheMutation::Confirm(entry, stamp.clone())).await;
    }

    /// Removes an entry whose passages are no longer those that its question finds.
    pub async fn invalidate(&self, entry: &Entry) {
        let effect = self.apply(CacheMutation::Remove(entry)).await;
        self.metrics.invalidations.inc_by(effect.removed as u64);
    }

    /// Somebody says that an entry's answer was wrong for a question of this similarity; in the very words of its own question
    /// there is none. The entry goes, and what was learned from it stays.
    pub async fn wrong(&self, entry: &Entry, similarity: Option<f32>) {
        if let Some(similarity) = similarity {
            self.prior.write().observe(similarity, false);
            self.apply(CacheMutation::Observe(entry, similarity, false)).await;
        }
        self.apply(CacheMutation::Remove(entry)).await;
        self.metrics.wrong_hits.inc();
    }

    /// Keeps a complete, undegraded answer.
    ///
    /// # Errors
    /// Why it is not kept.
    pub async fn keep(
        &self,
        query: CacheQuery<'_>,
        answer: StoredAnswer,
        vector: Option<&[f32]>,
        stamp: Option<Stamp>,
        now: UnixMillis,
    ) -> Result<(), NotKept> {
        let settings = self.settings();
        if !settings.enabled {
            return Err(NotKept::Disabled);
        }
        let dimension = vector.map_or(0, <[f32]>::len);
        if Entry::bytes_of(query.text, &answer, dimension) > settings.max_bytes {
            self.metrics.too_large.inc();
            return Err(NotKept::TooLarge);
        }
        let (namespace, question) = (query.namespace.clone(), query.text.to_owned());
        let entry = NewEntry { namespace, question, answer, stamp, dimension, created: now };
        let key = ExactKey::new(query.namespace, query.text);
        self.apply(CacheMutation::Admit { entry, key, vector, bounds: settings.bounds(), now }).await;
        Ok(())
    }

    /// Removes what is too old although nobody asks for it, and notes how many made room. To be called every few seconds.
    pub async fn tend(&self, now: UnixMillis) {
        self.apply(CacheMutation::Expire(now, self.settings().ttl)).await;
        {
            let mut evicted = self.evicted.lock();
            evicted.push_back((now, self.metrics.evictions.get()));
            while evicted.front().is_some_and(|(at, _)| now.since(*at) > MINUTE) {
                evicted.pop_front();
            }
        }
        self.backend.tidy().await;
    }

    /// Removes entries: of one namespace, of one DB, or all. Returns how many there were.
    pub async fn clear(&self, which: &Clear) -> usize {
        self.apply(CacheMutation::Clear(which)).await.removed
    }

    /// Vector of an entry's question.
    pub async fn vector(&self, entry: &Entry) -> Option<Vec<f32>> {
        available(self.backend.vector(entry).await).flatten()
    }

    /// What it has done so far.
    pub fn stats(&self, now: UnixMillis) -> CacheStats {
        let size = self.backend.size();
        let metrics = &self.metrics;
        let verified = self.settings().mode == CacheMode::Verified;
        CacheStats {
            exact_hits: metrics.exact_hits.get(),
            semantic_hits: metrics.semantic_hits.get(),
            misses: metrics.misses.get(),
            evictions: metrics.evictions.get(),
            evictions_last_minute: metrics.evictions.get() - self.evicted_before(now),
            expirations: metrics.expirations.get(),
            invalidations: metrics.invalidations.get(),
            rejected: Rejection::ALL.map(|reason| metrics.rejected.with_label_values(&[reason.as_str()]).get()),
            too_large: metrics.too_large.get(),
            size: size.entries,
            bytes: size.bytes,
            false_hit_limit: verified.then(|| self.budget.lock().upper_limit()),
        }
    }

    /// Evictions up to a minute ago.
    fn evicted_before(&self, now: UnixMillis) -> u64 {
        let evicted = self.evicted.lock();
        evicted.iter().find(|(at, _)| now.since(*at) <= MINUTE).map_or(0, |(_, count)| *count)
    }

    /// Makes a change and counts what it did.
    async fn apply(&self, mutation: CacheMutation<'_>) -> CacheEffect {
        let effect = available(self.backend.apply(mutation).await).unwrap_or_default();
        self.metrics.expirations.inc_by(effect.expired as u64);
        self.metrics.evictions.inc_by(effect.evicted as u64);
        self.gauge();
        effect
    }

    fn gauge(&self) {
        let (size, settings) = (self.backend.size(), self.settings());
        self.metrics.size.set(size.entries as i64);
        self.metrics.bytes.set(size.bytes as i64);
        self.metrics.fill_ratio.set(size.entries as f64 / settings.max_size as f64);
    }
}

/// Without its backend the cache knows nothing: slower, never wrong.
fn available<T>(asked: Result<T, BackendError>) -> Option<T> {
    asked.inspect_err(|error| tracing::warn!(%error, "the cache works without its store")).ok()
}
