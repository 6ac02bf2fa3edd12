//! The static embedder: one table row per token, a text's vector is the normalised mean of its tokens' rows.
//!
//! No neural network runs, so a question costs a few microseconds and no other process is needed. Models are folders in
//! Model2Vec's format; one is compiled into the program.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use rayon::prelude::*;

use super::table::Table;
use super::tokenizer::Tokenizer;
use super::tokenizer_file::TokenizerFile;
use super::vocabulary::Vocabulary;
use crate::{
    providers::{Embedder, EmbedderId, ProviderError, ProviderKind, Purpose, TextVector},
    resilience::CallContext,
};

/// Name of the compiled-in model, the middle of its [`EmbedderId`].
const BUNDLED_NAME: &str = "minilm-256";
static BUNDLED_MODEL: &[u8] = include_bytes!("model/model.safetensors");
static BUNDLED_TOKENIZER: &[u8] = include_bytes!("model/tokenizer.json");
static BUNDLED_CONFIG: &[u8] = include_bytes!("model/config.json");

/// Texts up to which a batch is embedded on the calling task: it takes less than handing the work over.
const INLINE_BATCH: usize = 8;
/// Bytes above which a batch leaves the calling task however few texts it has.
const INLINE_BYTES: usize = 32 * 1024;
/// Texts in a batch that keep all cores busy without holding many vectors.
const BATCH: usize = 256;

/// Why a static model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum StaticModelError {
    /// A file of the model's folder is missing or unreadable.
    #[error(
        "cannot read {file} of the static model in {}: {source}; give a Model2Vec folder with model.safetensors, tokenizer.json and config.json",
        folder.display()
    )]
    Read {
        /// The model's folder.
        folder: PathBuf,
        /// Name of the file in it.
        file: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file was read but is no part of a usable model.
    #[error("{file} of the static model in {} is unusable: {reason}; fetch the model again or give another one", folder.display())]
    Invalid {
        /// The model's folder.
        folder: PathBuf,
        /// Name of the file in it.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// The three files of a Model2Vec folder.
struct ModelFiles<'a> {
    folder: &'a Path,
    model: Cow<'static, [u8]>,
    tokenizer: &'a [u8],
    config: &'a [u8],
}

/// Embeds texts by table look-up. Clones share the table.
#[derive(Clone, Debug)]
pub struct StaticEmbedder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: EmbedderId,
    tokenizer: Tokenizer,
    table: Table,
    vocabulary: Vocabulary,
}

impl StaticEmbedder {
    /// The compiled-in model: English, 256 dimensions. Loaded at the first call, later calls share it.
    ///
    /// # Errors
    /// [`StaticModelError`] only when the program was built with a damaged model; a test rules that out.
    pub fn bundled() -> Result<Self, StaticModelError> {
        // `get_or_init` cannot carry an error: two first callers may both load, and one result is kept.
        static LOADED: OnceLock<StaticEmbedder> = OnceLock::new();
        if let Some(loaded) = LOADED.get() {
            return Ok(loaded.clone());
        }
        let files = ModelFiles {
            folder: Path::new("(compiled in)"),
            model: Cow::Borrowed(BUNDLED_MODEL),
            tokenizer: BUNDLED_TOKENIZER,
            config: BUNDLED_CONFIG,
        };
        let embedder = Self::load(BUNDLED_NAME, files)?;
        Ok(LOADED.get_or_init(|| embedder).clone())
    }

