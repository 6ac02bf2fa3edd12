//! The machine against a folder that is a map: whatever happens, documents end as files are, and no deletion comes that
//! nobody may want.

use std::{path::PathBuf, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::rag::ingest::{DocumentRoots, Renamed};

const START: UnixMillis = UnixMillis(1_000_000);

fn here(id: &str) -> RootSight {
    RootSight::Here(Some(id.into()))
}

/// A folder, and documents that are written as the machine says.
struct Simulation {
    machine: Machine,
    /// Content by name; the number tells states of the same size apart.
    folder: BTreeMap<String, (String, i64)>,
    documents: BTreeMap<String, String>,
    now: UnixMillis,
    /// Files that cannot be read.
    broken: HashSet<String>,
    reads: usize,
    renames: usize,
}

impl Simulation {
    fn new(allow_mass_delete: bool) -> Self {
        let machine = Machine::new(Vec::new(), None, allow_mass_delete, false, START);
        let (folder, documents) = (BTreeMap::new(), BTreeMap::new());
        Self { machine, folder, documents, now: START, broken: HashSet::new(), reads: 0, renames: 0 }
    }

    fn with(names: impl IntoIterator<Item = String>) -> Self {
        let mut this = Self::new(false);
        for name in names {
            let content = format!("content of {name}");
            this.write(&name, &content);
        }
        this.sync();
        this
    }

    fn write(&mut self, name: &str, content: &str) {
        self.now = self.now + Duration::from_millis(1);
        // Long ago, so that times are settled.
        self.folder.insert(name.into(), (content.into(), self.now.0));
    }

    fn file(name: &str) -> SourceFile {
        DocumentRoots::source_for_tests(PathBuf::from("/root").join(name), name)
    }

    fn version(content: &str, at: i64) -> FileVersion {
        FileVersion { size: content.len() as u64, modified: (at - 1_000_000_000) * 1_000_000 }
    }

    fn look(&mut self) {
        let files = self.folder.iter().map(|(name, (content, at))| (Self::file(name), Self::version(content, *at)));
        let look = Look::at(Scope::All, files.collect());
        self.machine.on_look(look, self.now, self.now);
    }

    /// Does what is to be done now.
    fn work(&mut self) {
        for file in self.machine.take_hashes(false) {
            let hashed =
                self.folder.get(&file.source).map(|(content, at)| (content.clone(), Some(Self::version(content, *at))));
            self.machine.on_hashed(&file.source, hashed);
        }
        for (from, to, version) in self.machine.take_renames() {
            let content = self.documents.remove(&from);
            let done = content.is_some() && !self.documents.contains_key(&to);
            if let Some(content) = content {
                self.documents.insert(if done { to.clone() } else { from.clone() }, content);
            }
            self.renames += usize::from(done);
            let renamed = if done { Renamed::Done } else { Renamed::Taken };
            self.machine.on_renamed((&from, &to), version, renamed, self.now);
        }
        let removals = self.machine.take_removals(self.now);
        for source in &removals {
            self.documents.remove(source);
        }
        self.machine.on_removed(&removals, true, self.now);
        for newest in [false, true] {
            for reading in self.machine.take_reads(3, newest, self.now) {
                let source = reading.file.source;
                self.reads += 1;
                let outcome = match self.folder.get(&source) {
                    Some((content, at)) if !self.broken.contains(&source) => {
                        self.documents.insert(source.clone(), content.clone());
                        ReadOutcome::Stored { content: content.clone(), version: Some(Self::version(content, *at)) }
                    }
                    _ => ReadOutcome::Failed { error: "broken".into(), worth_a_retry: false },
                };
                self.machine.on_read(&source, outcome, self.now);
            }
        }
        self.machine.take_unsaved();
    }

    /// Looks, and works until there is nothing more to be done for some seconds.
    fn sync(&mut self) {
        self.machine.on_root(here("root"), self.now);
        self.look();
        for _ in 0..60 {
            self.work();
            self.now = self.now + Duration::from_millis(100);
        }
    }

    fn is_mirrored(&self) -> bool {
        self.documents.iter().eq(self.folder.iter().map(|(name, (content, _))| (name, content)).collect::<Vec<_>>())
    }
}

fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("docs/{n:03}.md"))
}

#[test]
fn new_changed_and_deleted_files_are_followed() {
    let mut it = Simulation::with(names(4));
    assert!(it.is_mirrored() && it.machine.is_settled());
    assert_eq!(it.machine.counts(), FileCounts { done: 4, ..FileCounts::default() });
    it.write("docs/001.md", "another");
    it.folder.remove("docs/002.md");
    let reads = it.reads;
    it.sync();
    assert!(it.is_mirrored());
    assert_eq!(it.reads, reads + 1, "only what changed is read");
}

