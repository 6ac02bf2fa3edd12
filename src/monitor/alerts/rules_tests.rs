use crate::observe::Metric;
use std::collections::BTreeSet;

use super::*;

/// A sound alert with more lines, or other ones for those it has.
fn alert(lines: &[&str]) -> String {
    let given = |line: &str| {
        let key = line.split('=').next().unwrap_or_default();
        lines.iter().any(|other| other.starts_with(key))
    };
    let sound = ["name = \"x\"", "severity = \"info\"", "when = \"hit_rate < 20%\"", "text = \"look\""];
    let kept: Vec<_> = sound.into_iter().filter(|line| !given(line)).chain(lines.iter().copied()).collect();
    format!("[[alert]]\n{}\n", kept.join("\n"))
}

fn error(text: &str) -> String {
    Rules::parse(text).unwrap_err().to_string()
}

fn names(rules: &Rules) -> Vec<&str> {
    rules.as_slice().iter().map(|rule| rule.name.as_str()).collect()
}

fn named<'a>(rules: &'a Rules, name: &str) -> &'a Rule {
    rules.as_slice().iter().find(|rule| rule.name == name).unwrap()
}

#[test]
fn the_built_in_rules_can_be_read_and_have_names_of_their_own() {
    let read = RulesFile::read("builtin.toml", BUILTIN).unwrap().rules("builtin.toml").unwrap();
    let rules = Rules::builtin();
    assert_eq!(read, rules.as_slice());
    assert_eq!(names(&rules).into_iter().collect::<BTreeSet<_>>().len(), rules.as_slice().len());
    let critical = rules.as_slice().iter().filter(|rule| rule.severity == Severity::Critical);
    assert_eq!(
        critical.map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
        ["unreachable", "breaker-open", "no-upstream"]
    );
    let low = named(&rules, "low-hit-rate");
    assert_eq!(
        (low.when.metric(), low.over, low.hold_off),
        (Metric::HitRate, Duration::from_secs(900), Duration::from_secs(60))
    );
    assert_eq!(low.only_if.as_ref().unwrap().to_string(), "lookups >= 50");
    assert_eq!(named(&rules, "pool-waiting").hold_off, Duration::from_secs(30));
}

#[test]
fn a_rule_says_what_it_wants_and_defaults_do_the_rest() {
    let rules = Rules::parse(&alert(&["text = \"\"\"a\n  b\"\"\""])).unwrap();
    let rule = named(&rules, "x");
    assert_eq!((rule.when.to_string(), rule.clears.to_string()), ("hit_rate < 20%".into(), "hit_rate >= 20%".into()));
    assert_eq!((rule.over, rule.hold_off, rule.hold), (OVER, Duration::ZERO, Duration::ZERO));
    assert_eq!((rule.only_if.is_none(), rule.text.as_str()), (true, "a b"));
    let lines =
        ["clears = \"hit_rate >= 25%\"", "if = \"lookups > 1\"", "over = \"1h\"", "for = \"10s\"", "hold = \"1min\""];
    let rules = Rules::parse(&alert(&lines)).unwrap();
    let rule = named(&rules, "x");
    assert_eq!((rule.clears.to_string(), rule.only_if.as_ref().unwrap().value()), ("hit_rate >= 25%".into(), 1.0));
    assert_eq!([rule.over, rule.hold_off, rule.hold].map(|time| time.as_secs()), [3_600, 10, 60]);
}

#[test]
fn rules_of_a_file_replace_those_of_the_same_name_and_join_the_others() {
    let builtin = Rules::builtin();
    let all = builtin.as_slice().len();
    assert_eq!(Rules::parse("").unwrap(), builtin);
    let rules = Rules::parse(&(alert(&["name = \"error-rate\""]) + &alert(&[]))).unwrap();
    assert_eq!(rules.as_slice().len(), all + 1);
    assert_eq!(named(&rules, "error-rate").text, "look");
    assert_eq!(
        names(&rules).iter().position(|name| *name == "error-rate"),
        builtin.as_slice().iter().position(|rule| rule.name == "error-rate")
    );
    assert_eq!(names(&rules).last(), Some(&"x"));
}

