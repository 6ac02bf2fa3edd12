//! A server in a temporary folder, on a free port, and how to talk to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{LazyLock, mpsc},
    time::{Duration, Instant},
};

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with nothing of this machine's environment that could change what it does.
pub fn ragctl(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragctl"));
    command.current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    // What Windows programs cannot start without.
    for name in ["PATH", "SYSTEMROOT", "TEMP", "TMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A folder with documents, for servers and commands to work in.
pub struct Workplace {
    pub folder: TempDir,
}

impl Workplace {
    /// With `docs/` as the sample documents are.
    pub fn new() -> Self {
        let workplace = Self { folder: tempfile::tempdir().unwrap() };
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/docs");
        std::fs::create_dir(workplace.path("docs")).unwrap();
        for entry in std::fs::read_dir(samples).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), workplace.path("docs").join(entry.file_name())).unwrap();
        }
        workplace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        ragctl(self.folder.path()).args(args).output().unwrap()
    }

    /// Starts a server with the embedded provider.
    pub fn serve(&self, args: &[&str]) -> Server {
        let embedded = ["--provider", "embedded"];
        self.serve_with(&[&embedded, args].concat(), &[])
    }

    /// Starts a server.
    pub fn serve_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = ragctl(self.folder.path());
        command.args(["serve", "--port", "0"]).args(args).envs(environment.iter().copied());
        Server::start(command)
    }
}

#[cfg(unix)]
impl Workplace {
    /// Starts a server that may have so many files open, and no more.
    pub fn serve_below(&self, files: &str) -> Server {
        let mut command = Command::new("sh");
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command.args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh", files, env!("CARGO_BIN_EXE_ragctl")]);
        command.args(["serve", "--port", "0", "--provider", "embedded"]);
        Server::start(command)
    }
}

/// The URL of a port on which nobody listens. The port stays taken: no other test can get it.
pub fn nowhere() -> &'static str {
    static RESERVED: LazyLock<(TcpSocket, String)> = LazyLock::new(|| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        (socket, url)
    });
    &RESERVED.1
}

/// A running server; dropping it kills it.
pub struct Server {
    pub child: Child,
    pub url: String,
    /// What it said until it listened.
    pub start_lines: Vec<String>,
    client: Client,
}

impl Server {
    #[expect(clippy::zombie_processes, reason = "dropping the server waits; without one the test is over")]
    pub fn start(mut command: Command) -> Self {
        // Whatever the tests themselves run in, a server has no terminal.
        command.stdin(Stdio::null());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (lines, said) = mpsc::channel();
        // Read to the end, or the pipe fills up and the server stops.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = lines.send(line);
            }
        });
        let mut start_lines = Vec::new();
        loop {
            let line = said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no server: {start_lines:#?}"));
            if let Some(url) = line.strip_prefix("listening on ") {
                let url = url.to_owned();
                ragctl::providers::install_tls();
                let client = Client::builder().timeout(PATIENCE).build().unwrap();
                return Self { child, url, start_lines, client };
            }
            start_lines.push(line);
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.json(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.json(Method::POST, path, Some(&body)).await
    }

    pub async fn json(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let response = self.send(method, path, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: no JSON: {text}")))
    }

    pub async fn text(&self, path: &str) -> String {
        self.send(Method::GET, path, None).await.text().await.unwrap()
    }

    /// A client for requests that are not as they should be.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The answer to a question, which must be a good one.
    pub async fn ask(&self, question: &str) -> Value {
        let (status, answer) = self.post("/query", serde_json::json!({ "query": question })).await;
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        answer
    }

    /// Asks to stop and waits for the end.
    #[cfg(unix)]
    pub fn terminate(mut self) -> ExitStatus {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        end_of(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

/// Waits until something is so, blocking.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for a program's end; one that goes on too long is killed, and fails the test.
pub fn end_of(child: &mut Child) -> ExitStatus {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it never ended");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Says that a test did nothing, where everybody sees it: what a passing test prints is not shown.
pub fn skipped(reason: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    drop(writeln!(std::io::stderr(), "SKIPPED {name}: {reason}"));
}

/// Everything a command wrote to a stream.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut bytes = bytes;
    bytes.read_to_string(&mut text).unwrap();
    text.replace("\r\n", "\n")
}
