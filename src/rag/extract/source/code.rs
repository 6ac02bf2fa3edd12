//! Source code and configuration: the text as it is.

use crate::rag::extract::{ExtractError, Raw, format::FormatReader, text};

/// How it is read.
pub(in crate::rag::extract) const READER: FormatReader = FormatReader {
    name: "code",
    extensions: EXTENSIONS,
    structured: false,
    is_text: true,
    read: |bytes, _, _| extract(bytes),
};

/// Extensions of files that people write. What programs write (maps, locks, minified scripts) and what holds secrets (`.env`,
/// keys) is not among them.
#[rustfmt::skip]
const EXTENSIONS: &[&str] = &[
    "rs",
    // the C family
    "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "ino", "cs", "java", "kt", "kts", "scala", "groovy", "gradle", "swift",
    "m", "mm", "d", "go", "zig", "v", "sv", "vhd", "vhdl", "cu", "cl", "glsl", "hlsl", "wgsl", "proto", "thrift",
    // scripts
    "py", "pyi", "rb", "php", "pl", "pm", "lua", "tcl", "r", "jl", "sh", "bash", "zsh", "fish", "ps1", "psm1", "bat", "cmd",
    "awk", "sed", "vim", "el",
    // the web
    "js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "cts", "vue", "svelte", "astro", "css", "scss", "sass", "less", "graphql",
    "gql",
    // functional and others
    "hs", "lhs", "ml", "mli", "fs", "fsi", "fsx", "clj", "cljs", "lisp", "scm", "rkt", "erl", "ex", "exs", "elm", "nim", "dart",
    "pas", "f", "f90", "f95", "ada", "adb", "ads", "cob", "cbl", "asm", "s", "vb", "vbs", "bas", "sol", "move", "nix",
    // data and settings
    "sql", "yaml", "yml", "toml", "ini", "cfg", "conf", "properties", "tf", "hcl", "cmake", "mk", "bazel", "bzl",
];

fn extract(bytes: &[u8]) -> Result<Raw, ExtractError> {
    let (text, warning) = text::decode(bytes, None)?;
    Ok(Raw { text, title: None, warnings: warning.into_iter().collect(), ..Raw::default() })
}

#[cfg(test)]
mod tests {
    use crate::rag::extract::{Format, Limits, extract_bytes};

    #[test]
    fn code_stays_as_it_is() {
        let source = "fn main() {\n    // # no heading\n\tprintln!(\"grüße\");\n}\n";
        let extracted = extract_bytes(Format::Code, source.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(extracted.text, source.trim_end());
        assert!(!extracted.format.is_structured());
        // A page that is the template of a program is code all the same.
        let page = "<!doctype html>\n<script setup>let a = 1</script>";
        assert_eq!(extract_bytes(Format::Code, page.as_bytes(), &Limits::default()).unwrap().text, page);
        assert!(extract_bytes(Format::Code, b"\x7FELF\x02\x01\x01", &Limits::default()).is_err());
    }
}