    /// A model in a Model2Vec folder: `model.safetensors`, `tokenizer.json`, `config.json`.
    ///
    /// # Errors
    /// [`StaticModelError`] naming the folder and the file.
    pub fn from_folder(folder: &Path) -> Result<Self, StaticModelError> {
        let read = |file: &'static str| {
            fs::read(folder.join(file)).map_err(|source| StaticModelError::Read {
                folder: folder.to_owned(),
                file,
                source,
            })
        };
        let (model, tokenizer, config) = (read("model.safetensors")?, read("tokenizer.json")?, read("config.json")?);
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let name = absolute.file_name().map_or("model".into(), |name| name.to_string_lossy());
        let model = Cow::Owned(model);
        Self::load(&name, ModelFiles { folder, model, tokenizer: &tokenizer, config: &config })
    }

    fn load(name: &str, files: ModelFiles<'_>) -> Result<Self, StaticModelError> {
        const MODEL: &str = "model.safetensors";
        const TOKENIZER: &str = "tokenizer.json";
        let ModelFiles { folder, model, tokenizer: json, config } = files;
        let invalid = |file| move |reason| StaticModelError::Invalid { folder: folder.to_owned(), file, reason };
        let hash = blake3::Hasher::new().update(&model).update(json).finalize().to_hex();
        let id = EmbedderId::new(format!("static:{name}@{}", &hash[..8]));
        // Vectors have length 1 whatever the configuration says; a damaged one tells that the folder is none.
        let unread = |error: serde_json::Error| error.to_string();
        serde_json::from_slice::<serde_json::Value>(config).map_err(unread).map_err(invalid("config.json"))?;
        let file = TokenizerFile::read(json).map_err(unread).map_err(invalid(TOKENIZER))?;
        let table = Table::read(model).map_err(invalid(MODEL))?;
        table.check(file.largest_id()).map_err(invalid(MODEL))?;
        let tokenizer = Tokenizer::new(json, &file).map_err(invalid(TOKENIZER))?;
        Ok(Self { inner: Arc::new(Inner { id, tokenizer, table, vocabulary: Vocabulary::of(&file) }) })
    }

    /// The ids of the first 512 tokens of `text`, those of unknown words included.
    pub(super) fn tokens(&self, text: &str) -> impl Iterator<Item = u32> {
        self.inner.tokenizer.ids(text)
    }

    /// Numbers in a vector.
    pub fn dimension(&self) -> usize {
        self.inner.table.dimension()
    }

    /// The unit vector of `text`, without any I/O or waiting; a few microseconds for a question.
    ///
    /// Reads the first 512 tokens. Words that the vocabulary cannot express count by a hash of their characters, in
    /// proportion to their share of the letters, and a text without any token (`———`) is a hash altogether. Such texts
    /// are near each other only when they share words or are equal, and never have a zero vector.
    pub fn embed_sync(&self, text: &str) -> Vec<f32> {
        let inner = &*self.inner;
        let mut vector = inner.table.mean(inner.tokenizer.known_ids(text));
        let (lost, share) = inner.vocabulary.lost(text);
        let norm = squared_norm(&vector);
        let known = norm > 0.5 && norm.is_finite();
        if !known {
            vector.fill(0.0);
        }
        if !known && lost.is_empty() {
            add_hashed(&mut vector, text.trim());
        } else if !lost.is_empty() {
            let mut hashed = vec![0.0; vector.len()];
            lost.iter().for_each(|word| add_hashed(&mut hashed, word));
            let norm = squared_norm(&hashed).sqrt().max(f32::MIN_POSITIVE);
            scale(&mut hashed, share / norm);
            scale(&mut vector, 1.0 - share);
            vector.iter_mut().zip(&hashed).for_each(|(value, add)| *value += add);
        }
        let norm = squared_norm(&vector).sqrt();
        if norm > 1e-6 {
            scale(&mut vector, norm.recip());
        } else {
            // Lost words whose hashes cancel out, or a table of zeros: the text as a whole still has a direction.
            vector.fill(0.0);
            add_hashed(&mut vector, text);
            let norm = squared_norm(&vector).sqrt();
            scale(&mut vector, norm.recip());
        }
        vector
    }
}

fn squared_norm(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum()
}

fn scale(vector: &mut [f32], factor: f32) {
    vector.iter_mut().for_each(|value| *value *= factor);
}

/// Adds a pseudo-random direction that depends on `text` alone: its hash (FNV-1a) seeds a generator (SplitMix64) of
/// signs, so that two texts are nearly perpendicular and the same text always gets the same numbers, on any machine.
fn add_hashed(vector: &mut [f32], text: &str) {
    let mut state = text
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    for part in vector.chunks_mut(64) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        for (i, value) in part.iter_mut().enumerate() {
            *value += (bits >> i & 1) as f32 * 2.0 - 1.0;
        }
    }
}

