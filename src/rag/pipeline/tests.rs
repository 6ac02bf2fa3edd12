//! Stages on a real engine: their order, their reports, their deadlines.

use std::{path::Path, time::Duration};

use async_trait::async_trait;

use super::*;
use crate::{
    cache::{CacheSettings, SemanticCache},
    domain::{DbName, SearchMode},
    index::EmbeddedSearch,
    providers::{
        Embedder, EmbedderId, Generator, ProviderError, Purpose, TextVector,
        embedded::{ExtractiveGenerator, StaticEmbedder},
    },
    rag::{
        Cached, Dbs, DegradedReason, Engine, Models,
        ingest::{DocumentRoots, IngestOptions, select_files, unobserved},
    },
    store::sqlite::SqliteCatalog,
    telemetry::Metrics,
};

const BRIEF: Duration = Duration::from_millis(30);

fn engine(folder: &Path) -> Engine {
    engine_with(folder, Arc::new(StaticEmbedder::bundled().unwrap()))
}

fn engine_with(folder: &Path, embedder: Arc<dyn Embedder>) -> Engine {
    let catalog = Arc::new(SqliteCatalog::open(folder).unwrap());
    let folders = Arc::clone(&catalog);
    let dbs = Dbs::new(
        catalog,
        Box::new(move |db, generation| Arc::new(EmbeddedSearch::open(&folders.index_folder(db, generation), None))),
    );
    let generator: Arc<dyn Generator> = Arc::new(ExtractiveGenerator::new(None));
    let models = Models::new([generator], "embedded", embedder);
    Engine::new(dbs, models, Arc::new(Metrics::new()))
}

/// Two documents about ships.
async fn ingest(engine: &Engine, db: &DbName, folder: &Path) {
    let docs = folder.join("docs");
    std::fs::create_dir(&docs).unwrap();
    for (name, text) in [("a", "Ships rest in the harbour."), ("b", "Ships and ships rest; ships sail.")] {
        std::fs::write(docs.join(format!("{name}.md")), text).unwrap();
    }
    ingest_folder(engine, db, folder).await;
}

async fn ingest_folder(engine: &Engine, db: &DbName, folder: &Path) {
    let selection = select_files(DocumentRoots::unrestricted(folder), vec!["docs".to_owned()]).await.unwrap();
    let options = IngestOptions {
        metadata: None,
        rules: Default::default(),
        chunking: Default::default(),
        limits: Default::default(),
        version: None,
        parallelism: 1,
        stop: Default::default(),
        ocr: None,
        chunking_said: false,
    };
    engine.ingest(db, selection, options, &unobserved()).await.unwrap();
}

fn question(db: &DbName) -> Question {
    Question { cache: false, ..Question::new("Where do ships rest?", db.clone()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_does_not_wait_for_a_turn_to_search_longer_than_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, db) = (engine(folder.path()), "default".parse::<DbName>().unwrap());
    let name = db.clone();
    engine.with_dbs(move |dbs| dbs.get_or_create(&name).map(drop)).await.unwrap();
    let question = question(&db);
    assert!(engine.ask(&question, &CallContext::without_deadline()).await.is_ok());

    let turns = engine.pipeline().turns().available_permits();
    let all = engine.pipeline().turns().acquire_many(u32::try_from(turns).unwrap()).await.unwrap();
    let error = engine.ask(&question, &CallContext::within(BRIEF)).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), "deadline", "{error}");
    assert!(error.to_string().contains("waiting for a turn to search"), "{error}");
    drop(all);
    assert!(engine.ask(&question, &CallContext::without_deadline()).await.is_ok(), "no turn was lost");
}

/// However many copies there are, and whichever search runs, they take one place, and the places are filled: with more
/// candidates than were taken at first, where those are all copies.
#[tokio::test(flavor = "multi_thread")]
async fn copies_take_one_place_and_the_next_best_follow() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, db) = (engine(folder.path()), "default".parse::<DbName>().unwrap());
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    for n in 0..120 {
        let layout = if n % 2 == 0 {
            "Ships rest in the harbour, and ships sail."
        } else {
            "Ships rest in the harbour,\n\nand SHIPS sail"
        };
        std::fs::write(docs.join(format!("copy{n}.md")), layout).unwrap();
    }
    std::fs::write(docs.join("other.md"), "A ship may rest at sea, too, when its anchor holds.").unwrap();
    ingest_folder(&engine, &db, folder.path()).await;
    for mode in SearchMode::ALL {
        let options = RetrievalOptions { mode, ..RetrievalOptions::default() };
        let asked = Question { options, ..question(&db) };
        let found = engine.ask(&asked, &CallContext::without_deadline()).await.unwrap().retrieval;
        let [first, second] = &found.passages[..] else { panic!("{mode}: {} passages", found.passages.len()) };
        assert!(first.source.contains("copy") && second.source.ends_with("other.md"), "{mode}");
        assert_eq!((first.copies.len(), second.copies.len()), (119, 0), "{mode}");
        let sources: std::collections::BTreeSet<&str> = first.sources().collect();
        assert_eq!(sources.len(), 120, "{mode}: all are named");
    }
}

