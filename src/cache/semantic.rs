//! The cache itself: finds, decides, admits, forgets, and counts.
//!
//! The lock is held while the table is read or changed, never while something is embedded, searched or generated. Finding
//! needs it shared, so that lookups run side by side; counters of use are atomic.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, RwLock};

use super::{
    Agreement, CacheChange, CacheMode, CacheSettings, Entry, ErrorBudget, InvalidCacheSetting, Namespace,
    SimilarityPrior, StoredAnswer, Wording,
    journal::{Journal, JournalReport, Record},
    key::ExactKey,
    mismatch::{self, Rejection},
    table::{Bounds, Table},
};
use crate::util::time::UnixMillis;
use crate::{
    domain::{DbName, Stamp},
    telemetry::CacheMetrics,
};

/// Neighbours that are looked at: the nearest may be refused and the next one right.
const LOOKED_AT: usize = 8;

/// Cosine within which two neighbours are about equally near. Of 999 paraphrases, this keeps most of those apart that
/// another stored text fits as well as their own.
const AMBIGUITY: f32 = 0.015;

/// The same in verified mode, which has a budget of wrong answers to spend where it buys more.
const VERIFIED_AMBIGUITY: f32 = 0.05;

/// Records of a journal that is not worth writing anew.
const SMALL_JOURNAL: usize = 1_000;

const MINUTE: Duration = Duration::from_secs(60);

/// Least cosine that verified mode considers.
pub(super) const VERIFIED_FLOOR: f32 = 0.7;

/// A question as the cache sees it.
#[derive(Debug, Clone, Copy)]
pub struct CacheQuery<'a> {
    /// Where it may find an answer.
    pub namespace: &'a Namespace,
    /// Its words.
    pub text: &'a str,
}

/// How a stored answer was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HitKind {
    /// The same words.
    Exact,
    /// Other words with this cosine.
    Semantic(f32),
}

/// A stored answer for a question.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub entry: Arc<Entry>,
    /// How it was found.
    pub found: HitKind,
}

impl Hit {
    /// Cosine of the questions; 1 when the words are the same.
    pub fn similarity(&self) -> f32 {
        match self.found {
            HitKind::Exact => 1.0,
            HitKind::Semantic(similarity) => similarity,
        }
    }
}

/// A near neighbour whose answer was not given.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Its cosine.
    pub similarity: f32,
    /// Why.
    pub reason: Rejection,
}

/// The LLM is asked although a stored answer is at hand, to learn whether that is right.
#[derive(Debug, Clone)]
pub struct Exploration {
    /// The entry that is tested.
    pub entry: Arc<Entry>,
    /// Its cosine.
    pub similarity: f32,
    /// How often such a question is tested.
    pub(super) rate: f64,
}

/// What the cache says to a question in new words.
#[derive(Debug, Clone)]
pub enum CacheDecision {
    /// This answer will do.
    Hit(Hit),
    /// This one is near, and must not be given.
    Refused(Refused),
    /// This one may do; ask the LLM and [compare](SemanticCache::learn).
    Explore(Exploration),
    /// Nothing is near.
    Miss,
}

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
    table: RwLock<Table>,
    settings: RwLock<CacheSettings>,
    /// What is known about similarities, from elsewhere and from here.
    experience: RwLock<SimilarityPrior>,
    /// The part of it that was learned here, for the journal.
    learned: Mutex<SimilarityPrior>,
    risk: Mutex<ErrorBudget>,
    /// Evictions so far, by time, of the last minute.
    evicted: Mutex<VecDeque<(UnixMillis, u64)>>,
    journal: Option<Journal>,
    metrics: CacheMetrics,
    next: AtomicU64,
}

impl SemanticCache {
    /// An empty cache that forgets everything when the process ends.
    pub fn new(settings: CacheSettings, metrics: CacheMetrics) -> Self {
        let cache = Self {
            table: RwLock::new(Table::new()),
            settings: RwLock::new(settings),
            experience: RwLock::default(),
            learned: Mutex::new(SimilarityPrior::nothing()),
            risk: Mutex::default(),
            evicted: Mutex::default(),
            journal: None,
            metrics,
            next: AtomicU64::new(1),
        };
        cache.gauge(&cache.table.read());
        cache
    }

