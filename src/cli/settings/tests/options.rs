//! Options of commands as settings.

use clap::{Arg, ArgAction, Command as Parser};

use super::{Layers, with_environment, with_file};
use crate::{
    bench::schedule::Arrivals,
    cli::{
        BenchAction, CacheAction, Cli, Command, ParseError, command, parse_words,
        settings::{
            keys,
            options::{EXCEPTIONS, WITHOUT},
        },
    },
};

fn parse(words: &[&str], layers: &Layers) -> Result<Cli, ParseError> {
    let words: Vec<_> = ["ragctl"].iter().chain(words).map(Into::into).collect();
    parse_words(&words, |_| Ok(layers.clone()))
}

fn bench(words: &[&str], layers: &Layers) -> crate::cli::RunArgs {
    match parse(&[&["bench"], words].concat(), layers).unwrap().command {
        Command::Bench(args) => args.run,
        other => panic!("{other:?}"),
    }
}

fn refusal(words: &[&str], layers: &Layers) -> String {
    match parse(words, layers).unwrap_err() {
        ParseError::Settings(error) => error.to_string(),
        ParseError::Usage(error) => panic!("{error}"),
    }
}

fn walk(parser: &Parser, path: &str, look: &mut dyn FnMut(&str, &Arg)) {
    parser.get_arguments().for_each(|arg| look(path, arg));
    for below in parser.get_subcommands().filter(|below| !WITHOUT.contains(&below.get_name())) {
        walk(below, &format!("{path} {}", below.get_name()), look);
    }
}

#[test]
fn every_option_of_every_command_has_a_variable_and_a_key_that_its_help_tells() {
    let (mut options, mut unset) = (0, Vec::new());
    walk(&command(), "ragctl", &mut |path, arg| {
        let id = arg.get_id().as_str();
        if arg.is_positional() || EXCEPTIONS.iter().any(|(exception, _)| *exception == id) {
            return;
        }
        options += 1;
        let help = arg.get_long_help().map(ToString::to_string).unwrap_or_default();
        let key = help.split("[config: ").nth(1).and_then(|rest| rest.split(']').next()).and_then(keys::find);
        if !key.is_some_and(|key| !key.env.is_empty() && key.env.iter().all(|name| help.contains(name))) {
            unset.push(format!("{path} --{id}"));
        }
    });
    assert!(options > 100, "{options} options were found");
    assert!(unset.is_empty(), "options without a variable or a key: {unset:#?}");
}

#[test]
fn names_come_from_the_command_and_are_unique() {
    let names: Vec<&str> = keys::all().map(|key| key.name).collect();
    let variables: Vec<&str> = keys::all().flat_map(|key| key.env).copied().collect();
    for (what, names) in [("keys", &names), ("variables", &variables)] {
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{what} must be unique");
    }
    for (key, variable) in [
        ("bench.iterations", "RAGCTL_BENCH_ITERATIONS"),
        ("bench.ab.max_rounds", "RAGCTL_BENCH_AB_MAX_ROUNDS"),
        ("mock.token_rate", "RAGCTL_MOCK_TOKEN_RATE"),
        ("eval.depth", "RAGCTL_EVAL_DEPTH"),
        ("cache.tune.bound", "RAGCTL_CACHE_TUNE_BOUND"),
    ] {
        assert_eq!(keys::find(key).unwrap().env, [variable]);
    }
}

#[test]
fn flag_environment_dotenv_and_file_win_in_this_order() {
    let file = "[bench]\nconcurrency = 14\n";
    let dotenv = [("RAGCTL_BENCH_CONCURRENCY".to_owned(), "13".to_owned())].into();
    let mut layers = Layers { dotenv, ..with_file(file) };
    layers.environment = with_environment(&[("RAGCTL_BENCH_CONCURRENCY", "12")]).environment;
    assert_eq!(bench(&["-c", "11"], &layers).concurrency, Some(11));
    assert_eq!(bench(&[], &layers).concurrency, Some(12));
    layers.environment.clear();
    assert_eq!(bench(&[], &layers).concurrency, Some(13));
    layers.dotenv.clear();
    assert_eq!(bench(&[], &layers).concurrency, Some(14));
    assert_eq!(bench(&[], &Layers::default()).concurrency, None);
}

