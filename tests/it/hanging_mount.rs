//! A mirrored folder on a file system that stops answering, as a network drive does whose server is gone.
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Workplace, eventually, skipped};

/// A folder that a program of its own shows at another place: stopped, every call to that place hangs.
struct Mount {
    program: Child,
    place: PathBuf,
}

impl Mount {
    /// `None` where such a file system cannot be mounted.
    fn of(folder: &Path, place: &Path) -> Option<Self> {
        let mut command = Command::new("bindfs");
        let program = command.arg("-f").arg(folder).arg(place).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut mount = Self { program: program.ok()?, place: place.to_owned() };
        let started = Instant::now();
        while !place.join("here").exists() {
            if mount.program.try_wait().ok()?.is_some() || started.elapsed() > Duration::from_secs(20) {
                return None;
            }
            std::thread::yield_now();
        }
        Some(mount)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.program.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} reaches the file system");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // What still waits for it gets an error.
        let _ = self.program.kill();
        let _ = Command::new("umount").arg("-l").arg(&self.place).stderr(Stdio::null()).status();
        let _ = self.program.wait();
    }
}

#[tokio::test]
async fn a_mount_that_hangs_takes_nothing_from_the_questions_and_is_followed_again() {
    let workplace = Workplace { folder: tempfile::tempdir().unwrap() };
    workplace.write("drive/here", "");
    workplace.write("drive/rates.md", "# Rates\n\nA berth costs 40 florins a night.\n");
    fs::create_dir(workplace.path("mounted")).unwrap();
    let Some(mount) = Mount::of(&workplace.path("drive"), &workplace.path("mounted")) else {
        return skipped("bindfs is not installed, or nothing may be mounted here");
    };
    let server = workplace.serve(&["--docs", "mounted", "--watch", "--rescan", "1s"]);
    let berth = async |words: &str| {
        let (status, answer) =
            server.post("/query", json!({ "query": "What does a berth cost?", "cache": false })).await;
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        answer["answer"].as_str().unwrap().contains(words)
    };
    assert!(berth("40 florins").await);

    mount.signal("STOP");
    workplace.write("drive/rates.md", "# Rates\n\nA berth costs 55 florins a night.\n");
    workplace.write("drive/new.md", "# Cranes\n\nThe crane lifts nine tons.\n");
    // A comparison is under way, and does not come back.
    let (status, _) = server.post("/api/sync", json!({})).await;
    assert!(status.is_success());
    let hung = Instant::now();
    while hung.elapsed() < Duration::from_secs(3) {
        assert!(berth("40 florins").await, "its documents stay as they are");
        let (status, folders) = server.get("/api/sync").await;
        assert_eq!(status, StatusCode::OK, "{folders:#}");
        let (status, _) = server.get("/health").await;
        assert_eq!(status, StatusCode::OK);
    }

    mount.signal("CONT");
    eventually("what happened meanwhile is seen", async || berth("55 florins").await).await;
    eventually("new files, too", async || {
        let (_, docs) = server.get("/api/docs").await;
        docs["total"] == 2
    })
    .await;

    // Gone with the program that shows it: an error instead of files. Nothing is deleted.
    drop(mount);
    eventually("it is said that the folder is not as it was", async || {
        let (_, folders) = server.get("/api/sync").await;
        folders["folders"][0]["state"] != "watching"
    })
    .await;
    assert!(berth("55 florins").await);
}
