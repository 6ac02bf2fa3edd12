//! Files that are sent to be kept and read.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    Json as Reply,
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::StatusCode,
};
use tokio::time::Instant;

use crate::{
    api,
    domain::DbName,
    rag::{
        RagError,
        sync::{FileState, UploadError, UploadFolder, UploadedFile, check_upload_name},
    },
    server::{connections::BodyTimeout, error::ApiError, state::AppState},
    store::DocumentState,
    wire::{DocumentCounts, ErrorBody, FileErrorBody, UploadForm, UploadResponse, UploadedFileBody},
};

/// Most files of a request.
const MAX_FILES: usize = 1_000;

/// Longest value of a field that is no file.
const MAX_FIELD_BYTES: usize = 131_072;

/// A form, as far as it was received.
#[derive(Default)]
struct Form {
    db: Option<String>,
    version: Option<String>,
    metadata: Option<String>,
    files: Vec<Received>,
}

/// A file of a form.
struct Received {
    name: String,
    file: Result<(String, UploadedFile), UploadError>,
}

/// Keeps files in the data directory and reads them into a DB.
///
/// A file of the name of an earlier one replaces it. The answer comes when all are read, or when the time of a request is over:
/// what is not read then is read afterwards, whatever happens to the server meanwhile. A file that fails is tried again for a
/// while. `DELETE /api/docs` removes document and file.
#[utoipa::path(
    post, path = "/api/upload", tag = "documents",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What became of each file", body = UploadResponse),
        (status = 202, description = "All that could be was kept; some files are still to be read", body = UploadResponse),
        (status = 409, description = "The DB was embedded by another model", body = ErrorBody),
        (status = 422, description = "Nothing could be kept or read; `errors` says why, file by file", body = ErrorBody),
    )
)]
pub async fn upload(
    State(state): State<Arc<AppState>>,
    mut request: Request,
) -> Result<(StatusCode, Reply<UploadResponse>), ApiError> {
    let until = Instant::now() + state.settings.request_timeout;
    // Documents are larger than questions.
    DefaultBodyLimit::max(state.settings.max_upload_bytes).apply(&mut request);
    let form = Multipart::from_request(request, &state).await.map_err(no_form)?;
    let Form { db, version, metadata, files } = receive(&state, form).await?;
    let db: DbName = state.db(db.as_deref())?;
    if let Some(label) = &version {
        api::check_label(label)?;
    }
    let metadata = metadata.map(|json| api::check_metadata(&json)).transpose()?;
    if files.is_empty() {
        return Err(ApiError::invalid("the form has no file: send each in a field \"files\" with a filename"));
    }
    if files.iter().all(|received| received.file.is_err()) {
        // Before a DB is made for nothing.
        let kept: Vec<UploadedFileBody> =
            files.into_iter().map(|received| refused(received.name, received.file.err())).collect();
        return Err(nothing_kept(&kept));
    }
    let name = db.clone();
    state.engine.with_dbs(move |dbs| dbs.get_or_create(&name).map(drop)).await?;
    let folder = Arc::new(UploadFolder::of(&state.mirrors, &db).await?);
    let keeping = Arc::clone(&folder);
    let sources =
        files.iter().filter_map(|received| received.file.as_ref().ok()).map(|(safe, _)| UploadFolder::source_of(safe));
    let before = states(&state, &db, sources.collect()).await;
    let keep = move || -> Vec<UploadedFileBody> {
        files.into_iter().map(|received| keep(&keeping, received, version.as_ref(), metadata.as_ref())).collect()
    };
    let mut changes = folder.mirror().changes();
    let mut kept = tokio::task::spawn_blocking(keep).await.map_err(RagError::from)?;
    while !look_up(&folder, &mut kept) {
        match tokio::time::timeout_at(until, changes.changed()).await {
            Ok(Ok(())) if !state.stopping.is_cancelled() => {}
            _ => break,
        }
    }
    if kept.iter().all(|file| file.state == "failed") {
        return Err(nothing_kept(&kept));
    }
    Ok(answer(&state, &db, kept, &before).await)
}

/// Takes in the form; files go to the disk piece by piece.
async fn receive(state: &AppState, mut form: Multipart) -> Result<Form, ApiError> {
    let mut received = Form::default();
    let mut names = HashSet::new();
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "files" | "files[]" | "file" | "file[]" => {
                if received.files.len() == MAX_FILES {
                    return Err(ApiError::invalid(format!(
                        "the form has more than {MAX_FILES} files: send several requests"
                    )));
                }
                let named = field.file_name().unwrap_or_default().to_owned();
                let checked = check_upload_name(&named).and_then(|name| match names.insert(name.clone()) {
                    true => Ok(name),
                    false => Err(UploadError::Name("has the name of another file of the form".into())),
                });
                received.files.push(receive_file(state, field, named, checked).await?);
            }
            "db" => received.db = Some(text(field).await?),
            "version" => received.version = Some(text(field).await?),
            "metadata" => received.metadata = Some(text(field).await?),
            // Fields of other programs are none of ours.
            _ => while field_piece(&mut field).await?.is_some() {},
        }
    }
    Ok(received)
}

async fn receive_file(
    state: &AppState,
    mut field: Field<'_>,
    name: String,
    checked: Result<String, UploadError>,
) -> Result<Received, ApiError> {
    let (folder, most) = (state.settings.data_dir.clone(), state.settings.limits.max_file_bytes);
    let blocking = |work: Box<dyn FnOnce() -> Result<UploadedFile, UploadError> + Send>| async {
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(std::io::Error::other("interrupted").into()))
    };
    let mut file = match checked {
        Ok(safe) => blocking(Box::new(move || UploadedFile::begin(&folder, most))).await.map(|file| (safe, file)),
        Err(error) => Err(error),
    };
    // What is refused is read all the same: the other files come behind it.
    while let Some(piece) = field_piece(&mut field).await? {
        if let Ok((safe, mut open)) = file {
            let written = blocking(Box::new(move || open.write(&piece).map(|()| open))).await;
            file = written.map(|open| (safe, open));
        }
    }
    Ok(Received { name, file })
}

