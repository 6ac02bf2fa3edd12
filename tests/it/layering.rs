//! Imports run one way. The table is the one in the crate's front page.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Rooms from the top down; a room may use rooms below its own line, never beside or above it.
const LAYERS: [&[&str]; 13] = [
    &["main"],
    &["cli", "commands"],
    &["cache_tools"],
    &["client"],
    &["server", "bench", "monitor", "mock"],
    &["api"],
    &["rag"],
    &["cache", "index", "store", "providers"],
    &["observe"],
    &["resilience"],
    &["wire", "telemetry"],
    &["domain"],
    &["util"],
];

/// What the rule alone does not say: commands use the command line's types.
const ALLOWED: [(&str, &str); 1] = [("commands", "cli")];

/// Rooms that see a server from outside, and what is inside of it: they know it over HTTP only.
const OUTSIDE: [&str; 4] = ["bench", "monitor", "observe", "mock"];
const INSIDE: [&str; 7] = ["server", "api", "rag", "cache", "index", "store", "providers"];

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a file names with `crate::room`, outside comments.
fn used(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            // `use crate::{a::…, b::…}`: the names at the first level of braces.
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut name)),
                    c if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            rooms.push(name);
        } else {
            rooms.push(rest.to_owned());
        }
    }
    let first_word =
        |text: String| -> String { text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    rooms.into_iter().map(first_word).filter(|room| layer(room).is_some()).collect()
}

#[test]
fn imports_run_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let mut broken = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let Some(own) = layer(&room) else { continue };
        for used in used(&fs::read_to_string(&file).unwrap()) {
            let allowed = used == room
                || !(OUTSIDE.contains(&room.as_str()) && INSIDE.contains(&used.as_str()))
                    && layer(&used).is_some_and(|used| used > own)
                || ALLOWED.contains(&(&room, &used));
            if !allowed {
                broken.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(broken.is_empty(), "imports against the layering:\n{}", broken.join("\n"));
}

#[test]
fn the_scanner_sees_imports_of_every_form() {
    let text = "use crate::{\n  domain::{A, B},\n  wire::C,\n};\nuse crate::store::X;\n// crate::server is only named\nfn f() { crate::rag::g() }";
    assert_eq!(used(text), ["domain", "wire", "store", "rag"]);
}

#[test]
fn every_room_of_the_source_tree_has_a_layer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().replace(".rs", "");
        assert!(name == "lib" || layer(&name).is_some(), "{name} has no layer: add it to LAYERS and to the front page");
    }
}
