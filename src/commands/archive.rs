//! `ragctl export` and `ragctl import`.

use indicatif::HumanBytes;

use super::parts;
use crate::{
    cli::{ExitStatus, ExportArgs, ImportArgs, settings::Settings},
    store::archive::{self, ArchiveInfo},
};

pub(super) async fn export(settings: Settings, args: ExportArgs) -> anyhow::Result<ExitStatus> {
    let dbs = parts::dbs(&settings)?;
    let (db, file) = (settings.db.clone(), args.file.clone());
    let info = tokio::task::spawn_blocking(move || archive::export(dbs.catalog().as_ref(), &db, &file, args.replace));
    let info = info.await??;
    eprintln!("DB \"{}\" is in {}: {}", settings.db, args.file.display(), content(&info));
    Ok(ExitStatus::Success)
}

pub(super) async fn import(settings: Settings, args: ImportArgs) -> anyhow::Result<ExitStatus> {
    let dbs = parts::dbs(&settings)?;
    let (db, file) = (settings.db.clone(), args.file.clone());
    let info = tokio::task::spawn_blocking(move || archive::import(dbs.catalog().as_ref(), &db, &file, args.replace));
    let info = info.await??;
    eprintln!(
        "DB \"{}\" is made of {}, written {}: {}",
        settings.db,
        args.file.display(),
        info.written,
        content(&info)
    );
    Ok(ExitStatus::Success)
}

fn content(info: &ArchiveInfo) -> String {
    let embedder = info.embedder.as_deref().unwrap_or("no embedder");
    format!(
        "{} documents, {} chunks, embedded with {embedder}, {}",
        info.documents,
        info.chunks,
        HumanBytes(info.bytes)
    )
}