    /// Starts with what is known about the embedder's similarities.
    #[must_use]
    pub fn with_experience(self, experience: SimilarityPrior) -> Self {
        *self.experience.write() = experience;
        self
    }

    /// Takes over what a journal holds and writes to it from now on.
    #[must_use]
    pub fn with_journal(mut self, journal: Journal, report: JournalReport, now: UnixMillis) -> Self {
        let settings = self.settings();
        {
            let table = self.table.get_mut();
            let mut last = 0;
            for mut restored in report.entries {
                last = last.max(restored.entry.id);
                // The clock was set back meanwhile: its age is not known, but it gets no older than its time from now on.
                restored.entry.created = restored.entry.created.min(now);
                table.insert(Arc::new(restored.entry), restored.vector.as_deref(), restored.keys);
            }
            *self.next.get_mut() = last + 1;
            table.expire(now, settings.ttl);
            table.shrink(bounds(&settings));
        }
        if let Some(learned) = report.learned {
            self.experience.get_mut().add(&learned);
            *self.learned.get_mut() = learned;
        }
        self.journal = Some(journal);
        self.gauge(&self.table.read());
        self
    }

    /// What all entries have taught so far.
    pub fn experience(&self) -> SimilarityPrior {
        self.experience.read().clone()
    }

    /// The settings now.
    pub fn settings(&self) -> CacheSettings {
        *self.settings.read()
    }

    /// Changes settings; entries beyond the new bounds go.
    ///
    /// # Errors
    /// The field that is out of its range; nothing is changed then.
    pub fn change(&self, change: &CacheChange) -> Result<CacheSettings, InvalidCacheSetting> {
        let changed = {
            let mut settings = self.settings.write();
            *settings = settings.with(change)?;
            *settings
        };
        let mut table = self.table.write();
        let evicted = table.shrink(bounds(&changed));
        self.metrics.evictions.inc_by(evicted.len() as u64);
        self.forget(&evicted);
        self.gauge(&table);
        Ok(changed)
    }

    /// The entry for these very words. It may be of an older state of the DB: see [`Entry::is_of`].
    pub fn exact(&self, asked: CacheQuery<'_>, now: UnixMillis) -> Option<Hit> {
        let ttl = self.settings.read().ttl;
        let entry = Arc::clone(self.table.read().exact(ExactKey::new(asked.namespace, asked.text))?);
        if now.since(entry.created) < ttl {
            return Some(Hit { entry, found: HitKind::Exact });
        }
        self.expire(now, ttl);
        None
    }

    /// What to do about a question in words that are not known. `draw` is a random number in 0..1.
    pub fn nearest(
        &self,
        asked: CacheQuery<'_>,
        wording: &Wording,
        vector: &[f32],
        now: UnixMillis,
        draw: f64,
    ) -> CacheDecision {
        let settings = self.settings();
        let (least, margin) = match settings.mode {
            CacheMode::Threshold => (settings.threshold, AMBIGUITY),
            CacheMode::Verified => (VERIFIED_FLOOR, VERIFIED_AMBIGUITY),
        };
        // The runner-up may be a little below the threshold and still make the nearest ambiguous.
        let near = self.table.read().nearest(asked.namespace, vector, least - margin, LOOKED_AT);
        let alive: Vec<_> = near.into_iter().filter(|(_, entry)| now.since(entry.created) < settings.ttl).collect();
        if settings.mode == CacheMode::Verified {
            self.risk.lock().question(settings.delta);
        }
        let mut refused = None;
        for (at, (similarity, entry)) in alive.iter().enumerate() {
            let similarity = *similarity;
            if similarity < least {
                break;
            }
            // Behind a refused neighbour only the very same words in another form will do.
            if refused.is_some()
                && !(wording.without(&entry.wording).is_empty() && entry.wording.without(wording).is_empty())
            {
                continue;
            }
            let refusal =
                settings.guards.then(|| guarded(wording, entry, similarity - margin, &alive[at + 1..])).flatten();
            if let Some(reason) = refusal {
                refused.get_or_insert(Refused { entry: Arc::clone(entry), similarity, reason });
                // Ambiguity is between answers: the next one is no better.
                if reason == Rejection::Ambiguous {
                    break;
                }
                continue;
            }
            let hit = Hit { entry: Arc::clone(entry), found: HitKind::Semantic(similarity) };
            return match settings.mode {
                CacheMode::Threshold => CacheDecision::Hit(hit),
                CacheMode::Verified => self.weigh(hit, similarity, settings.delta, draw),
            };
        }
        refused.map_or(CacheDecision::Miss, CacheDecision::Refused)
    }

