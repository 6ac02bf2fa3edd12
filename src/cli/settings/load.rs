//! Reads the layers: the thin part of settings that touches the process and the disk.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Once,
};

use etcetera::BaseStrategy;

use super::{
    dotenv::DotEnv,
    error::SettingsError,
    keys,
    layers::{Flags, Layers},
};
use crate::util::terminal::tell;

/// Name of the config file in the working directory and in `ragctl/` of the user's config folder.
pub const FILE_NAME: &str = "ragctl.toml";

/// Environment variable that stands for `--config`.
pub const CONFIG_VARIABLE: &str = "RAGCTL_CONFIG";

/// What surrounds a process, handed in so that tests need not change their own.
#[derive(Default)]
pub struct Surroundings {
    /// Environment variables.
    pub environment: HashMap<OsString, OsString>,
    /// Working directory; empty: the process's own.
    pub working_dir: PathBuf,
    /// The user's config folder, if there is one.
    pub user_config_dir: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            environment: env::vars_os().collect(),
            working_dir: PathBuf::new(),
            user_config_dir: etcetera::choose_base_strategy().ok().map(|strategy| strategy.config_dir()),
        }
    }

    /// Reads environment, `.env` and config file.
    ///
    /// # Errors
    /// When a file that was asked for, or that is there, cannot be read; when a variable of ours is not Unicode.
    pub fn load(&self, config: Option<&Path>, flags: Flags) -> Result<Layers, SettingsError> {
        let DotEnv { variables, warnings } = DotEnv::read(&self.working_dir.join(".env"))?;
        let file = self.read_config(config)?;
        Ok(Layers { flags, environment: self.variables()?, dotenv: variables, file, warnings })
    }

    fn variables(&self) -> Result<HashMap<String, String>, SettingsError> {
        // Upstreams may name any of them as the one that holds their key.
        let texts = self.environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        let variables = texts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for key in keys::all() {
            for &name in key.env {
                let Some(value) = self.environment.get(&OsString::from(name)) else { continue };
                if value.to_str().is_none() {
                    return Err(SettingsError::NotUnicode { name, key: key.name, takes: key.kind.takes() });
                }
            }
        }
        Ok(variables)
    }

    fn read_config(&self, asked_for: Option<&Path>) -> Result<Option<(PathBuf, String)>, SettingsError> {
        let variable = self.environment.get(&OsString::from(CONFIG_VARIABLE)).filter(|value| !value.is_empty());
        let asked_for = asked_for.or(variable.map(Path::new));
        let in_user_folder = self.user_config_dir.as_ref().map(|folder| folder.join("ragctl").join(FILE_NAME));
        let path = match asked_for {
            Some(path) => Some(self.working_dir.join(path)),
            None => {
                [Some(self.working_dir.join(FILE_NAME)), in_user_folder].into_iter().flatten().find(|p| p.is_file())
            }
        };
        path.map(|path| match fs::read_to_string(&path) {
            Ok(text) => Ok((path, text)),
            Err(source) => Err(SettingsError::Io { path, source }),
        })
        .transpose()
    }
}

/// Reads the layers of this process: its environment, `.env` and the config file. What had to be passed over is told.
///
/// # Errors
/// As [`Surroundings::load`].
pub fn load(config: Option<&Path>, flags: Flags) -> Result<Layers, SettingsError> {
    let layers = Surroundings::of_process().load(config, flags)?;
    // A command may ask again for other settings.
    static TOLD: Once = Once::new();
    TOLD.call_once(|| layers.warnings.iter().for_each(|warning| tell(format_args!("ragctl: {warning}"))));
    Ok(layers)
}