/// A stage that asks a model: puts the last passage first.
struct Reverse;

#[async_trait]
impl ModelStage for Reverse {
    fn name(&self) -> &'static str {
        "reverse"
    }

    async fn run(&self, _: &Query, findings: &mut Findings, _: &CallContext) -> Result<(), RagError> {
        findings.passages.reverse();
        Ok(())
    }
}

/// Blocking stages before and after a model stage run in their order, each with what the one before it found; what they did
/// is told when it is asked for, and only then.
#[tokio::test(flavor = "multi_thread")]
async fn stages_run_in_their_order_and_are_explained_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, db) = (engine(folder.path()), "default".parse::<DbName>().unwrap());
    ingest(&engine, &db, folder.path()).await;
    let opened = engine.with_dbs({
        let db = db.clone();
        move |dbs| dbs.get(&db)
    });
    let opened = opened.await.unwrap();
    let query = |explain| Query {
        text: "ships rest".into(),
        vector: None,
        options: RetrievalOptions { mode: SearchMode::Bm25, ..RetrievalOptions::default() },
        fusion: crate::domain::FusionParams::Rrf { k: 60 },
        sparse_share: 0.0,
        db: Arc::clone(&opened),
        explain,
    };
    let call = CallContext::without_deadline();
    let plain = Pipeline::default().run(query(false), &call).await.unwrap();
    let sources = |findings: &Findings| findings.passages.iter().map(|p| p.source.clone()).collect::<Vec<_>>();
    assert_eq!((plain.passages.len(), plain.explanation.len()), (2, 0));

    let mut with_model = stages();
    with_model.push(Stage::Model(Arc::new(Reverse)));
    with_model.push(Stage::Blocking(Arc::new(fusion::Fuse)));
    let reversed = Pipeline::new(with_model).run(query(true), &call).await.unwrap();
    let mut expected = sources(&plain);
    expected.reverse();
    assert_eq!(sources(&reversed), expected);
    let explained: Vec<_> = reversed.explanation.iter().map(|report| (report.stage, report.found)).collect();
    // Nobody asked for another order.
    let asked_for = stages().into_iter().map(|stage| stage.name()).filter(|name| *name != "rerank-features");
    let names = asked_for.chain(["reverse", "fuse"]);
    assert_eq!(explained, names.map(|name| (name, 2)).collect::<Vec<_>>());
}

/// Embeds documents, and hangs on questions.
struct HungOnQuestions(StaticEmbedder);

#[async_trait]
impl Embedder for HungOnQuestions {
    fn id(&self) -> &EmbedderId {
        self.0.id()
    }

    fn batch_size(&self) -> usize {
        self.0.batch_size()
    }

    async fn embed(
        &self,
        texts: &[String],
        purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<TextVector>, ProviderError> {
        match purpose {
            Purpose::Passage => self.0.embed(texts, purpose, call).await,
            Purpose::Query => call.wait(std::future::pending()).await.map_err(|_| ProviderError::Deadline)?,
        }
    }
}

/// A hung embedder costs a question that needs no vector the cache's two seconds; one that needs a vector waits until a
/// little before its deadline, and is then answered from words alone, marked.
#[tokio::test]
async fn a_hung_embedder_costs_the_cache_two_seconds_and_a_question_no_more_than_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let embedder = Arc::new(HungOnQuestions(StaticEmbedder::bundled().unwrap()));
    let cache = Arc::new(SemanticCache::new(CacheSettings::default(), Metrics::new().cache()));
    let engine = engine_with(folder.path(), embedder).with_cache(cache);
    let db = "default".parse::<DbName>().unwrap();
    ingest(&engine, &db, folder.path()).await;
    tokio::time::pause();
    for (mode, waits, degraded) in
        [(SearchMode::Bm25, 2_000, None), (SearchMode::Hybrid, 9_500, Some(DegradedReason::EmbeddingUnavailable))]
    {
        let options = RetrievalOptions { mode, ..RetrievalOptions::default() };
        let question = Question { options, cache: true, ..question(&db) };
        let call = CallContext::within(Duration::from_secs(10));
        let answer = engine.ask(&question, &call).await.unwrap().answer().await.unwrap();
        // Timers have a resolution of a millisecond.
        let waited = call.started().elapsed().as_millis();
        assert!((waits..waits + 5).contains(&waited), "{mode}: {waited} ms");
        assert_eq!(answer.outcome.degraded, degraded, "{mode}");
        assert!(matches!(answer.cached, Cached::Miss(None)) && answer.retrieval.passages.len() == 2, "{mode}");
    }
}
