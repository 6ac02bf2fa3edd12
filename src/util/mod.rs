//! Tools without a domain: numbers and texts for people, files and tables, axes, statistics, vectors and packed matrices, scripts,
//! words and their spellings, time, TLS, the process and its terminal.

pub mod axis;
pub mod citation_marks;
pub mod files;
pub mod humanize;
pub mod markdown;
pub mod packed;
pub mod process;
pub mod script;
pub mod spelling;
pub mod statistics;
pub mod table;
pub mod terminal;
pub mod text;
pub mod time;
pub mod tls;
pub mod vectors;
pub mod wording;
pub mod words;