    /// Verified mode: whether to trust the entry this time.
    fn weigh(&self, hit: Hit, similarity: f32, delta: f64, draw: f64) -> CacheDecision {
        let confidence = self.experience.read().confidence(&hit.entry.learned.lock(), similarity);
        let (rate, test) = self.risk.lock().decide(confidence, delta, draw);
        if test {
            CacheDecision::Explore(Exploration { entry: hit.entry, similarity, rate })
        } else {
            CacheDecision::Hit(hit)
        }
    }

    /// Takes note of what a trial has shown: whether the LLM's answer says what the stored one says. Words that were
    /// answered alike lead to the entry from now on.
    pub fn learn(&self, trial: &Exploration, asked: CacheQuery<'_>, right: bool) {
        trial.entry.learned.lock().observe(trial.similarity, right);
        self.experience.write().observe(trial.similarity, right);
        self.learned.lock().observe(trial.similarity, right);
        let limit = {
            let mut risk = self.risk.lock();
            risk.tested(trial.rate, right);
            risk.upper_limit()
        };
        self.metrics.false_hit_limit.set(limit);
        self.note(|| Record::Observed { id: trial.entry.id, similarity: trial.similarity, right });
        if right {
            let key = ExactKey::new(asked.namespace, asked.text);
            if self.table.write().alias(key, trial.entry.id) {
                self.note(|| Record::Alias { id: trial.entry.id, key });
            }
        }
    }

    /// Counts a hit that was given.
    pub fn given(&self, hit: &Hit) {
        match hit.found {
            HitKind::Exact => self.metrics.exact_hits.inc(),
            HitKind::Semantic(_) => self.metrics.semantic_hits.inc(),
        }
        self.table.read().touch(&hit.entry);
    }

    /// Counts a question that the cache did not answer.
    pub fn missed(&self) {
        self.metrics.misses.inc();
    }

    /// Counts a neighbour that was refused.
    pub fn refused(&self, reason: Rejection) {
        self.metrics.rejected.with_label_values(&[reason.as_str()]).inc();
    }

    /// Removes an entry whose passages are no longer those that its question finds.
    pub fn invalidate(&self, entry: &Entry) {
        let mut table = self.table.write();
        if table.remove(entry.id) {
            self.metrics.invalidations.inc();
            self.forget(&[entry.id]);
            self.gauge(&table);
        }
    }

