//! What documents say of their pictures for those who cannot see them.

use super::clean::squeeze;

/// What programs write there by themselves.
const GENERIC: &[&str] = &["image", "picture", "photo", "icon", "logo", "bild", "grafik", "hình ảnh", "图片", "画像"];

/// What PowerPoint and Word add to what they guessed.
const GUESSED: &[&str] = &["Description automatically generated", "AI-generated content may be incorrect."];

const FILES: &[&str] = &[".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".tif", ".tiff", ".emf", ".wmf"];

/// Longest alternative in characters: what is longer was not written for a picture.
const MAX_CHARS: usize = 2_000;

/// The words that stand for a picture; `None` where nothing is said of it but the name of its file.
pub(super) fn alternative(text: &str) -> Option<String> {
    let text = GUESSED.iter().fold(squeeze(text), |text, guessed| text.replace(guessed, "").trim_end().to_owned());
    let lower = text.to_lowercase();
    let is_name = GENERIC.contains(&lower.as_str()) || FILES.iter().any(|end| lower.ends_with(end));
    let says = text.chars().any(char::is_alphanumeric) && !is_name && text.chars().count() <= MAX_CHARS;
    says.then_some(text)
}

/// Counts pictures of which nothing is said, and gives the words of the others.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Pictures {
    /// Pictures of which nothing is said.
    pub without_text: u32,
}

impl Pictures {
    /// A picture, and what is said of it.
    pub fn read(&mut self, said: Option<&str>) -> Option<String> {
        let words = said.and_then(alternative);
        self.without_text += u32::from(words.is_none());
        words.map(|words| format!("Picture: {words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_names_of_files() {
        assert_eq!(alternative(" Red\n valve ").as_deref(), Some("Red valve"));
        let guessed = "A dog on a pier\n\nDescription automatically generated";
        assert_eq!(alternative(guessed).as_deref(), Some("A dog on a pier"));
        for nothing in ["", "—", "Image", "IMG_0417.JPG", "Grafik", "Description automatically generated"] {
            assert_eq!(alternative(nothing), None, "{nothing:?}");
        }
        assert_eq!(alternative(&"x".repeat(MAX_CHARS + 1)), None);
    }
}
