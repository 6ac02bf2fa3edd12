//! What is said when the documents do not answer, in the question's language as far as it is told by its letters.

/// A language that the answerer is measured in; others count as the one that they look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// English, and every other one.
    English,
    /// German.
    German,
    /// Vietnamese.
    Vietnamese,
    /// Chinese.
    Chinese,
}

/// What is said.
pub(super) struct Phrases {
    /// There is nothing to quote.
    pub(super) nothing: &'static str,
    /// What is quoted is hardly an answer.
    pub(super) unsure: &'static str,
    /// Before words of the question that no passage has.
    pub(super) missing: &'static str,
    /// Before the closest passage.
    pub(super) closest: &'static str,
}

impl Language {
    /// All, in the order of their thresholds.
    pub(crate) const ALL: [Self; 4] = [Self::English, Self::German, Self::Vietnamese, Self::Chinese];

    /// ISO 639-1 code.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Vietnamese => "vi",
            Self::Chinese => "zh",
        }
    }

    /// The language of a question.
    pub(crate) fn of(question: &str) -> Self {
        const GERMAN: [&str; 14] = [
            " der ", " die ", " das ", " ist ", " wer ", " wie ", " wann ", " wo ", " welche", " wurde", " und ",
            " im ", " warum ", " ein",
        ];
        let has = |letters: &str| question.chars().any(|c| !c.is_ascii() && letters.contains(c));
        let words = format!(" {} ", question.to_lowercase());
        if question.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
            && !question.chars().any(|c| ('ぁ'..='ヿ').contains(&c))
        {
            Self::Chinese
        } else if has("đơưạảấầẩậắằặẹẻẽếềểễệịọỏốồổỗộớờởợụủứừửữự")
        {
            Self::Vietnamese
        } else if has("äöüß")
            || GERMAN.iter().filter(|word| words.contains(*word)).count() >= 1 && !words.contains(" the ")
        {
            Self::German
        } else {
            Self::English
        }
    }

    pub(super) fn phrases(self) -> Phrases {
        match self {
            Self::Chinese => Phrases {
                nothing: "文档中没有找到答案。",
                unsure: "文档似乎没有回答这个问题。",
                missing: "这些段落都没有提到：",
                closest: "最接近的内容：",
            },
            Self::Vietnamese => Phrases {
                nothing: "Tài liệu không trả lời câu hỏi này.",
                unsure: "Tài liệu dường như không trả lời câu hỏi này. ",
                missing: "Không đoạn nào nhắc đến: ",
                closest: "Đoạn gần nhất: ",
            },
            Self::German => Phrases {
                nothing: "Die Dokumente beantworten diese Frage nicht.",
                unsure: "Die Dokumente scheinen diese Frage nicht zu beantworten. ",
                missing: "Keine Passage erwähnt: ",
                closest: "Am nächsten kommt: ",
            },
            Self::English => Phrases {
                nothing: "The documents do not answer this question.",
                unsure: "The documents do not seem to answer this question. ",
                missing: "No passage mentions: ",
                closest: "The closest passage: ",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_small_words_tell_the_language() {
        for (question, language) in [
            ("How long are releases kept?", Language::English),
            ("Wann wurde der Hafen gebaut?", Language::German),
            ("Wie heißt er?", Language::German),
            ("Thủ đô của Việt Nam là gì?", Language::Vietnamese),
            ("黑豹队的防守丢了多少分？", Language::Chinese),
            ("What does die the Hafen mean?", Language::English),
        ] {
            assert_eq!(Language::of(question), language, "{question}");
        }
    }
}
