//! What may be said, and that help says so.

use clap::{Command as Parser, Parser as _, error::ErrorKind};

use super::{
    settings::{Flags, keys::KEYS},
    *,
};

fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(["ragctl"].iter().chain(words))
}

/// The flags of a command line, by setting.
fn flags(words: &[&str]) -> Flags {
    let cli = parse(words).unwrap();
    let mut flags = cli.global.flags();
    flags.extend(match &cli.command {
        Command::Serve(args) => args.flags(),
        Command::Ingest(args) => args.flags(),
        Command::Docs { action } => action.flags(),
        Command::Query(args) => args.flags(),
        Command::Reindex(args) => args.flags(),
        Command::Try(args) => args.flags(),
        Command::Export(args) => args.flags(),
        Command::Import(args) => args.flags(),
        Command::Eval(args) => args.flags(),
        Command::Monitor(args) => args.flags(),
        Command::Report(args) => args.flags(),
        _ => Flags::new(),
    });
    flags
}

/// Every command with the words that lead to it.
fn commands(parser: &Parser, path: &str) -> Vec<(String, Parser)> {
    let name = if path.is_empty() { parser.get_name().to_owned() } else { format!("{path}_{}", parser.get_name()) };
    let below = parser.get_subcommands().filter(|command| command.get_name() != "help");
    let mut found: Vec<_> = below.flat_map(|command| commands(command, &name)).collect();
    found.insert(0, (name, parser.clone()));
    found
}

fn all_commands() -> Vec<(String, Parser)> {
    let mut parser = command();
    parser.build();
    commands(&parser, "")
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn help_is_as_documented() {
    for (name, parser) in all_commands() {
        // The version is not what this is about.
        let mut parser = parser.term_width(100).version("0.0.0");
        insta::assert_snapshot!(format!("help_{name}_short"), parser.render_help().to_string());
        insta::assert_snapshot!(format!("help_{name}_long"), parser.render_long_help().to_string());
    }
}

/// The command that a setting is for.
fn command_of(key: &str) -> &'static str {
    if key.starts_with("monitor.") { "monitor" } else { "serve" }
}

#[test]
fn every_setting_has_a_flag_that_reaches_it() {
    for key in KEYS.iter().filter(|key| key.name != "log.level") {
        let value = match key.kind {
            settings::SettingKind::Choice(words) => words[0],
            _ => "7",
        };
        assert_eq!(
            flags(&[command_of(key.name), key.flag, value]),
            Flags::from([(key.name, vec![value.to_owned()])]),
            "{}",
            key.flag
        );
    }
}

#[test]
fn help_of_a_flag_tells_default_variables_and_key() {
    let all = all_commands();
    for key in KEYS.iter().filter(|key| key.name != "log.level") {
        let wanted = format!("ragctl_{}", command_of(key.name));
        let command = &all.iter().find(|(name, _)| *name == wanted).unwrap().1;
        let arg = command.get_arguments().find(|arg| arg.get_long() == key.flag.strip_prefix("--")).unwrap();
        let help = arg.get_long_help().unwrap().to_string();
        for part in [key.name, key.default_text()].iter().chain(key.env) {
            assert!(help.contains(part), "{} does not tell {part}: {help}", key.flag);
        }
    }
}

#[test]
fn verbosity_becomes_a_level() {
    for (words, level) in [
        (vec!["man"], None),
        (vec!["man", "-v"], Some("debug")),
        (vec!["-vv", "man"], Some("trace")),
        (vec!["man", "-q"], Some("warn")),
    ] {
        assert_eq!(flags(&words).get("log.level").map(|values| values[0].as_str()), level, "{words:?}");
    }
    assert_eq!(parse(&["man", "-q", "-v"]).unwrap_err().kind(), ErrorKind::ArgumentConflict);
}

#[test]
fn lists_take_several_words_or_several_flags() {
    assert_eq!(flags(&["serve", "--docs", "a", "b", "--docs", "c"])["server.docs"], ["a", "b", "c"]);
    let origins = flags(&["serve", "--cors-origins", "http://a,http://b"]);
    assert_eq!(origins["server.cors_origins"], ["http://a", "http://b"]);
}

#[test]
fn the_question_may_stand_behind_any_flag() {
    let cli = parse(&["query", "--language", "en,de", "--label", "v1", "--label", "v2", "Why?"]).unwrap();
    let Command::Query(args) = cli.command else { panic!("not a query") };
    assert_eq!(args.question, "Why?");
    assert_eq!(
        (args.narrow.language, args.narrow.label),
        (vec!["en".into(), "de".into()], vec!["v1".into(), "v2".into()])
    );
}

#[test]
fn what_is_missing_or_unknown_is_wrong_usage() {
    for words in [
        &["serve", "--prot", "1"][..],
        &["ingest"],
        &["query"],
        &["eval"],
        &["config"],
        &["completions", "cmd"],
        &["eval", "x", "--methods", "bm52"],
        &["query", "x", "--url", "ftp://nowhere"],
        &["serve", "--provider", "olama"],
        &[],
    ] {
        let error = parse(words).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(ExitStatus::Usage.code()), "{words:?}: {error}");
    }
    for words in [["--help"], ["--version"]] {
        assert_eq!(parse(&words).unwrap_err().exit_code(), i32::from(ExitStatus::Success.code()));
    }
}

#[test]
fn a_key_given_as_a_flag_does_not_show_in_debug_output() {
    let cli = parse(&["serve", "--openai-api-key", "sk-very-secret"]).unwrap();
    assert!(!format!("{cli:?}").contains("sk-very-secret"));
}

#[test]
fn every_shell_gets_completions_that_know_the_commands() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command(), "ragctl", &mut script);
        let script = String::from_utf8(script).unwrap();
        for word in ["serve", "ingest", "query", "eval", "config", "embedded"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