#[test]
fn built_in_rules_can_be_dropped() {
    let only = Rules::parse(&format!("builtin = false\n{}", alert(&[]))).unwrap();
    assert_eq!(names(&only), ["x"]);
    let fewer = Rules::parse("disable = [\"evictions\", \"cache-full\"]").unwrap();
    assert_eq!(fewer.as_slice().len() + 2, Rules::builtin().as_slice().len());
    assert!(!names(&fewer).contains(&"evictions"));
    let own = Rules::parse(&format!("disable = [\"evictions\"]\n{}", alert(&["name = \"evictions\""]))).unwrap();
    assert_eq!(named(&own, "evictions").text, "look");
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_name() {
    let needed = "; name, severity, when and text are needed, and every field is text in quotes";
    for (line, reason) in [
        ("severity = \"bad\"", "severity: \"bad\" is no severity; there are critical, warning and info"),
        ("for = \"soon\"", "for: \"soon\" is no time; one like 30s, 5min or 1h is wanted"),
        ("hold = \"\"", "hold: \"\" is no time; one like 30s, 5min or 1h is wanted"),
        ("over = \"long\"", "over: \"long\" is no time; one like 30s, 5min or 1h is wanted"),
        ("over = \"0s\"", "over: a rate needs a window that is not zero, like 5min"),
        ("over = 300", &format!("invalid type: integer `300`, expected a string in `over`{needed}")),
        (
            "wen = \"\"",
            &format!(
                "unknown field `wen`, expected one of `name`, `severity`, `when`, `clears`, `if`, `over`, `for`, \
                 `hold`, `text`{needed}"
            ),
        ),
        ("text = \" \\n \"", "text: it is empty; say what the alert means and what to do"),
        (
            "when = \"hit_rate < 20\"",
            "when: \"hit_rate < 20\": a share from 0% to 100%, like 20% or 0.2, is wanted behind the sign for hit_rate",
        ),
        ("when = \"hit_rate > 100%\"", "when: hit_rate > 100% never holds, whatever hit_rate is; choose another value"),
        ("when = \"hit_rate >= 0%\"", "when: hit_rate >= 0% always holds, whatever hit_rate is; choose another value"),
        ("clears = \"hit_rate < 0%\"", "clears: hit_rate < 0% never holds, whatever hit_rate is; choose another value"),
        ("if = \"lookups < 0\"", "if: lookups < 0 never holds, whatever lookups is; choose another value"),
        ("clears = \"p95 < 1s\"", "clears: it is about p95, but when is about hit_rate; clears must be so, too"),
    ] {
        assert_eq!(error(&alert(&[line])), format!("the alert rules, alert \"x\": {reason}"));
    }
    for line in ["when = \"hitrate < 20%\"", "clears = \"hitrate > 20%\"", "if = \"hitrate > 20%\""] {
        let field = line.split(' ').next().unwrap();
        let error = error(&alert(&[line]));
        assert!(error.starts_with(&format!("the alert rules, alert \"x\": {field}: \"hitrate ")), "{error}");
        assert!(error.contains("did you mean hit_rate?") && error.contains("There are breaker_open, "), "{error}");
    }
    let missing = "missing field `severity`; name, severity, when and text are needed";
    assert!(error("[[alert]]\nname = \"x\"").starts_with(&format!("the alert rules, alert \"x\": {missing}")));
}

#[test]
fn a_rule_that_fires_and_clears_at_once_is_refused() {
    let lines = ["when = \"cache_fill > 90%\"", "clears = \"cache_fill > 80%\""];
    let reason = "clears: cache_fill > 80% contradicts when: at 100 %, cache_fill > 90% holds as well; it must hold on the \
                  other side only, like cache_fill <= 90%";
    assert_eq!(error(&alert(&lines)), format!("the alert rules, alert \"x\": {reason}"));
    let touching = error(&alert(&["clears = \"hit_rate > 10%\""]));
    assert!(touching.contains("at 15 %, hit_rate < 20% holds as well"), "{touching}");
    assert!(Rules::parse(&alert(&["clears = \"hit_rate > 20%\""])).is_ok());
}

#[test]
fn names_are_plain_and_given_once() {
    for name in ["", "Low", "a b", "a_b", "ü", "a\\u001b[31m"] {
        let error = error(&alert(&[&format!("name = \"{name}\"")]));
        assert!(error.ends_with("name: only a to z, 0 to 9 and - are allowed, like low-hit-rate"), "{error}");
        assert!(!error.contains('\u{1b}'), "{error}");
    }
    let twice = error(&(alert(&[]) + &alert(&[])));
    assert_eq!(twice, "the alert rules, alert \"x\": there are two of that name; rename or remove one");
    let nameless =
        error("[[alert]]\nname = \"y\"\nseverity = \"info\"\nwhen = \"p95 > 1s\"\ntext = \"t\"\n[[alert]]\n");
    assert!(nameless.starts_with("the alert rules, alert number 2: missing field `name`; "), "{nameless}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_what_is_allowed() {
    for (text, reason) in [
        ("alert = 1", "invalid type: integer `1`, expected a sequence"),
        ("[alert]\nname = \"x\"", "invalid type: map, expected a sequence"),
        ("[[alerts]]", "unknown field `alerts`, expected one of `builtin`, `disable`, `alert`"),
        ("builtin = 1", "invalid type: integer `1`, expected a boolean"),
        ("builtin =", "string values must be quoted"),
    ] {
        let error = error(text);
        assert!(error.starts_with("the alert rules: TOML parse error at line 1, column "), "{error}");
        assert!(error.contains(reason), "{error}");
        let allowed = "\nallowed are builtin = true or false, disable = [\"NAME\", …] and [[alert]]";
        assert!(error.ends_with(allowed), "{error}");
    }
    for text in ["disable = [\"cache\"]", "builtin = false\ndisable = [\"cache\"]"] {
        let error = error(text);
        let unknown = "the alert rules: disable names \"cache\", but no built-in alert is called that; there are ";
        assert_eq!(error, format!("{unknown}{}", names(&Rules::builtin()).join(", ")));
    }
}

#[test]
fn errors_name_the_file() {
    let folder = std::env::temp_dir().join(format!("alert-rules-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("rules.toml");
    let absent = Rules::load(&path).unwrap_err().to_string();
    let told = format!("cannot read the alert rules {}: ", path.display());
    assert!(absent.starts_with(&told) && absent.ends_with("; check that the file exists and may be read"), "{absent}");
    std::fs::write(&path, alert(&["severity = \"bad\""])).unwrap();
    let wrong = Rules::load(&path).unwrap_err().to_string();
    assert!(wrong.starts_with(&format!("{}, alert \"x\": severity: ", path.display())), "{wrong}");
    std::fs::write(&path, alert(&[])).unwrap();
    assert_eq!(names(&Rules::load(&path).unwrap()).last(), Some(&"x"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn severities_are_ordered_and_written_alike_everywhere() {
    assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Critical);
    for severity in Severity::ALL {
        assert_eq!(severity.to_string().parse(), Ok(severity));
        assert_eq!(serde_json::to_string(&severity).unwrap(), format!("\"{severity}\""));
        assert_eq!(serde_json::from_str::<Severity>(&format!("\"{severity}\"")).unwrap(), severity);
    }
    let error = "fatal".parse::<Severity>().unwrap_err();
    assert_eq!(error, "\"fatal\" is no severity; there are critical, warning and info");
}

#[test]
fn the_sample_file_is_sound_and_changes_what_it_says() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/monitoring/alerts.toml");
    let rules = Rules::load(&path).unwrap();
    let named = |name: &str| rules.as_slice().iter().find(|rule| rule.name == name);
    assert_eq!(named("low-hit-rate").unwrap().severity, Severity::Info);
    assert!(named("slow-answers").is_some() && named("breaker-open").is_some() && named("evictions").is_none());
}
