//! Stages on a real engine: their order, their reports, their deadlines.

use std::{path::Path, time::Duration};

use async_trait::async_trait;

use super::*;
use crate::{
    domain::{DbName, SearchFilter, SearchMode},
    index::EmbeddedSearch,
    providers::{
        Generator, ProviderKind,
        embedded::{ExtractiveGenerator, StaticEmbedder},
    },
    rag::{Dbs, Engine, Models},
    store::sqlite::SqliteCatalog,
    telemetry::Metrics,
};

const BRIEF: Duration = Duration::from_millis(30);

fn engine(folder: &Path) -> Engine {
    let catalog = Arc::new(SqliteCatalog::open(folder).unwrap());
    let dbs = Dbs::new(catalog, Box::new(|folder| Arc::new(EmbeddedSearch::open(folder))));
    let generator: Arc<dyn Generator> = Arc::new(ExtractiveGenerator::new(None));
    let models = Models::new([generator], ProviderKind::Embedded, Arc::new(StaticEmbedder::bundled().unwrap()));
    Engine::new(dbs, models, Arc::new(Metrics::new()))
}

fn question(db: &DbName) -> Question {
    Question {
        text: "Where do ships rest?".into(),
        history: Vec::new(),
        db: db.clone(),
        k: 3,
        mode: SearchMode::Hybrid,
        fusion: FusionChoice::default(),
        filter: SearchFilter::default(),
        provider: None,
        cache: false,
        explain: false,
    }
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
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    for (name, text) in [("a", "Ships rest in the harbour."), ("b", "Ships and ships rest; ships sail.")] {
        std::fs::write(docs.join(format!("{name}.md")), text).unwrap();
    }
    let roots = crate::rag::ingest::DocumentRoots::unrestricted(folder.path());
    let selection = crate::rag::ingest::select_files(roots, vec!["docs".to_owned()]).await.unwrap();
    let options = crate::rag::ingest::IngestOptions {
        chunking: Default::default(),
        limits: Default::default(),
        version: None,
        parallelism: 1,
        stop: Default::default(),
    };
    engine.ingest(&db, selection, options, &crate::rag::ingest::unobserved()).await.unwrap();
    let opened = engine.with_dbs({
        let db = db.clone();
        move |dbs| dbs.get(&db)
    });
    let opened = opened.await.unwrap();
    let query = |explain| Query {
        text: "ships rest".into(),
        vector: None,
        mode: SearchMode::Bm25,
        fusion: crate::domain::FusionParams::Rrf { k: 60 },
        k: 3,
        filter: SearchFilter::default(),
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
    let told: Vec<_> = reversed.explanation.iter().map(|report| (report.stage, report.found)).collect();
    assert_eq!(told, [("retrieve", 2), ("fuse", 2), ("read", 2), ("reverse", 2), ("fuse", 2)]);
}
