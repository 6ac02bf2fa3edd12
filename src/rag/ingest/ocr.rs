//! Text recognition in scans, by a program of the operator's.
//!
//! The program runs in a folder of its own and is bounded from outside: its time, what it may write, and, where the operating
//! system can, its memory. What it started is ended with it.

use std::{
    fmt, io,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    sync::Semaphore,
};

/// Programs at a time, over all ingestions: such programs use all cores by themselves.
static TURNS: Semaphore = Semaphore::const_new(1);

/// The words of the command that stand for the scan, and for the file that the program writes.
const INPUT: &str = "{input}";
const OUTPUT: &str = "{output}";

/// Most bytes of a file that the program writes, those between included.
#[cfg(target_os = "linux")]
const MAX_WRITTEN: u64 = 4 << 30;

/// Most memory of each process of the program.
#[cfg(target_os = "linux")]
const MAX_MEMORY: u64 = 4 << 30;

/// Most of what the program complains of, of which the end is told.
const MAX_COMPLAINT: u64 = 64 << 10;

/// A program that recognises text in a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrCommand {
    /// Program and arguments; `{input}` stands for the scan, `{output}` for the file to be written.
    words: Vec<String>,
    /// Longest time for one document.
    timeout: Duration,
}

/// Why a text is no such command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OcrCommandError {
    /// A quote has no end.
    #[error("a quote in it has no end")]
    Unquoted,
    /// Nothing says where the scan is.
    #[error(
        "it must have {{input}} where the name of the scan belongs, as in: ocrmypdf --skip-text {{input}} {{output}}"
    )]
    NoInput,
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OcrError {
    /// It could not be started, or its files could not be made.
    Unstarted(String),
    /// It took too long.
    TimedOut(Duration),
    /// It failed; what it complained of last.
    Failed(String),
    /// It wrote nothing, or too much.
    Output(&'static str),
}

impl fmt::Display for OcrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstarted(why) => write!(f, "the OCR program cannot be started: {why} (--ocr-command)"),
            Self::TimedOut(limit) => {
                write!(f, "the OCR program took longer than {} s (--ocr-timeout)", limit.as_secs_f64())
            }
            Self::Failed(why) => write!(f, "the OCR program failed: {why}"),
            Self::Output(what) => write!(f, "the OCR program {what}"),
        }
    }
}

impl OcrCommand {
    /// A command as a shell takes it apart.
    ///
    /// # Errors
    /// [`OcrCommandError`].
    pub fn new(command: &str, timeout: Duration) -> Result<Self, OcrCommandError> {
        let words = shlex::split(command).ok_or(OcrCommandError::Unquoted)?;
        if words.len() < 2 || !words[1..].iter().any(|word| word.contains(INPUT)) {
            return Err(OcrCommandError::NoInput);
        }
        Ok(Self { words, timeout })
    }

    /// What of it decides on the text.
    pub(super) fn identity(&self) -> String {
        self.words.join("\0")
    }

    /// Recognises the text of a PDF: what the program wrote, a PDF again or a text whose pages end with form feeds. Its turn
    /// comes when those before it are done; its own time is bounded.
    pub(super) async fn recognise(&self, scan: &[u8], max_bytes: u64) -> Result<Vec<u8>, OcrError> {
        let _turn = TURNS.acquire().await.map_err(|error| OcrError::Unstarted(error.to_string()))?;
        let failed = |error: io::Error| OcrError::Unstarted(error.to_string());
        let folder = tempfile::tempdir().map_err(failed)?;
        let (input, output) = (folder.path().join("scan.pdf"), folder.path().join("recognised"));
        tokio::fs::write(&input, scan).await.map_err(failed)?;
        let mut running = Running(
            self.command(folder.path(), &input, &output)
                .spawn()
                .map_err(|error| OcrError::Unstarted(format!("{}: {error}", self.words[0])))?,
        );
        running.limit();
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let ended = tokio::time::timeout(self.timeout, async {
            let (said, complaint) =
                tokio::join!(beginning(stdout, max_bytes.saturating_add(1)), beginning(stderr, MAX_COMPLAINT));
            (running.0.wait().await, said, complaint)
        });
        let (status, said, complaint) = ended.await.map_err(|_| OcrError::TimedOut(self.timeout))?;
        let status = status.map_err(failed)?;
        if !status.success() {
            return Err(OcrError::Failed(last_words(&complaint, status)));
        }
        let bytes = if self.writes_file() { written(&output, max_bytes).await? } else { said };
        match bytes.len() as u64 {
            0 => Err(OcrError::Output("wrote nothing")),
            length if length > max_bytes => Err(OcrError::Output("wrote a file that is too large")),
            _ => Ok(bytes),
        }
    }

    fn writes_file(&self) -> bool {
        self.words.iter().any(|word| word.contains(OUTPUT))
    }