    /// Keeps a complete, undegraded answer.
    ///
    /// # Errors
    /// Why it is not kept.
    pub fn keep(
        &self,
        asked: CacheQuery<'_>,
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
        let bytes = Entry::bytes_of(asked.text, &answer, dimension);
        if bytes > settings.max_bytes {
            self.metrics.too_large.inc();
            return Err(NotKept::TooLarge);
        }
        let key = ExactKey::new(asked.namespace, asked.text);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry {
            stamp: Mutex::new(stamp),
            ..Entry::new(id, asked.namespace.clone(), asked.text.to_owned(), answer, dimension, now)
        });
        let mut table = self.table.write();
        // Of a stampede, the first answer stays; the others say the same.
        if table.exact(key).is_some_and(|known| now.since(known.created) < settings.ttl) {
            return Ok(());
        }
        let expired = table.expire(now, settings.ttl);
        table.insert(Arc::clone(&entry), vector, vec![key]);
        let evicted = table.shrink(bounds(&settings));
        self.gauge(&table);
        // Within the lock, so that the journal has things in the order in which they happened.
        self.note(|| Record::kept(&entry, vector, &[key]));
        self.forget(&expired);
        self.forget(&evicted);
        drop(table);
        self.metrics.expirations.inc_by(expired.len() as u64);
        self.metrics.evictions.inc_by(evicted.len() as u64);
        Ok(())
    }

    fn expire(&self, now: UnixMillis, ttl: Duration) {
        let mut table = self.table.write();
        let expired = table.expire(now, ttl);
        self.metrics.expirations.inc_by(expired.len() as u64);
        self.forget(&expired);
        self.gauge(&table);
    }

    /// Removes what is too old although nobody asks for it, notes how many made room, and writes the journal anew when most
    /// of it is about what is gone. To be called every few seconds; blocks.
    pub fn tend(&self, now: UnixMillis) {
        self.expire(now, self.settings().ttl);
        {
            let mut evicted = self.evicted.lock();
            evicted.push_back((now, self.metrics.evictions.get()));
            while evicted.front().is_some_and(|(at, _)| now.since(*at) > MINUTE) {
                evicted.pop_front();
            }
        }
        if self.journal.as_ref().is_some_and(|journal| journal.records() > 2 * self.table.read().len() + SMALL_JOURNAL)
        {
            self.compact();
        }
    }

    /// Removes entries: of one namespace, of one DB, or all. Returns how many there were.
    pub fn clear(&self, which: &Clear) -> usize {
        let mut table = self.table.write();
        let removed = table.remove_where(|entry| match which {
            Clear::All => true,
            Clear::Db(db) => entry.namespace.db() == db,
            Clear::Namespace(name) => entry.namespace.name() == *name,
        });
        self.forget(&removed);
        self.gauge(&table);
        removed.len()
    }

    /// Vector of an entry's question.
    pub fn vector(&self, entry: &Entry) -> Option<Vec<f32>> {
        self.table.read().vector(entry).map(<[f32]>::to_vec)
    }

    /// What it has done so far.
    pub fn stats(&self, now: UnixMillis) -> CacheStats {
        let (size, bytes) = {
            let table = self.table.read();
            (table.len(), table.bytes())
        };
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
            size,
            bytes,
            false_hit_limit: verified.then(|| self.risk.lock().upper_limit()),
        }
    }

    /// Evictions up to a minute ago.
    fn evicted_before(&self, now: UnixMillis) -> u64 {
        let evicted = self.evicted.lock();
        evicted.iter().find(|(at, _)| now.since(*at) <= MINUTE).map_or(0, |(_, count)| *count)
    }

    /// Writes the journal anew, with what is in the cache and nothing else.
    fn compact(&self) {
        let Some(journal) = &self.journal else { return };
        let table = self.table.read();
        let entries = table.entries().map(|entry| Record::kept(entry, table.vector(entry), table.keys(entry.id)));
        let learned = Record::Learned(self.learned.lock().clone());
        journal.rewrite(entries.chain([learned]).collect());
    }

    fn note(&self, record: impl FnOnce() -> Record) {
        if let Some(journal) = &self.journal {
            journal.write(record());
        }
    }

    fn forget(&self, ids: &[u64]) {
        for id in ids {
            self.note(|| Record::Gone { id: *id });
        }
    }

    fn gauge(&self, table: &Table) {
        let settings = self.settings();
        self.metrics.size.set(table.len() as i64);
        self.metrics.bytes.set(table.bytes() as i64);
        self.metrics.fill_ratio.set(table.len() as f64 / settings.max_size as f64);
    }
}

/// What to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clear {
    /// Everything.
    All,
    /// The answers from one DB.
    Db(DbName),
    /// One namespace, by its [name](Namespace::name).
    Namespace(String),
}

fn bounds(settings: &CacheSettings) -> Bounds {
    Bounds { entries: settings.max_size, bytes: settings.max_bytes }
}

/// Whether a guard refuses this neighbour; `farther` are those behind it, nearest first, of which those with more than
/// `beyond` are rivals.
fn guarded(asked: &Wording, entry: &Entry, beyond: f32, farther: &[(f32, Arc<Entry>)]) -> Option<Rejection> {
    if let Some(reason) = mismatch::refuse(asked, &entry.wording) {
        return Some(reason);
    }
    let rivals = farther.iter().take_while(|(rival, _)| *rival > beyond);
    let ambiguous = rivals.into_iter().any(|(_, rival)| {
        rival.facts().agree(entry.facts()) != Agreement::Yes && mismatch::refuse(asked, &rival.wording).is_none()
    });
    ambiguous.then_some(Rejection::Ambiguous)
}
