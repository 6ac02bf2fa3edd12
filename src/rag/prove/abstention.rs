//! Sentences that say that the documents do not answer: there is nothing to be proven in them.

/// What such sentences hold, in small letters: each needs one of the first words and one of the second, in this order.
const PHRASES: &[(&[&str], &[&str])] = &[
    (
        &[
            "document",
            "context",
            "passage",
            "source",
            "text",
            "information",
            "there is no",
            "i could not",
            "i cannot",
            "i can't",
            "i don't",
            "unable to",
        ],
        &[
            "do not answer",
            "does not answer",
            "don't answer",
            "doesn't answer",
            "not contain",
            "not mention",
            "not provide",
            "not specify",
            "not state",
            "not say",
            "not include",
            "no information",
            "not enough information",
            "not seem to answer",
            "insufficient",
            "find",
            "determine",
            "answer this",
            "know",
        ],
    ),
    (
        &["dokument", "kontext", "quelle", "text", "information", "angabe"],
        &[
            "beantworten diese frage nicht",
            "beantwortet diese frage nicht",
            "nicht zu beantworten",
            "nicht erwähnt",
            "keine information",
            "keine angabe",
            "enthalten keine",
            "enthält keine",
            "geht nicht hervor",
            "nicht hervor",
        ],
    ),
    (
        &["tài liệu", "ngữ cảnh", "đoạn", "thông tin"],
        &["không trả lời", "không đề cập", "không có thông tin", "không cung cấp", "không chứa", "không nêu"],
    ),
    (
        &["文档", "文件", "上下文", "资料", "文中"],
        &["没有找到", "没有回答", "未提及", "没有提到", "没有提供", "未提供", "没有相关", "不包含"],
    ),
];

/// Longest sentence that only abstains, in characters: a longer one goes on with something.
const LONGEST: usize = 220;

/// Whether a sentence says that the documents do not answer, and nothing else.
pub(super) fn abstains(sentence: &str) -> bool {
    if sentence.chars().count() > LONGEST || sentence.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    let lower = sentence.to_lowercase();
    PHRASES.iter().any(|(first, then)| {
        let places = first.iter().filter_map(|word| Some(lower.find(word)? + word.len()));
        places.min().is_some_and(|at| then.iter().any(|word| lower[at..].contains(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_nothing_is_said_is_known_in_four_languages() {
        for sentence in [
            "The documents do not answer this question.",
            "The provided contexts do not contain information about refunds.",
            "Die Dokumente beantworten diese Frage nicht.",
            "Tài liệu không trả lời câu hỏi này.",
            "文档中没有找到答案。",
        ] {
            assert!(abstains(sentence), "{sentence}");
        }
        for sentence in
            ["Refunds are not paid.", "The document was not signed by Ann.", "The contexts do not mention 30 days.", ""]
        {
            assert!(!abstains(sentence), "{sentence}");
        }
    }
}
