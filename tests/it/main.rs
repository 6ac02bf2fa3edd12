//! Tests of the program as its users meet it: the real binary, HTTP, files, signals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod api;
mod api_schema;
mod archive;
mod bad_input;
mod bench;
mod chain;
mod citations;
mod cli;
mod connections;
mod crash;
mod deadlines;
mod description;
mod documents;
mod durability;
mod explain;
mod filters;
mod follow_ups;
mod formats;
mod generations;
mod hanging_mount;
mod hosts;
mod layering;
mod llm_servers;
mod monitor;
mod monitoring;
mod near_questions;
mod ocr;
mod outage;
mod persistence;
mod proof;
mod providers;
mod rerank;
mod search_context;
mod secrets;
mod semantic_cache;
mod snapshots;
mod sources;
mod stub;
mod support;
mod sync;
mod terminal;
mod upload;
mod upstreams;
