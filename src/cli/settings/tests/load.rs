//! Which files are read, and what is said when they cannot be.

use std::{ffi::OsString, fs, path::Path};

use super::{SECRET, resolved, settings};
use crate::cli::settings::{CONFIG_VARIABLE, Flags, SettingsError, Surroundings};

/// A process in a temporary folder, with a user's config folder inside.
fn surroundings(folder: &Path, variables: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        environment: variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect(),
        working_dir: folder.to_owned(),
        user_config_dir: Some(folder.join("user")),
    }
}

#[test]
fn the_config_file_is_the_one_asked_for_else_the_near_one_else_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let (near, users) = (folder.path().join("ragctl.toml"), folder.path().join("user/ragctl/ragctl.toml"));
    let asked_for = folder.path().join("other.toml");
    let found = |config: Option<&str>, variables: &[(&str, &str)]| {
        surroundings(folder.path(), variables)
            .load(config.map(Path::new), Flags::new())
            .unwrap()
            .file
            .map(|(path, _)| path)
    };
    assert_eq!(found(None, &[]), None);
    fs::create_dir_all(users.parent().unwrap()).unwrap();
    fs::write(&users, "").unwrap();
    assert_eq!(found(None, &[]), Some(users));
    fs::write(&near, "").unwrap();
    assert_eq!(found(None, &[]), Some(near.clone()));
    fs::write(&asked_for, "").unwrap();
    assert_eq!(found(None, &[(CONFIG_VARIABLE, "other.toml")]), Some(asked_for.clone()));
    assert_eq!(found(Some("ragctl.toml"), &[(CONFIG_VARIABLE, "other.toml")]), Some(near));
    assert_eq!(found(Some("other.toml"), &[(CONFIG_VARIABLE, "")]), Some(asked_for));
}

#[test]
fn a_config_file_that_was_asked_for_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let error = surroundings(folder.path(), &[]).load(Some(Path::new("gone.toml")), Flags::new()).unwrap_err();
    assert!(matches!(&error, SettingsError::Io { path, .. } if path.ends_with("gone.toml")), "{error}");
}

#[test]
fn dotenv_is_read_with_comments_quotes_and_byte_order_mark() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\u{feff}DB_NAME=wiki\r\n# comment\r\nexport LLM_MODEL=\"qwen3:8b\"\r\nUNRELATED=1\r\n";
    fs::write(folder.path().join(".env"), text).unwrap();
    let layers = surroundings(folder.path(), &[]).load(None, Flags::new()).unwrap();
    let settings = settings(&layers).unwrap();
    assert_eq!((settings.db.as_str(), settings.provider.llm_model.as_str()), ("wiki", "qwen3:8b"));
    assert_eq!(resolved(&layers, "db").origin.to_string(), ".env DB_NAME");
}

#[test]
fn a_broken_dotenv_is_told_by_line_without_quoting_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), format!("DB_NAME=wiki\nOPENAI_API_KEY='{SECRET}\n")).unwrap();
    let error = surroundings(folder.path(), &[]).load(None, Flags::new()).unwrap_err();
    assert!(error.to_string().contains(".env, line 2: this is not NAME=VALUE"), "{error}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
}

#[cfg(unix)]
#[test]
fn a_variable_of_ours_that_is_not_unicode_is_an_error_and_others_do_not_matter() {
    use std::os::unix::ffi::OsStringExt;

    let folder = tempfile::tempdir().unwrap();
    let mut process = surroundings(folder.path(), &[]);
    process.environment.insert("SOMETHING".into(), OsString::from_vec(vec![0xff]));
    assert!(process.load(None, Flags::new()).is_ok());
    process.environment.insert("LLM_MODEL".into(), OsString::from_vec(vec![0xff]));
    assert_eq!(
        process.load(None, Flags::new()).unwrap_err().to_string(),
        "environment LLM_MODEL: provider.llm_model is not Unicode text, but it must be the name of a model"
    );
}