#[test]
fn a_renamed_file_is_not_read_again() {
    let mut it = Simulation::with(names(10));
    let reads = it.reads;
    // All of them: a folder was renamed. It is no mass deletion.
    it.folder = it.folder.iter().map(|(name, file)| (name.replace("docs/", "docs/new/"), file.clone())).collect();
    it.sync();
    assert!(it.is_mirrored() && it.machine.held().is_none());
    assert_eq!((it.renames, it.reads), (10, reads));
    // One that gets another extension is read in another way.
    let file = it.folder.remove("docs/new/003.md").unwrap();
    it.folder.insert("docs/new/003.txt".into(), file);
    it.sync();
    assert!(it.is_mirrored());
    assert_eq!((it.renames, it.reads), (10, reads + 1));
}

#[test]
fn most_of_a_folder_is_deleted_only_when_that_is_confirmed() {
    let mut it = Simulation::with(names(20));
    it.folder.retain(|name, _| name.as_str() < "docs/008.md");
    it.sync();
    assert_eq!((it.documents.len(), it.machine.held().map(|held| held.documents)), (20, Some(12)));
    assert!(it.machine.is_settled(), "there is nothing more to wait for");
    // What comes back is not deleted, and the rest is not most of it.
    for n in 8..16 {
        it.write(&format!("docs/{n:03}.md"), &format!("content of docs/{n:03}.md"));
    }
    it.sync();
    assert!(it.is_mirrored() && it.machine.held().is_none());
    it.folder.clear();
    it.sync();
    assert_eq!(it.documents.len(), 16);
    assert_eq!(it.machine.on_confirmed(), 16);
    it.sync();
    assert!(it.is_mirrored());
}

#[test]
fn nothing_is_deleted_while_the_folder_is_another_or_none() {
    for sight in [RootSight::Gone("no".into()), RootSight::Unreachable("no".into()), here("other")] {
        let mut it = Simulation::with(names(3));
        it.folder.clear();
        it.machine.on_root(sight.clone(), it.now);
        if let RootSight::Here(_) = sight {
            it.look();
        }
        for _ in 0..100 {
            it.work();
            it.now = it.now + Duration::from_millis(100);
        }
        assert_eq!(it.documents.len(), 3, "{sight:?}");
        let is_known = !matches!(sight, RootSight::Unreachable(_));
        assert_eq!(it.machine.held().is_some(), is_known, "{sight:?}");
        it.machine.on_confirmed();
        it.work();
        assert_eq!(
            it.documents.is_empty(),
            is_known,
            "{sight:?}: of what nobody knows nothing is deleted, confirmed or not"
        );
    }
}

#[test]
fn another_folder_with_all_files_is_as_good_as_the_one_before() {
    let mut it = Simulation::with(names(3));
    it.machine.on_root(here("other"), it.now);
    assert_eq!(*it.machine.root(), RootState::Replaced("other".into()));
    it.look();
    assert_eq!(*it.machine.root(), RootState::Here);
    it.folder.remove("docs/000.md");
    it.now = it.now + Duration::from_millis(1);
    it.machine.on_root(here("other"), it.now);
    it.look();
    for _ in 0..20 {
        it.work();
        it.now = it.now + Duration::from_millis(100);
    }
    assert!(it.is_mirrored());
}

#[test]
fn failures_are_tried_again_but_not_for_ever() {
    let mut it = Simulation::with(names(2));
    it.broken.insert("docs/000.md".into());
    it.write("docs/000.md", "cannot be read");
    it.sync();
    let (state, record) = it.machine.state("docs/000.md").unwrap();
    assert_eq!((state, record.attempts, record.error.as_deref()), (FileState::Failed, 2, Some("broken")));
    assert_eq!(it.documents["docs/000.md"], "content of docs/000.md", "it may have been a bad moment");
    for _ in 0..1_000 {
        it.now = it.now + Duration::from_secs(1);
        it.work();
    }
    let (_, record) = it.machine.state("docs/000.md").unwrap();
    assert_eq!((record.attempts, record.next_try), (4, None));
    assert!(!it.documents.contains_key("docs/000.md"), "no answer is made from what is gone");
    // A look finds it as it was; asked for, or changed, it is tried again.
    let reads = it.reads;
    it.sync();
    assert_eq!(it.reads, reads);
    it.machine.on_retry(it.now);
    it.sync();
    assert_eq!(it.reads, reads + 1);
    it.broken.clear();
    it.write("docs/000.md", "good again");
    it.sync();
    assert!(it.is_mirrored());
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    let mut it = Simulation::new(false);
    it.write("docs/a.md", "one");
    it.machine.on_root(here("root"), it.now);
    it.look();
    let reading = it.machine.take_reads(1, false, it.now).remove(0);
    assert_eq!(it.machine.take_reads(1, false, it.now).len(), 0, "once at a time");
    it.write("docs/a.md", "two");
    it.look();
    it.documents.insert("docs/a.md".into(), "one".into());
    let outcome = ReadOutcome::Stored { content: "one".into(), version: Some(FileVersion { size: 3, modified: 0 }) };
    it.machine.on_read(&reading.file.source, outcome, it.now);
    assert_eq!(it.machine.state("docs/a.md").unwrap().0, FileState::Queued);
    it.sync();
    assert!(it.is_mirrored());
}

