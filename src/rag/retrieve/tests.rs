//! Deadlines of the search itself, on a real engine.

use std::path::Path;

use super::*;
use crate::{
    domain::DbName,
    index::EmbeddedSearch,
    providers::{
        Generator, ProviderKind,
        embedded::{ExtractiveGenerator, StaticEmbedder},
    },
    rag::{Dbs, Models},
    store::sqlite::SqliteCatalog,
    telemetry::Metrics,
};

const BRIEF: Duration = Duration::from_millis(30);

fn engine(folder: &Path) -> Engine {
    let catalog = Arc::new(SqliteCatalog::open(folder).unwrap());
    let folders = Arc::clone(&catalog);
    let dbs = Dbs::new(catalog, Box::new(move |db| Arc::new(EmbeddedSearch::open(&folders.index_folder(db)))));
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
        method: SearchMode::Hybrid,
        fusion: FusionChoice::default(),
        scope: SearchFilter::default(),
        provider: None,
        cache: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_does_not_wait_for_a_turn_to_search_longer_than_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, db) = (engine(folder.path()), "default".parse::<DbName>().unwrap());
    let name = db.clone();
    engine.with_dbs(move |dbs| dbs.get_or_create(&name).map(drop)).await.unwrap();
    let question = question(&db);
    assert!(engine.retrieve(&question, &CallContext::without_deadline()).await.is_ok());

    let turns = engine.searches.available_permits();
    let all = engine.searches.acquire_many(u32::try_from(turns).unwrap()).await.unwrap();
    let error = engine.retrieve(&question, &CallContext::within(BRIEF)).await.unwrap_err();
    assert_eq!(error.kind(), "deadline", "{error}");
    assert!(error.to_string().contains("waiting for a turn to search"), "{error}");
    drop(all);
    assert!(engine.retrieve(&question, &CallContext::without_deadline()).await.is_ok(), "no turn was lost");
}
