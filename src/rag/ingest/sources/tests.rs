use std::{fs, io::Read, path::Path, time::Duration};

use super::*;

struct Tree {
    _folder: tempfile::TempDir,
    base: PathBuf,
}

/// `base/docs/{a.md,b.txt,c.png,.hidden.md,sub/d.md}` and `base/secret.md`.
fn tree() -> Tree {
    let folder = tempfile::tempdir().unwrap();
    let base = dunce::canonicalize(folder.path()).unwrap();
    fs::create_dir_all(base.join("docs/sub")).unwrap();
    for file in ["docs/a.md", "docs/b.txt", "docs/c.png", "docs/.hidden.md", "docs/sub/d.md", "secret.md"] {
        fs::write(base.join(file), "text").unwrap();
    }
    Tree { _folder: folder, base }
}

fn roots(tree: &Tree) -> DocumentRoots {
    DocumentRoots::new(&tree.base, &["docs".into()]).unwrap()
}

fn names(selection: &Selection) -> Vec<&str> {
    selection.files.iter().map(|file| file.source.as_str()).collect()
}

#[test]
fn a_folder_is_walked_and_what_cannot_be_read_is_counted() {
    let tree = tree();
    let selection = roots(&tree).select(&["docs"]);
    assert_eq!(names(&selection), ["docs/a.md", "docs/b.txt", "docs/sub/d.md"]);
    assert_eq!(selection.skipped, 1);
    assert!(selection.errors.is_empty(), "{:?}", selection.errors);
}