#[test]
fn an_older_look_says_nothing_against_a_newer_one() {
    let mut it = Simulation::with(names(1));
    let began = it.now;
    it.now = it.now + Duration::from_millis(10);
    it.write("docs/new.md", "new");
    it.look();
    // The comparison had passed by before the file was there.
    let old =
        Look::at(Scope::All, vec![(Simulation::file("docs/000.md"), Simulation::version("content of docs/000.md", 0))]);
    it.machine.on_look(old, began, it.now);
    for _ in 0..20 {
        it.work();
        it.now = it.now + Duration::from_millis(100);
    }
    assert!(it.documents.contains_key("docs/new.md"));
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut it = Simulation::with(names(3));
    it.write("docs/001.md", "changed");
    it.machine.on_root(here("root"), it.now);
    it.look();
    let (unsaved, _) = it.machine.take_unsaved();
    assert_eq!((unsaved.len(), unsaved[0].stage), (1, FileStage::Queued));
    let records: Vec<FileRecord> = it.machine.states().map(|(_, record)| record.clone()).collect();
    let reads = it.reads;
    it.machine = Machine::new(records.clone(), Some("root".into()), false, false, it.now);
    it.folder.remove("docs/002.md");
    it.sync();
    assert!(it.is_mirrored());
    assert_eq!(it.reads, reads + 1);
    it.machine = Machine::new(records, Some("root".into()), false, true, it.now);
    it.sync();
    assert_eq!(it.reads, reads + 3, "read in another way, all of them are read");
}

#[derive(Debug, Clone)]
enum Act {
    Write(u8, u8),
    Delete(u8),
    Rename(u8, u8),
    Break(u8),
    Mend,
    RootGone,
    RootBack,
    Work(u8),
    Look,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u8..12, 0u8..6).prop_map(|(name, content)| Act::Write(name, content)),
        2 => (0u8..12).prop_map(Act::Delete),
        3 => (0u8..12, 0u8..12).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => (0u8..12).prop_map(Act::Break),
        1 => Just(Act::Mend),
        1 => Just(Act::RootGone),
        1 => Just(Act::RootBack),
        4 => (1u8..30).prop_map(Act::Work),
        3 => Just(Act::Look),
    ]
}

proptest! {
    #[test]
    fn documents_end_as_files_are(acts in prop::collection::vec(act(), 1..60), allow in any::<bool>()) {
        let mut it = Simulation::new(allow);
        let name = |n: u8| format!("docs/{n:02}.md");
        let mut is_here = true;
        it.machine.on_root(here("root"), it.now);
        for act in acts {
            match act {
                Act::Write(n, content) => it.write(&name(n), &"x".repeat(usize::from(content) / 2 + 1).replace('x', &content.to_string())),
                Act::Delete(n) => drop(it.folder.remove(&name(n))),
                Act::Rename(from, to) => if let Some(file) = it.folder.remove(&name(from)) {
                    it.folder.insert(name(to), file);
                },
                Act::Break(n) => drop(it.broken.insert(name(n))),
                Act::Mend => it.broken.clear(),
                Act::RootGone => {
                    is_here = false;
                    it.machine.on_root(RootSight::Gone("gone".into()), it.now);
                }
                Act::RootBack => {
                    is_here = true;
                    it.machine.on_root(here("root"), it.now);
                    it.look();
                }
                Act::Work(times) => for _ in 0..times {
                    let before = it.documents.len();
                    it.work();
                    it.now = it.now + Duration::from_millis(100);
                    prop_assert!(is_here || allow || it.documents.len() >= before, "deleted without a folder");
                },
                Act::Look => if is_here { it.look() },
            }
        }
        it.broken.clear();
        it.machine.on_root(here("root"), it.now);
        it.machine.on_retry(it.now);
        it.sync();
        it.machine.on_confirmed();
        it.machine.on_retry(it.now);
        it.sync();
        prop_assert!(it.is_mirrored(), "{:?} of {:?}: {:#?}", it.documents, it.folder, it.machine);
        prop_assert!(it.machine.is_settled());
    }
}
