//! `.env` files: of ragctl, or of the programs whose folder it runs in.
//!
//! What another program understands need not concern us: a line that is not `NAME=VALUE` as `dotenvy` reads it (values with
//! blanks and no quotes, JSON over several lines) is passed over, with a warning that names it. Only where it sets a variable
//! of ours, silence would be wrong.

use std::{collections::HashMap, fs, io, path::Path};

use encoding_rs::Encoding;

use super::{error::SettingsError, keys::is_variable};

/// Lines that one value in quotes may have: a certificate chain has fewer.
const MOST_LINES: usize = 500;

/// What a `.env` file says.
#[derive(Debug, Default)]
pub(super) struct DotEnv {
    /// Its variables. They stay here: the environment of the process is not changed.
    pub(super) variables: HashMap<String, String>,
    /// What was passed over.
    pub(super) warnings: Vec<String>,
}

impl DotEnv {
    /// Reads a file; one that is not there says nothing.
    ///
    /// # Errors
    /// When it cannot be read, or a line that sets a variable of ours cannot.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        // A folder of that name is somebody's virtual environment.
        if !path.is_file() {
            return Ok(Self::default());
        }
        let bytes = fs::read(path).map_err(|source| SettingsError::Io { path: path.to_owned(), source })?;
        Self::parse(path, &text_of(&bytes))
    }

    fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let lines: Vec<&str> = text.lines().collect();
        let (mut readable, mut warnings, mut at) = (String::new(), Vec::new(), 0);
        while at < lines.len() {
            if let Some(length) = readable_lines(&lines[at..]) {
                lines[at..at + length].iter().for_each(|line| readable.extend([line, "\n"]));
                at += length;
                continue;
            }
            let line = at + 1;
            if is_variable(name(lines[at])) {
                let detail = "this is not NAME=VALUE; values with blanks or signs need quotes".to_owned();
                return Err(SettingsError::Syntax { path: path.to_owned(), line, detail });
            }
            warnings.push(format!("file {}, line {line}: passed over, it is not NAME=VALUE", path.display()));
            at += 1;
        }
        // All at once: values may hold the variables before them.
        let parsed = dotenvy::from_read_iter(readable.as_bytes()).collect::<Result<_, _>>();
        let variables =
            parsed.map_err(|error| SettingsError::Io { path: path.to_owned(), source: io::Error::other(error) })?;
        Ok(Self { variables, warnings })
    }
}

/// The text of a file, in UTF-8, or in UTF-16 with its mark, as PowerShell writes it.
fn text_of(bytes: &[u8]) -> String {
    match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// How many of these lines make one variable, a comment or nothing; `None` when the first cannot be read.
fn readable_lines(lines: &[&str]) -> Option<usize> {
    let mut text = String::new();
    for (n, line) in lines.iter().take(MOST_LINES).enumerate() {
        // A quote that somebody forgot to close must not swallow what is ours.
        if n > 0 && is_variable(name(line)) {
            return None;
        }
        if line.contains(char::REPLACEMENT_CHARACTER) {
            return None;
        }
        text.extend([line, "\n"]);
        if is_readable(&text) {
            return Some(n + 1);
        }
        // Only an open quote can be closed by what follows.
        if n == 0 && !line.contains(['"', '\'']) {
            return None;
        }
    }
    None
}

fn is_readable(text: &str) -> bool {
    dotenvy::from_read_iter(text.as_bytes()).all(|variable| variable.is_ok())
}

/// What stands where the name of a variable would, with or without `export`.
fn name(line: &str) -> &str {
    let line = line.trim_start();
    let line =
        line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(line).trim_start();
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> (Vec<(String, String)>, Vec<usize>) {
        let DotEnv { variables, warnings } = DotEnv::parse(Path::new(".env"), text).unwrap();
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort();
        let line =
            |warning: &String| warning.split("line ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
        (variables, warnings.iter().map(line).collect())
    }

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_other_programs_write_is_passed_over_line_by_line() {
        let text = "APP_NAME=My great app\nDB_NAME=wiki\nCONFIG={\n  \"a\": 1,\n  \"b\": [1, 2]\n}\n\
                    FEATURES={\"new\": true, \"old\": false}\nLLM_MODEL=x\n";
        let (variables, warned) = parse(text);
        assert_eq!(variables[1..], [variable("DB_NAME", "wiki"), variable("LLM_MODEL", "x")]);
        assert_eq!(warned, [1, 4, 5, 6, 7]);
    }

    #[test]
    fn values_in_quotes_may_have_several_lines_and_hold_variables() {
        let text = "export KEY=\"-----BEGIN KEY-----\nabc==\n-----END KEY-----\"\r\nA='1'\r\nB=\"${A}/x\"\r\n# it's fine\r\nC=3\r\n";
        let (variables, warned) = parse(text);
        assert_eq!(variables[..3], [variable("A", "1"), variable("B", "1/x"), variable("C", "3")]);
        assert!(variables[3].1.starts_with("-----BEGIN KEY-----\nabc==\n") && warned.is_empty(), "{variables:?}");
    }

    #[test]
    fn an_open_quote_swallows_nothing_of_ours() {
        let (variables, warned) = parse("TITLE='it is\nDB_NAME=wiki\nOTHER='x'\n");
        assert_eq!((variables, warned), (vec![variable("DB_NAME", "wiki"), variable("OTHER", "x")], vec![1]));
    }

    #[test]
    fn what_is_ours_and_cannot_be_read_is_an_error() {
        for line in ["DB_NAME=my wiki", " export  DB_NAME='open", "DB_NAME: wiki", "DB_NAME"] {
            let error = DotEnv::parse(Path::new(".env"), &format!("A=1\n{line}\n")).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{error}");
        }
    }

    #[test]
    fn other_encodings_are_read_or_passed_over() {
        let utf16: Vec<u8> = "\u{feff}DB_NAME=wiki\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text_of(&utf16), "DB_NAME=wiki\r\n");
        assert_eq!(text_of(b"\xef\xbb\xbfA=1"), "A=1");
        let (variables, warned) = parse(&text_of(b"TOWN=K\xf6ln\nDB_NAME=wiki"));
        assert_eq!((variables, warned), (vec![variable("DB_NAME", "wiki")], vec![1]));
    }

    proptest! {
        /// Whatever stands around it: a line of ours is read, or the file is refused.
        #[test]
        fn a_line_of_ours_is_never_lost(before in "[A-C='\"{} \n#\\\\$]{0,40}", after in "[A-C='\"{} \n#\\\\$]{0,40}") {
            let text = format!("{before}\nDB_NAME=wiki\n{after}\n");
            if let Ok(read) = DotEnv::parse(Path::new(".env"), &text) {
                prop_assert_eq!(read.variables.get("DB_NAME").map(String::as_str), Some("wiki"), "{}", text);
            }
        }
    }
}
