//! Files that are uploaded: kept, read, replaced and removed again.

use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually};

const BOUNDARY: &str = "-----boundary-of-the-form";

/// A form as browsers send it.
#[derive(Default)]
struct Form(Vec<u8>);

/// A file of a form: its name and its content.
fn file(name: &str, text: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), text.into())
}

impl Form {
    fn new() -> Self {
        Self::default()
    }

    fn field(mut self, disposition: &str, content: &[u8]) -> Self {
        self.0.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").bytes());
        self.0.extend(content);
        self.0.extend(b"\r\n");
        self
    }

    fn part(self, field: &str, (name, content): (String, Vec<u8>)) -> Self {
        self.field(&format!("name=\"{field}\"; filename=\"{name}\""), &content)
    }

    fn text(self, field: &str, value: impl AsRef<str>) -> Self {
        self.field(&format!("name=\"{field}\""), value.as_ref().as_bytes())
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend(format!("--{BOUNDARY}--\r\n").bytes());
        self.0
    }
}

async fn upload(server: &Server, form: Form) -> (StatusCode, Value) {
    let request = server.client().post(format!("{}/api/upload", server.url));
    let request = request.header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
    let response = request.body(form.end()).send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

async fn sources(server: &Server) -> Vec<String> {
    let (_, body) = server.get("/api/docs").await;
    body["docs"].as_array().unwrap().iter().map(|doc| doc["source"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn uploaded_files_are_kept_read_replaced_and_removed() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let form = Form::new()
        .part("files[]", file("tides.md", "# Tides\n\nThe ebb turns the mill.\n"))
        .text("version", "spring")
        .part("files", file("empty.md", ""))
        .part("file", file("../escape.md", "# Escape\n\nOut of here.\n"))
        .text("metadata", r#"{"team": "harbour"}"#)
        .text("unknown", "is passed over");
    let (status, body) = upload(&server, form).await;
    assert_eq!(status, StatusCode::OK, "{body:#}");
    assert_eq!((&body["status"], &body["saved"]), (&json!("ok"), &json!(["uploads/tides.md", "uploads/empty.md"])));
    assert_eq!((&body["documents"]["added"], &body["documents"]["failed"]), (&json!(1), &json!(2)));
    let states: Vec<&Value> = body["files"].as_array().unwrap().iter().map(|file| &file["state"]).collect();
    assert_eq!(states, ["done", "failed", "failed"]);
    assert!(body["chunks_indexed"].as_u64() > Some(0) && body["errors"].as_array().unwrap().len() == 2, "{body:#}");
    let kept = workplace.path("data/kb/default/files/tides.md");
    assert!(kept.is_file() && !workplace.path("data/kb/default/escape.md").exists());
    let answer = server.ask("What turns the mill?").await;
    assert_eq!(answer["citations"][0]["source"], "uploads/tides.md", "{answer:#}");
    assert_eq!(answer["metadatas"][0]["version"], "spring");

    let again = Form::new().part("files", file("tides.md", "# Tides\n\nThe flood fills the basin.\n"));
    let (_, body) = upload(&server, again).await;
    assert_eq!(body["documents"]["updated"], 1, "{body:#}");
    assert!(server.ask("What fills the basin?").await["answer"].as_str().unwrap().contains("flood"));
    assert!(!server.ask("What turns the mill?").await["answer"].as_str().unwrap().contains("ebb"));

    let (status, _) = server
        .json(Method::DELETE, "/api/docs", Some(&json!({ "sources": ["uploads/tides.md", "uploads/empty.md"] })))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert!(!kept.exists() && sources(&server).await.is_empty());
    drop(server);
    let server = workplace.serve(&[]);
    assert!(sources(&server).await.is_empty(), "they do not come back");
    assert_eq!(server.get("/health").await.1["status"], "healthy");
}

#[tokio::test]
async fn what_was_uploaded_and_not_read_is_read_by_the_next_server() {
    let workplace = Workplace::new();
    // The embedder is away: nothing can be read.
    let away = [
        "--embedder",
        "ollama",
        "--ollama-url",
        crate::support::nowhere(),
        "--request-timeout",
        "1",
        "--provider",
        "embedded",
    ];
    let server = workplace.serve_with(&away, &[]);
    let form =
        Form::new().part("files", file("tides.md", "# Tides\n\nThe ebb turns the mill.\n")).text("version", "v7");
    let (status, body) = upload(&server, form).await;
    assert!(status == StatusCode::ACCEPTED || status == StatusCode::UNPROCESSABLE_ENTITY, "{body:#}");
    eventually("it is tried again", async || server.get("/api/sync?state=failed").await.1["total"] == 1).await;
    let (_, body) = server.get("/api/sync").await;
    assert!(body["files"][0]["next_try"].is_string(), "{body:#}");
    drop(server);
    let server = workplace.serve(&[]);
    eventually("the next one reads it", async || sources(&server).await == ["uploads/tides.md"]).await;
    eventually("it is found, with its label", async || {
        server.ask("What turns the mill?").await["metadatas"][0]["version"] == "v7"
    })
    .await;
}

#[tokio::test]
async fn forms_that_cannot_be_used_are_refused() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--max-upload-bytes", "4096"]);
    let good = || Form::new().part("files", file("a.md", "# A\n\nText.\n"));
    for (form, status) in [
        (Form::new().text("db", "x"), StatusCode::BAD_REQUEST),
        (good().text("db", "../x"), StatusCode::BAD_REQUEST),
        (good().text("version", "v".repeat(65)), StatusCode::BAD_REQUEST),
        (good().text("metadata", "[1]"), StatusCode::BAD_REQUEST),
        (good().text("metadata", "{"), StatusCode::BAD_REQUEST),
        (Form::new().part("files", file("a.exe", "MZ")), StatusCode::UNPROCESSABLE_ENTITY),
        (Form::new().part("files", file("con.md", "# A\n")), StatusCode::UNPROCESSABLE_ENTITY),
        (Form::new().part("files", file("big.md", "x".repeat(8192))), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let (got, body) = upload(&server, form).await;
        assert_eq!(got, status, "{body:#}");
        assert!(body["message"].is_string() && body["request_id"].is_string());
    }
    let (status, _) = server.post("/api/upload", json!({})).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let twice = good().part("files", file("a.md", "# B\n\nOther.\n")).text("db", "fresh");
    let (status, body) = upload(&server, twice).await;
    assert_eq!((status, &body["db"], &body["saved"]), (StatusCode::OK, &json!("fresh"), &json!(["uploads/a.md"])));
    assert_eq!(server.json(Method::DELETE, "/api/dbs/fresh", None).await.0, StatusCode::OK);
    assert!(!workplace.path("data/kb/fresh").exists(), "the files go with the DB");
}