#[test]
fn lists_switches_and_nested_commands_are_set_as_well() {
    let layers = with_environment(&[
        ("RAGCTL_BENCH_THRESHOLD", "p95<500ms, errors<1%"),
        ("RAGCTL_BENCH_HEADER", "Accept: text/html, */*; X-Team: search"),
        ("RAGCTL_BENCH_TUI", "yes"),
        ("RAGCTL_BENCH_ARRIVALS", "poisson"),
    ]);
    let run = bench(&[], &layers);
    assert_eq!((run.threshold.len(), run.request.header.len(), run.tui), (2, 2, true));
    assert_eq!(run.request.header[0].1, "text/html, */*");
    assert_eq!(run.arrivals, Arrivals::Poisson);
    assert!(!bench(&["--tui=false"], &layers).tui, "the command line has the last word");
    assert!(bench(&["--tui"], &Layers::default()).tui && !bench(&[], &Layers::default()).tui);

    let layers = with_file(
        "[bench.ab]\na = \"http://one:1\"\nrounds = 20\n[cache.stats]\njson = true\n[mock]\nfault = [\"hang,30s-60s\", \"reset\"]\n[eval]\nmethods = [\"bm25\"]",
    );
    let Command::Bench(args) = parse(&["bench", "ab", "--b", "http://two:2"], &layers).unwrap().command else {
        panic!()
    };
    let Some(BenchAction::Ab(ab)) = args.action else { panic!() };
    assert_eq!((ab.a.to_string().as_str(), ab.rounds), ("http://one:1", 20), "what is required may be set in the file");
    let Command::Cache { action: CacheAction::Stats(stats) } = parse(&["cache", "stats"], &layers).unwrap().command
    else {
        panic!()
    };
    assert!(stats.json);
    let Command::Mock(mock) = parse(&["mock"], &layers).unwrap().command else { panic!() };
    assert_eq!(mock.fault.len(), 2);
    let Command::Eval(eval) = parse(&["eval", "folder"], &layers).unwrap().command else { panic!() };
    assert_eq!(eval.methods.len(), 1);
}

#[test]
fn what_a_higher_layer_excludes_does_not_count_and_two_of_one_layer_are_an_error() {
    let layers = with_file("[bench]\niterations = 500\n");
    let run = bench(&["--duration", "10s"], &layers);
    assert_eq!((run.iterations, run.duration.unwrap().as_secs()), (None, 10));
    assert_eq!(bench(&["--scenario", "spike"], &layers).iterations, None);
    let both = Layers { file: layers.file.clone(), ..with_environment(&[("RAGCTL_BENCH_DURATION", "10s")]) };
    assert_eq!((bench(&[], &both).iterations, bench(&[], &both).duration.is_some()), (None, true));
    let error = refusal(&["bench"], &with_file("[bench]\niterations = 500\nduration = \"10s\"\n"));
    assert!(error.contains("bench.iterations") && error.contains("bench.duration"), "{error}");
    // The command line is still clap's to judge.
    assert!(matches!(parse(&["bench", "-n", "1", "-d", "1s"], &layers), Err(ParseError::Usage(_))));
}

#[test]
fn a_value_that_is_refused_is_told_with_its_origin() {
    let error = refusal(&["bench"], &with_environment(&[("RAGCTL_BENCH_RATE", "fast")]));
    assert_eq!(error, "environment RAGCTL_BENCH_RATE: bench.rate = \"fast\": a rate above 0 is wanted, like 100/s");
    let error = refusal(&["eval", "folder"], &with_file("[eval]\nformat = \"xml\"\n"));
    assert!(
        error.starts_with("file conf/ragctl.toml: eval.format = \"xml\": it must be one of table, json, csv"),
        "{error}"
    );
    let error = refusal(&["mock"], &with_file("[mock]\nprot = 1\n"));
    assert!(error.contains("unknown key \"mock.prot\"; did you mean \"mock.port\"?"), "{error}");
    // `config check` and `serve` say so, too, although the option is not theirs.
    let error = super::message(&with_file("[bench]\nrate = \"fast\"\n"));
    assert!(error.contains("a rate above 0 is wanted"), "{error}");
    let error = refusal(&["bench"], &with_environment(&[("RAGCTL_BENCH_TUI", "maybe")]));
    assert!(error.contains("true or false is wanted"), "{error}");
}

/// The help of switches and the parser of the types agree.
#[test]
fn switches_take_a_value_only_behind_an_equals_sign() {
    walk(&command(), "", &mut |path, arg| {
        let help = arg.get_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(
            !(help.contains("[config: ") && matches!(arg.get_action(), ArgAction::SetTrue)),
            "{path} --{} cannot be switched off again",
            arg.get_id()
        );
    });
}
