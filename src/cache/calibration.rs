//! What is known about an embedder's similarities, found by replaying labelled questions and kept by its name.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::SimilarityPrior;

/// A cosine of 0.95 means something else for every embedder: what holds for one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The threshold that kept the wanted bound.
    pub threshold: Option<f32>,
    /// What verified mode starts from.
    pub experience: SimilarityPrior,
}

/// Calibrations by the embedder's identity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Calibrations(BTreeMap<String, Calibration>);

/// Why calibrations cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} is no calibration ({reason}); make it anew with `ragctl cache tune --save`, or delete it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Calibrations {
    /// Reads a file; without one nothing is known.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, CalibrationError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(CalibrationError::Io { path: path.to_owned(), source }),
        };
        let malformed = |reason: String| CalibrationError::Malformed { path: path.to_owned(), reason };
        let read: Self = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let mut checked = BTreeMap::new();
        for (embedder, Calibration { threshold, experience }) in read.0 {
            if threshold.is_some_and(|threshold| !(threshold > 0.0 && threshold < 1.0)) {
                return Err(malformed(format!("the threshold of {embedder} is not between 0 and 1")));
            }
            let experience =
                experience.checked().ok_or_else(|| malformed(format!("the counts of {embedder} are odd")))?;
            checked.insert(embedder, Calibration { threshold, experience });
        }
        Ok(Self(checked))
    }

    /// What is known about an embedder.
    pub fn of(&self, embedder: &str) -> Option<Calibration> {
        self.0.get(embedder).cloned()
    }

    /// Notes what was found.
    pub fn set(&mut self, embedder: String, calibration: Calibration) {
        self.0.insert(embedder, calibration);
    }

    /// Writes the file.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CalibrationError> {
        let io = |source| CalibrationError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        fs::write(path, serde_json::to_string_pretty(self).map_err(io::Error::from).map_err(io)? + "\n").map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_known_again_and_nonsense_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/calibration.json");
        assert_eq!(Calibrations::load(&path).unwrap(), Calibrations::default());
        let mut experience = SimilarityPrior::default();
        experience.observe(0.9, true);
        let calibration = Calibration { threshold: Some(0.87), experience };
        let mut all = Calibrations::default();
        all.set("ollama:nomic".into(), calibration.clone());
        all.save(&path).unwrap();
        let read = Calibrations::load(&path).unwrap().of("ollama:nomic").unwrap();
        assert_eq!(read.threshold, calibration.threshold);
        let confidence = |known: &Calibration| known.experience.confidence(&Default::default(), 0.9);
        assert!((confidence(&read) - confidence(&calibration)).abs() < 1e-9);
        for nonsense in ["{", "[]", r#"{"x":{"threshold":7,"experience":{"right":[],"wrong":[]}}}"#] {
            fs::write(&path, nonsense).unwrap();
            assert!(matches!(Calibrations::load(&path), Err(CalibrationError::Malformed { .. })));
        }
    }
}
