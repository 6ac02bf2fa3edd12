//! What users and programs read, so that no change of it goes unnoticed.

use ragctl::{cli, server};

#[test]
fn help_of_every_command() {
    let mut root = cli::command().term_width(100);
    root.build();
    insta::assert_snapshot!("help", root.render_long_help().to_string());
    for command in root.get_subcommands_mut() {
        let name = format!("help-{}", command.get_name());
        if name == "help-help" {
            continue;
        }
        insta::assert_snapshot!(name, command.clone().term_width(100).render_long_help().to_string());
    }
}

#[test]
fn example_of_a_config_file() {
    insta::assert_snapshot!("config-example", cli::settings::example());
}

#[test]
fn description_of_the_api() {
    // Its version changes with every release and is not what is looked at here.
    let mut document = server::openapi_document();
    document.info.version = "0.0.0".into();
    insta::assert_json_snapshot!("openapi", document);
}