    fn command(&self, folder: &Path, input: &Path, output: &Path) -> Command {
        let put =
            |word: &String| word.replace(INPUT, &input.to_string_lossy()).replace(OUTPUT, &output.to_string_lossy());
        let mut command = Command::new(&self.words[0]);
        command.args(self.words[1..].iter().map(put)).current_dir(folder).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

/// A program that runs; it ends with this, and on Unix all that it started.
struct Running(Child);

impl Running {
    /// Bounds memory and files. A process that is over already needs no bounds.
    fn limit(&self) {
        #[cfg(target_os = "linux")]
        if let Some(pid) = self.pid() {
            use rustix::process::{Resource, Rlimit, prlimit};
            for (resource, most) in [(Resource::Data, MAX_MEMORY), (Resource::Fsize, MAX_WRITTEN)] {
                let _ = prlimit(Some(pid), resource, Rlimit { current: Some(most), maximum: Some(most) });
            }
        }
    }

    #[cfg(unix)]
    fn pid(&self) -> Option<rustix::process::Pid> {
        // Once it has been waited for it has none, and the number may be another's.
        self.0.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self.pid() {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

/// The beginning of what a program says. The rest is taken from it, too, so that it does not wait.
async fn beginning(stream: Option<impl AsyncRead + Unpin>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What cannot be read any more is missing in the result.
        let _ = (&mut stream).take(most).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    bytes
}

async fn written(output: &Path, max_bytes: u64) -> Result<Vec<u8>, OcrError> {
    // Some programs add the extension themselves.
    for path in [output.to_owned(), output.with_extension("pdf"), output.with_extension("txt")] {
        let Ok(file) = tokio::fs::File::open(&path).await else { continue };
        if !file.metadata().await.is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let mut bytes = Vec::new();
        let read = file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).await;
        read.map_err(|_| OcrError::Output("wrote a file that cannot be read"))?;
        return Ok(bytes);
    }
    Err(OcrError::Output("wrote nothing to {output}"))
}

/// The last line of a complaint, or how the program ended.
fn last_words(complaint: &[u8], status: ExitStatus) -> String {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map_or_else(|| status.to_string(), |line| crate::util::text::clean(line).trim().to_owned())
}

/// The program, if there is one, shared by the files of an ingestion.
pub type Ocr = Option<Arc<OcrCommand>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_apart_as_a_shell_does() {
        let words = |text| OcrCommand::new(text, Duration::ZERO).map(|command| command.words);
        assert_eq!(
            words("'my ocr' -l deu+eng {input} --out={output}").unwrap(),
            ["my ocr", "-l", "deu+eng", "{input}", "--out={output}"]
        );
        assert_eq!(words("ocr 'x {input}"), Err(OcrCommandError::Unquoted));
        for text in ["", "ocr", "{input}", "ocr {output}"] {
            assert_eq!(words(text), Err(OcrCommandError::NoInput), "{text:?}");
        }
    }

    #[cfg(unix)]
    mod running {
        use super::*;

        async fn run(script: &str, timeout: Duration) -> Result<Vec<u8>, OcrError> {
            let quoted = shlex::try_quote(script).unwrap();
            let command = OcrCommand::new(&format!("sh -c {quoted} - {{input}} {{output}}"), timeout).unwrap();
            command.recognise(b"%PDF-scan", 1_000).await
        }

        const LONG: Duration = Duration::from_secs(60);

        #[tokio::test]
        async fn what_it_writes_is_the_result() {
            assert_eq!(run("tr a-z A-Z < $1 > $2", LONG).await.unwrap(), b"%PDF-SCAN");
            assert_eq!(run("cat $1 > $2.txt; echo said", LONG).await.unwrap(), b"%PDF-scan");
            let command = OcrCommand::new("cat {input}", LONG).unwrap();
            assert_eq!(command.recognise(b"%PDF-scan", 1_000).await.unwrap(), b"%PDF-scan");
        }

        #[tokio::test]
        async fn what_goes_wrong_is_told() {
            let failed = run("echo first >&2; echo '  no such language: \u{1b}[1mxx ' >&2; exit 3", LONG).await;
            assert_eq!(failed, Err(OcrError::Failed("no such language:  [1mxx".to_owned())));
            assert_eq!(run("true", LONG).await, Err(OcrError::Output("wrote nothing to {output}")));
            assert_eq!(
                run("head -c 1001 /dev/zero > $2", LONG).await,
                Err(OcrError::Output("wrote a file that is too large"))
            );
            let missing = OcrCommand::new("no-such-program {input}", LONG).unwrap();
            let error = missing.recognise(b"", 1).await.unwrap_err().to_string();
            assert!(error.contains("no-such-program") && error.contains("--ocr-command"), "{error}");
        }

        #[tokio::test]
        async fn it_ends_with_its_time_and_so_does_what_it_started() {
            let folder = tempfile::tempdir().unwrap();
            let (lock, started) = (folder.path().join("lock"), folder.path().join("started"));
            std::fs::write(&lock, "").unwrap();
            // A grandchild holds the lock for as long as it lives.
            let script = format!(
                "(exec 9<{lock}; flock 9; touch {started}; sleep 1000) & wait",
                lock = lock.display(),
                started = started.display()
            );
            let command = OcrCommand::new(
                &format!("sh -c {} - {{input}}", shlex::try_quote(&script).unwrap()),
                Duration::from_secs(2),
            );
            assert_eq!(
                command.unwrap().recognise(b"%PDF-scan", 1_000).await,
                Err(OcrError::TimedOut(Duration::from_secs(2)))
            );
            assert!(started.exists(), "the program ran");
            let file = std::fs::File::open(&lock).unwrap();
            tokio::task::spawn_blocking(move || file.lock()).await.unwrap().unwrap();
        }
    }
}