#[async_trait]
impl Embedder for StaticEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.inner.id
    }

    /// Questions and passages are embedded alike. Never fails for its texts.
    async fn embed(
        &self,
        texts: &[String],
        _purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<TextVector>, ProviderError> {
        if texts.len() <= INLINE_BATCH && texts.iter().map(String::len).sum::<usize>() <= INLINE_BYTES {
            return Ok(texts.iter().map(|text| Ok(self.embed_sync(text))).collect());
        }
        let (embedder, texts) = (self.clone(), texts.to_vec());
        let work = move || texts.par_iter().map(|text| Ok(embedder.embed_sync(text))).collect();
        let done = call.wait(tokio::task::spawn_blocking(work)).await.map_err(|_| ProviderError::Deadline)?;
        done.map_err(|error| {
            let message = format!("the static embedder stopped on this batch: {error}");
            ProviderError::Reported { provider: ProviderKind::Embedded, message }
        })
    }

    fn batch_size(&self) -> usize {
        BATCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundled() -> StaticEmbedder {
        StaticEmbedder::bundled().expect("the compiled-in model loads")
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }

    /// A Model2Vec folder with `rows` rows for a vocabulary of three words.
    fn write_folder(folder: &Path, rows: usize) {
        let tokenizer = r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
            "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
            "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":null,
            "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
            "vocab":{"[UNK]":0,"north":1,"east":2}}}"###;
        let table: Vec<u8> = [[0.0_f32, 0.0], [0.0, 3.0], [4.0, 0.0]]
            .iter()
            .cycle()
            .take(rows)
            .flatten()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![rows, 2], &table).expect("fits");
        let model = safetensors::serialize([("embeddings", view)], &None).expect("serialises");
        fs::write(folder.join("model.safetensors"), model).expect("written");
        fs::write(folder.join("tokenizer.json"), tokenizer).expect("written");
        fs::write(folder.join("config.json"), r#"{"normalize":false}"#).expect("written");
    }

    #[test]
    fn paraphrases_are_nearer_than_strangers() {
        let embedder = bundled();
        let [question, paraphrase, stranger] = [
            "How can I reset my password?",
            "I forgot my password, how do I change it?",
            "The volcano erupted in the spring of 1902.",
        ]
        .map(|text| embedder.embed_sync(text));
        assert!(cosine(&question, &paraphrase) > cosine(&question, &stranger) + 0.3);
    }

    #[test]
    fn every_text_has_a_finite_unit_vector() {
        let embedder = bundled();
        for text in
            ["", "———", "\u{0}\u{1}", "ភាសាខ្មែរ", "贾里德 🦀", "[UNK]", "[PAD]", "a", "\u{FFFD}", &"x".repeat(5_000)]
        {
            let vector = embedder.embed_sync(text);
            assert_eq!(vector.len(), embedder.dimension());
            assert!((squared_norm(&vector) - 1.0).abs() < 1e-4, "{text:?}: {}", squared_norm(&vector));
        }
    }

    #[test]
    fn texts_in_an_unknown_script_are_told_apart() {
        let embedder = bundled();
        let [capital, river, same] =
            ["តើរាជធានីនៅឯណា?", "ទន្លេហូរទៅណា?", "តើរាជធានីនៅឯណា?"].map(|text| embedder.embed_sync(text));
        assert!(cosine(&capital, &river) < 0.8, "only the question mark is known: {}", cosine(&capital, &river));
        assert_eq!(capital, same);
    }

    #[tokio::test]
    async fn a_large_batch_keeps_order_and_equals_single_calls() {
        let embedder = bundled();
        let texts: Vec<String> = (0..40).map(|i| format!("release {i} of the harbor")).collect();
        let vectors = embedder.embed(&texts, Purpose::Passage, &CallContext::without_deadline()).await.expect("embeds");
        assert_eq!(vectors, texts.iter().map(|text| Ok(embedder.embed_sync(text))).collect::<Vec<_>>());
        assert!(
            embedder.embed(&[], Purpose::Query, &CallContext::without_deadline()).await.expect("embeds").is_empty()
        );
    }

    #[test]
    fn a_folder_is_loaded_and_named_by_its_content() {
        let folder = tempfile::tempdir().expect("folder");
        let named = folder.path().join("compass");
        fs::create_dir(&named).expect("folder");
        write_folder(&named, 3);
        let embedder = StaticEmbedder::from_folder(&named).expect("loads");
        assert_eq!(embedder.embed_sync("North!"), [0.0, 1.0], "unit length although the config says otherwise");
        let diagonal = embedder.embed_sync("north east");
        assert!((diagonal[0] - 0.8).abs() < 1e-6 && (diagonal[1] - 0.6).abs() < 1e-6);
        let id = embedder.id().as_str();
        assert!(id.starts_with("static:compass@") && id.len() == "static:compass@".len() + 8, "{id}");
        write_folder(&named, 6);
        assert_ne!(StaticEmbedder::from_folder(&named).expect("loads").id(), embedder.id());
    }

    #[test]
    fn unusable_folders_are_refused_with_folder_and_file() {
        let folder = tempfile::tempdir().expect("folder");
        let refusal = || StaticEmbedder::from_folder(folder.path()).expect_err("refused").to_string();
        assert!(refusal().contains("model.safetensors") && refusal().contains(&*folder.path().to_string_lossy()));
        write_folder(folder.path(), 2);
        assert!(refusal().contains("2 rows, but the tokenizer needs 3"), "{}", refusal());
        fs::write(folder.path().join("tokenizer.json"), "{").expect("written");
        assert!(refusal().contains("tokenizer.json"));
        fs::write(folder.path().join("model.safetensors"), b"short").expect("written");
        write_folder(folder.path(), 3);
        fs::write(folder.path().join("config.json"), b"[").expect("written");
        assert!(refusal().contains("config.json"), "{}", refusal());
    }
}
