//! Properties of writing systems that decide how a text is taken apart.

/// Whether `c` belongs to a script that writes words without spaces between them (Chinese, Japanese, Thai, Lao, Khmer,
/// Burmese). Korean uses spaces.
pub fn is_unspaced(c: char) -> bool {
    // Most text is below; the answer is needed for every letter of a passage.
    c >= '\u{0E00}'
        && matches!(u32::from(c),
            0x0E00..=0x0EFF      // Thai, Lao
            | 0x1000..=0x109F    // Burmese
            | 0x1780..=0x17FF    // Khmer
            | 0x3005..=0x3007    // iteration mark, ideographic zero
            | 0x3040..=0x30FF    // kana
            | 0x31F0..=0x31FF
            | 0x3400..=0x4DBF    // Han
            | 0x4E00..=0x9FFF
            | 0xF900..=0xFAFF
            | 0x20000..=0x3FFFF
        )
}

#[cfg(test)]
mod tests {
    use super::is_unspaced;

    #[test]
    fn tells_scripts_with_and_without_spaces() {
        assert!("中ひカก".chars().all(is_unspaced));
        assert!(!"aé한ж。、".chars().any(is_unspaced));
    }
}