async fn field_piece(field: &mut Field<'_>) -> Result<Option<axum::body::Bytes>, ApiError> {
    field.chunk().await.map_err(broken)
}

/// A field that is no file.
async fn text(mut field: Field<'_>) -> Result<String, ApiError> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(piece) = field_piece(&mut field).await? {
        if bytes.len() + piece.len() > MAX_FIELD_BYTES {
            return Err(ApiError::invalid(format!("field \"{name}\" must have at most {MAX_FIELD_BYTES} bytes")));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| ApiError::invalid(format!("field \"{name}\" is not UTF-8")))
}

fn keep(
    folder: &UploadFolder,
    received: Received,
    version: Option<&String>,
    metadata: Option<&String>,
) -> UploadedFileBody {
    let Received { name, file } = received;
    let kept = file.and_then(|(safe, file)| folder.keep(&safe, file, version.cloned(), metadata.cloned()));
    match kept {
        Ok(source) => UploadedFileBody { name, source: Some(source), state: "queued".into(), error: None },
        Err(error) => refused(name, Some(error)),
    }
}

fn refused(name: String, error: Option<UploadError>) -> UploadedFileBody {
    UploadedFileBody { name, source: None, state: "failed".into(), error: error.map(|error| error.to_string()) }
}

/// Looks how far the files are; whether there is nothing more to wait for.
fn look_up(folder: &UploadFolder, files: &mut [UploadedFileBody]) -> bool {
    let mut is_done = true;
    for file in files.iter_mut().filter(|file| file.state == "queued") {
        let known = file.source.as_ref().and_then(|source| folder.mirror().file(source));
        match known.map(|known| (known.state, known.record.error)) {
            Some((FileState::Done, _)) => file.state = "done".into(),
            Some((FileState::Failed, error)) => (file.state, file.error) = ("failed".into(), error),
            None => (file.state, file.error) = ("failed".into(), Some("was deleted meanwhile".into())),
            Some(_) => is_done = false,
        }
    }
    is_done
}

/// The documents of these names that are stored, with what tells their states apart and their chunks.
async fn states(state: &AppState, db: &DbName, sources: Vec<String>) -> HashMap<String, DocumentState> {
    let look = state.engine.with_db(db, move |db| {
        let states = sources.into_iter().map(|source| Ok(db.store().document_state(&source)?.map(|is| (source, is))));
        states.filter_map(Result::transpose).collect::<Result<_, RagError>>()
    });
    look.await.unwrap_or_default()
}

async fn answer(
    state: &AppState,
    db: &DbName,
    files: Vec<UploadedFileBody>,
    before: &HashMap<String, DocumentState>,
) -> (StatusCode, Reply<UploadResponse>) {
    let of = |state: &str| files.iter().filter(|file| file.state == state).count();
    let (queued, failed) = (of("queued"), of("failed"));
    let sources: Vec<String> = files.iter().filter(|f| f.state == "done").filter_map(|f| f.source.clone()).collect();
    let mut documents = DocumentCounts { failed, ..DocumentCounts::default() };
    let mut chunks_indexed = 0;
    for (source, is) in states(state, db, sources).await {
        let was = before.get(&source);
        match was {
            None => documents.added += 1,
            Some(was) if was.fingerprint == is.fingerprint => documents.unchanged += 1,
            Some(_) => documents.updated += 1,
        }
        let known: HashSet<&String> = was.iter().flat_map(|was| &was.chunk_keys).collect();
        chunks_indexed += is.chunk_keys.iter().filter(|key| !known.contains(key)).count() as u64;
    }
    let response = UploadResponse {
        status: if queued > 0 { "queued" } else { "ok" }.into(),
        chunks_indexed,
        documents,
        errors: errors(&files),
        db: db.to_string(),
        saved: files.iter().filter_map(|file| file.source.clone()).collect(),
        files,
    };
    (if queued > 0 { StatusCode::ACCEPTED } else { StatusCode::OK }, Reply(response))
}

fn errors(files: &[UploadedFileBody]) -> Vec<FileErrorBody> {
    let failed = files.iter().filter(|file| file.state == "failed");
    failed.map(|f| FileErrorBody { file: f.name.clone(), error: f.error.clone().unwrap_or_default() }).collect()
}

fn nothing_kept(files: &[UploadedFileBody]) -> ApiError {
    let errors = errors(files);
    let first = errors.first().map(|error| format!("{}: {}", error.file, error.error)).unwrap_or_default();
    let more = if errors.len() > 1 { format!(" (and {} more)", errors.len() - 1) } else { String::new() };
    let error = ApiError::from(RagError::NothingIngested(format!("nothing could be ingested: {first}{more}")));
    ApiError { errors: Some(errors), ..error }
}

fn no_form(rejection: MultipartRejection) -> ApiError {
    let message =
        format!("send the files as a form, with Content-Type: multipart/form-data; {}", rejection.body_text());
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
}

fn broken(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let message = "the form is larger than this server takes at once (--max-upload-bytes): send several requests";
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", message);
    }
    if BodyTimeout::caused(&error) {
        return ApiError::slow_body();
    }
    ApiError::invalid(format!("the form could not be read to its end: {}", error.body_text()))
}