#[test]
fn files_that_programs_leave_are_passed_over() {
    let tree = tree();
    for name in ["~$a.docx", "._a.pdf", ".~lock.b.txt#", "b.txt~", "#b.txt#", ".b.txt.swp", "Thumbs.db", ".DS_Store"] {
        fs::write(tree.base.join("docs").join(name), b"\0\x05not a document").unwrap();
    }
    for path in ["docs", "docs/*", "docs/**/*.*"] {
        let selection = roots(&tree).select(&[path]);
        assert!(names(&selection).starts_with(&["docs/a.md", "docs/b.txt"]), "{path}: {:?}", names(&selection));
        assert_eq!((selection.skipped, selection.errors.len()), (1, 0), "{path}: only c.png is skipped");
    }
    // A shell's `*` names them one by one.
    let named = roots(&tree).select(&["docs/a.md", "docs/~$a.docx"]);
    assert_eq!((names(&named), named.skipped, named.errors.len()), (vec!["docs/a.md"], 1, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_differ_in_bytes_outside_utf8_are_different_documents() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let tree = tree();
    let folder = tree.base.join("docs").join(OsStr::from_bytes(b"b\xFCcher"));
    fs::create_dir_all(&folder).unwrap();
    for name in [b"caf\xE9.md".as_slice(), b"caf\xE8.md"] {
        fs::write(folder.join(OsStr::from_bytes(name)), "text").unwrap();
    }
    let expected = ["docs/b\u{FFFD}FCcher/caf\u{FFFD}E8.md", "docs/b\u{FFFD}FCcher/caf\u{FFFD}E9.md"];
    let selection = DocumentRoots::unrestricted(&tree.base).select(&[folder.as_path(), &folder.join("*.md")]);
    assert_eq!(names(&selection), expected);
    assert!(selection.errors.is_empty(), "{:?}", selection.errors);
    assert_eq!(read(&selection.files[0]).unwrap(), "text");
    let again = roots(&tree).select(&["docs/*/*.md"]);
    assert_eq!(names(&again)[..2], expected, "the same names every time, beside docs/sub/d.md");
}

#[test]
fn a_file_named_twice_is_read_once() {
    let tree = tree();
    assert_eq!(names(&roots(&tree).select(&["docs/a.md", "docs/sub/../a.md"])), ["docs/a.md"]);
}

#[test]
fn globs_match_within_a_folder_and_below() {
    let tree = tree();
    assert_eq!(names(&roots(&tree).select(&["docs/*.md"])), ["docs/a.md"]);
    assert_eq!(names(&roots(&tree).select(&["docs/**/*.md"])), ["docs/a.md", "docs/sub/d.md"]);
    let nothing = roots(&tree).select(&["docs/*.pdf"]);
    assert!(nothing.errors[0].error.contains("matches no file"), "{:?}", nothing.errors);
}

#[test]
fn paths_outside_are_refused_alike_whether_they_exist_or_not() {
    let tree = tree();
    let absolute = tree.base.join("secret.md");
    for path in ["secret.md", "docs/../secret.md", "../nowhere.md", "/etc/passwd", absolute.to_str().unwrap()] {
        let selection = roots(&tree).select(&[path]);
        assert!(selection.files.is_empty(), "{path}");
        assert!(selection.errors[0].error.contains("outside the document roots"), "{path}: {:?}", selection.errors);
    }
}

#[cfg(unix)]
#[test]
fn links_that_leave_the_roots_are_refused_and_those_that_stay_are_not() {
    let tree = tree();
    std::os::unix::fs::symlink(tree.base.join("secret.md"), tree.base.join("docs/leak.md")).unwrap();
    std::os::unix::fs::symlink(tree.base.join("docs/a.md"), tree.base.join("docs/sub/again.md")).unwrap();

    let selection = roots(&tree).select(&["docs"]);
    assert_eq!(names(&selection), ["docs/a.md", "docs/b.txt", "docs/sub/d.md"]);
    assert_eq!(selection.errors.len(), 1);
    assert_eq!(selection.errors[0].file, "docs/leak.md");
    assert!(selection.errors[0].error.contains("leaves the document roots"));

    let named = roots(&tree).select(&["docs/leak.md"]);
    assert!(named.files.is_empty() && named.errors.len() == 1);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_ends() {
    let tree = tree();
    std::os::unix::fs::symlink(tree.base.join("docs"), tree.base.join("docs/sub/up")).unwrap();
    let selection = roots(&tree).select(&["docs"]);
    assert_eq!(selection.files.len(), 3);
    assert_eq!(selection.errors.len(), 1);
}

#[test]
fn missing_and_unsupported_files_are_named() {
    let tree = tree();
    let selection = roots(&tree).select(&["docs/nope.md", "docs/c.png"]);
    assert_eq!(selection.errors.len(), 2);
    assert_eq!(selection.errors[0].error, "no such file or folder");
    assert!(selection.errors[1].error.contains("no supported format"));
}

#[test]
fn a_person_at_a_terminal_may_name_any_path() {
    let tree = tree();
    let selection = DocumentRoots::unrestricted(&tree.base.join("docs")).select(&[tree.base.join("secret.md")]);
    assert_eq!(selection.files.len(), 1);
    assert!(Path::new(&selection.files[0].source).is_absolute());
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let tree = tree();
    let error = DocumentRoots::new(&tree.base, &["nowhere".into()]).unwrap_err();
    assert_eq!(error.file, "nowhere");
}

fn read(file: &SourceFile) -> Result<String, String> {
    let mut text = String::new();
    file.open().map_err(|error| error.to_string())?.read_to_string(&mut text).unwrap();
    Ok(text)
}

/// The file `docs/a.md`, selected, before anything is done to it.
fn selected(roots: &DocumentRoots) -> SourceFile {
    roots.select(&["docs/a.md"]).files.remove(0)
}

#[test]
fn what_is_selected_is_read() {
    let tree = tree();
    assert_eq!(read(&selected(&roots(&tree))).unwrap(), "text");
    let single = DocumentRoots::new(&tree.base, &["docs/a.md".into()]).unwrap();
    assert_eq!(read(&selected(&single)).unwrap(), "text", "a root may be a file");
    assert_eq!(read(&selected(&DocumentRoots::unrestricted(&tree.base))).unwrap(), "text");
}

#[cfg(unix)]
#[test]
fn a_file_that_becomes_a_link_is_not_read() {
    let tree = tree();
    let file = selected(&roots(&tree));
    fs::remove_file(&file.path).unwrap();
    std::os::unix::fs::symlink(tree.base.join("secret.md"), &file.path).unwrap();
    let error = read(&file).unwrap_err();
    assert!(error.contains("was replaced by a link"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_becomes_a_link_is_neither_read_nor_listed() {
    let tree = tree();
    fs::create_dir_all(tree.base.join("outside")).unwrap();
    fs::write(tree.base.join("outside/d.md"), "secret").unwrap();
    let roots = roots(&tree);
    let file = roots.select(&["docs/sub/d.md"]).files.remove(0);
    let folder = file.path.parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(tree.base.join("outside"), &folder).unwrap();
    assert!(read(&file).unwrap_err().contains("was replaced by a link"));
    let listed = roots.access(&folder).unwrap().list_folder(&folder, 10);
    assert!(matches!(listed, Err(OpenError::Replaced)), "{listed:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_behind_a_link_that_leaves_is_told_once_and_nothing_of_it() {
    let tree = tree();
    fs::create_dir_all(tree.base.join("outside/deep")).unwrap();
    for name in ["outside/one-name.md", "outside/deep/other-name.md"] {
        fs::write(tree.base.join(name), "x").unwrap();
    }
    std::os::unix::fs::symlink(tree.base.join("outside"), tree.base.join("docs/out")).unwrap();
    for path in ["docs", "docs/**/*.md"] {
        let selection = roots(&tree).select(&[path]);
        assert_eq!(names(&selection).len(), if path == "docs" { 3 } else { 2 });
        assert_eq!(selection.errors.len(), 1, "{:?}", selection.errors);
        assert_eq!(selection.errors[0].file, "docs/out");
        assert!(selection.errors[0].error.contains("leaves the document roots"));
        assert!(!format!("{selection:?}").contains("name.md"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_tells_nothing_of_what_is_there_outside() {
    let tree = tree();
    std::os::unix::fs::symlink(&tree.base, tree.base.join("docs/out")).unwrap();
    let error = |path: &str| roots(&tree).select(&[path]).errors.remove(0).error;
    assert_eq!(error("docs/out/secret.md"), error("docs/out/nothing.md"));
    assert_eq!(error("docs/out/*.md"), error("docs/out/nowhere/*.md"));
}

#[cfg(unix)]
#[test]
fn folders_behind_links_that_stay_are_walked() {
    let tree = tree();
    std::os::unix::fs::symlink(tree.base.join("docs/sub"), tree.base.join("docs/again")).unwrap();
    let all = roots(&tree).select(&["docs"]);
    assert_eq!(names(&all), ["docs/a.md", "docs/sub/d.md", "docs/b.txt"], "each once, by its own name");
    assert!(all.errors.is_empty(), "{:?}", all.errors);
    assert_eq!(names(&roots(&tree).select(&["docs/again/*.md"])), ["docs/sub/d.md"]);
}

#[cfg(unix)]
#[test]
fn hard_links_are_read_for_a_person_but_not_for_a_request() {
    let tree = tree();
    fs::hard_link(tree.base.join("secret.md"), tree.base.join("docs/hard.md")).unwrap();
    let error = read(&roots(&tree).select(&["docs/hard.md"]).files[0]).unwrap_err();
    assert!(error.contains("several hard links"), "{error}");
    let person = DocumentRoots::unrestricted(&tree.base).select(&["docs/hard.md"]);
    assert_eq!(read(&person.files[0]).unwrap(), "text");
}

#[cfg(unix)]
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[cfg(unix)]
#[test]
fn pipes_are_told_and_never_waited_for() {
    let tree = tree();
    make_pipe(&tree.base.join("docs/pipe.md"));
    for roots in [roots(&tree), DocumentRoots::unrestricted(&tree.base)] {
        for path in ["docs/pipe.md", "docs"] {
            let selection = roots.select(&[path]);
            assert_eq!(selection.errors.len(), 1, "{path}: {:?}", selection.errors);
            assert!(selection.errors[0].error.contains("not a regular file"), "{:?}", selection.errors);
        }
        // And where the file became one after it was found.
        let file = selected(&roots);
        fs::remove_file(&file.path).unwrap();
        make_pipe(&file.path);
        assert!(read(&file).unwrap_err().contains("not a regular file"));
        fs::remove_file(&file.path).unwrap();
        fs::write(&file.path, "text").unwrap();
    }
}

#[test]
fn a_walk_ends_at_its_bounds_and_says_so() {
    let tree = tree();
    let all = SelectLimits { entries: 100, files: 100, depth: 10, time: Duration::from_secs(60) };
    for (limits, files, says) in [
        (SelectLimits { entries: 2, ..all }, 0, "more than 2 files and folders"),
        (SelectLimits { files: 2, ..all }, 2, "more than 2 files were found"),
        (SelectLimits { depth: 0, ..all }, 2, "more than 0 folders deep"),
        (SelectLimits { time: Duration::ZERO, ..all }, 0, "more than 0 s"),
    ] {
        let selection = roots(&tree).with_limits(limits).select(&["docs"]);
        assert_eq!(selection.files.len(), files, "{says}");
        assert_eq!(selection.errors.len(), 1, "{:?}", selection.errors);
        assert!(selection.errors[0].error.contains(says), "{:?}", selection.errors);
    }
    let two = roots(&tree).with_limits(SelectLimits { files: 1, ..all }).select(&["docs", "docs/sub"]);
    assert_eq!((two.files.len(), two.errors.len()), (1, 2), "what is not looked at is told, path by path");
}

#[test]
fn a_large_folder_is_selected_whole() {
    let tree = tree();
    for folder in 0..20 {
        let folder = tree.base.join(format!("docs/many/{folder}"));
        fs::create_dir_all(&folder).unwrap();
        (0..250).for_each(|n| fs::write(folder.join(format!("{n}.md")), "x").unwrap());
    }
    let selection = roots(&tree).select(&["docs/many"]);
    assert_eq!((selection.files.len(), selection.errors.len()), (5_000, 0));
}

#[test]
fn errors_are_listed_up_to_a_bound_and_counted_beyond() {
    let tree = tree();
    let paths: Vec<String> = (0..MAX_LISTED_ERRORS + 7).map(|n| format!("docs/no{n}.md")).collect();
    let selection = roots(&tree).select(&paths);
    assert_eq!((selection.errors.len(), selection.unlisted_errors), (MAX_LISTED_ERRORS, 7));
}

#[test]
fn globs_that_cost_too_much_are_refused_one_by_one() {
    let tree = tree();
    let nested = format!("docs/{}b{}", "{a,".repeat(13_100), "}".repeat(13_100));
    let selection = roots(&tree).select(&[nested.as_str(), "docs/a.md", "docs/\0.md"]);
    assert_eq!(names(&selection), ["docs/a.md"]);
    assert!(selection.errors[0].error.contains("at most 4096"), "{}", selection.errors[0].error);
    assert!(selection.errors[1].error.contains("NUL"), "{}", selection.errors[1].error);
    let known = roots(&tree).select(&["docs/a.md", "docs/*.md"]);
    assert!(known.errors.is_empty(), "a glob whose files are known already matches: {:?}", known.errors);
}
