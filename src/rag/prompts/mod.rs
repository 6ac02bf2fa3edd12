//! What LLMs are told: text files, one a task and language, compiled in. A folder may replace any of them.
//!
//! A file is the instruction, a line `---`, and what the person says, with placeholders such as `{question}`.

mod template;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::language;
pub use template::{Placeholder, Template};

/// Longest file of a prompt, in bytes.
const MOST_BYTES: usize = 64 << 10;

/// The language of questions for which there is no prompt.
const DEFAULT_LANGUAGE: &str = "en";

/// What an LLM is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptTask {
    /// Answer a question from passages.
    Answer,
    /// Make a follow-up stand alone.
    Condense,
    /// Say what else a question needs.
    Decompose,
}

impl PromptTask {
    /// What must stand in its prompts.
    const fn placeholders(self) -> &'static [Placeholder] {
        match self {
            Self::Answer => &[Placeholder::Question, Placeholder::Contexts],
            Self::Condense => &[Placeholder::History, Placeholder::Question],
            Self::Decompose => &[Placeholder::Question, Placeholder::Number, Placeholder::Contexts],
        }
    }
}

/// A prompt that is compiled in.
struct BuiltIn {
    task: PromptTask,
    /// ISO 639-1.
    language: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! built_in {
    ($task:ident, $language:literal, $file:literal) => {
        BuiltIn { task: PromptTask::$task, language: $language, file: $file, text: include_str!($file) }
    };
}

/// The first prompt of a task is that of [`DEFAULT_LANGUAGE`].
const BUILT_IN: &[BuiltIn] = &[
    built_in!(Answer, "en", "answer.en.txt"),
    built_in!(Answer, "de", "answer.de.txt"),
    built_in!(Answer, "vi", "answer.vi.txt"),
    built_in!(Condense, "en", "condense.en.txt"),
    built_in!(Condense, "de", "condense.de.txt"),
    built_in!(Condense, "vi", "condense.vi.txt"),
    built_in!(Decompose, "en", "decompose.en.txt"),
    built_in!(Decompose, "de", "decompose.de.txt"),
    built_in!(Decompose, "vi", "decompose.vi.txt"),
];

/// A folder of prompts that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The folder, or a file in it, cannot be read.
    #[error("the prompts in {} cannot be read: {source}; --prompts takes a folder of text files in UTF-8", path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of another name: it would never be used.
    #[error("{} is no prompt; the folder of --prompts may hold {}", path.display(), names())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A file that is too large for a prompt.
    #[error("the prompt {} has {bytes} bytes, at most {MOST_BYTES} are allowed", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: usize,
    },
    /// Nothing separates the instruction from what the person says.
    #[error("the prompt {} must have a line --- between the instruction and what the person says", path.display())]
    NoSeparator {
        /// The file.
        path: PathBuf,
    },
    /// A placeholder is missing.
    #[error(
        "the prompt {} lacks {placeholder} below the line ---; it stands for {}", path.display(), placeholder.meaning()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is missing.
        placeholder: Placeholder,
    },
}

/// The names that files of prompts may have.
fn names() -> String {
    BUILT_IN.iter().map(|prompt| prompt.file).collect::<Vec<_>>().join(", ")
}

/// The prompts of all tasks in all languages.
#[derive(Debug, Clone)]
pub struct Prompts {
    /// In the order of [`BUILT_IN`].
    templates: Vec<Template>,
    version: Arc<str>,
}

impl Default for Prompts {
    fn default() -> Self {
        let texts = BUILT_IN.iter().map(|prompt| prompt.text.to_owned());
        // A test reads every built-in prompt strictly.
        let templates = BUILT_IN.iter().map(|prompt| Template::lenient(prompt.text)).collect();
        Self { templates, version: version(texts) }
    }
}

impl Prompts {
    /// The built-in prompts, with those that a folder replaces. Files whose names begin with a dot are passed over.
    ///
    /// # Errors
    /// [`PromptError`]: the first file, in the order of names, that cannot be used.
    pub fn load(folder: &Path) -> Result<Self, PromptError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| PromptError::Unreadable { path, source }
        };
        let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut files = Vec::new();
        for entry in entries {
            files.push(entry.map_err(unreadable(folder))?.file_name());
        }
        files.sort_unstable();
        let mut texts: Vec<String> = BUILT_IN.iter().map(|prompt| prompt.text.to_owned()).collect();
        let mut templates = Self::default().templates;
        for file in files {
            let path = folder.join(&file);
            let name = file.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let Some(at) = BUILT_IN.iter().position(|prompt| prompt.file == name) else {
                return Err(PromptError::Unknown { path });
            };
            let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
            templates[at] = read(&text, BUILT_IN[at].task, path)?;
            texts[at] = text;
        }
        Ok(Self { templates, version: version(texts.into_iter()) })
    }

    /// The prompt of a task, in the language of this question if there is one. A short question may be taken for another
    /// language: every prompt asks for a reply in that of the question.
    pub fn of(&self, task: PromptTask, question: &str) -> &Template {
        let language = language::of_question(question);
        let in_language =
            |language: &str| BUILT_IN.iter().position(|prompt| prompt.task == task && prompt.language == language);
        let at = in_language(language).or_else(|| in_language(DEFAULT_LANGUAGE));
        &self.templates[at.unwrap_or_default()]
    }

    /// A hash of all prompts: answers to other ones are not given again.
    pub fn version(&self) -> &Arc<str> {
        &self.version
    }
}

/// A prompt from a file, with everything that its task needs.
fn read(text: &str, task: PromptTask, path: PathBuf) -> Result<Template, PromptError> {
    if text.len() > MOST_BYTES {
        return Err(PromptError::TooLong { path, bytes: text.len() });
    }
    let Some(template) = Template::parse(text) else { return Err(PromptError::NoSeparator { path }) };
    match task.placeholders().iter().find(|placeholder| !template.has(**placeholder)) {
        Some(&placeholder) => Err(PromptError::Missing { path, placeholder }),
        None => Ok(template),
    }
}

fn version(texts: impl Iterator<Item = String>) -> Arc<str> {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().as_str()[..16].into()
}

#[cfg(test)]
mod tests;
