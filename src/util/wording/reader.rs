//! Reads a question word by word.

use std::collections::BTreeSet;

use super::{
    lexicon::{self, Class, Lexicon, Role, SignClass},
    question::{Part, QuestionKind},
    tokens::Token,
    word::{Numbers, Sign, Word},
};

/// Words of a question that are compared: comparing grows with the square, and no question is about more than that.
const MOST_WORDS: usize = 128;

/// What has been read of a question so far.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) numbers: Numbers,
    pub(crate) negated: bool,
    pub(crate) words: Vec<Word>,
    pub(crate) signs: BTreeSet<Sign>,
    pub(crate) kinds: Vec<QuestionKind>,
    pub(crate) asks_for: Option<Part>,
    /// The whole question is in capitals, which then say nothing.
    pub(crate) shouting: bool,
    /// The number right before.
    number: Option<String>,
    nominal: bool,
    role: Option<Role>,
    apart: bool,
    joined: bool,
    /// "Per" stands right before.
    per: bool,
}

impl Reader {
    /// Takes in what stands here, and tells how many tokens that is.
    pub(crate) fn take(&mut self, lexicon: &Lexicon, token: &Token, here: &[Token], before: Option<&Token>) -> usize {
        let number_before = self.number.take();
        self.joined |= before.is_some_and(|before| before.pause);
        if before.is_some_and(|before| before.genitive) {
            self.apart = true;
        }
        if let Some(number) = token.number() {
            self.number = Some(number.clone());
            self.numbers.exact.insert(number);
            self.apart = true;
            return 1;
        }
        let named = is_short_name(lexicon, token, here, self.shouting);
        let found = if named { None } else { lexicon.at(here) };
        if let (Some(number), Some(unit)) = (number_before, lexicon::unit(&token.lower)) {
            for numbers in [&mut self.numbers.exact, &mut self.numbers.spelled] {
                if numbers.remove(&number) {
                    numbers.insert(format!("{number} {unit}"));
                }
            }
            return 1;
        }
        if token.lower.ends_with("n't") {
            self.negate(here, before, 1);
            return 1;
        }
        let Some((class, length)) = found else {
            self.word(lexicon, token, named, None);
            return 1;
        };
        if let Class::Form(form) = class {
            self.word(lexicon, token, false, Some(form));
            return length;
        }
        if let Some(group) = lexicon.last_particle(&token.lower).filter(|_| here.len() == 1) {
            self.signs.insert(Sign { class: SignClass::Relation, group, firm: false });
        }
        self.closed(lexicon, class, here, before, length);
        self.apart = true;
        length
    }

    fn closed(&mut self, lexicon: &Lexicon, class: Class, here: &[Token], before: Option<&Token>, length: usize) {
        match class {
            Class::Idle | Class::Form(_) => {}
            Class::Article => self.nominal = true,
            Class::Join => self.joined = true,
            Class::Marker(role) => {
                self.role = Some(role);
                // "Par jour", "por kilo".
                self.per = role == Role::By && matches!(lexicon.language, "fr" | "es");
                self.nominal = true;
            }
            Class::Sign { class, group, firm } => {
                self.signs.insert(Sign { class, group, firm });
                self.per = group == "per";
                self.nominal |= matches!(class, SignClass::Relation | SignClass::Quantifier);
            }
            Class::Ask(kind) | Class::AskNoun(kind) => {
                self.kinds.push(kind);
                if kind == QuestionKind::Who && self.asks_for.is_none() {
                    self.asks_for = Part::asked(lexicon, here, length, self.role, !self.words.is_empty());
                }
                self.nominal = matches!(class, Class::AskNoun(_));
                // "From what" is no role of the next noun.
                self.role = None;
            }
            Class::Negation => self.negate(here, before, length),
            Class::Number(number) => {
                self.numbers.spelled.insert(number.to_owned());
                self.number = Some(number.to_owned());
            }
            Class::Date(date) => {
                self.numbers.exact.insert(date.to_owned());
            }
        }
    }

    fn negate(&mut self, here: &[Token], before: Option<&Token>, length: usize) {
        let next = here.get(length).map(|next| next.lower.as_str());
        let lower = here.first().map_or("", |token| token.lower.as_str());
        let pause = here.first().is_some_and(|token| token.pause);
        // "Whether or not", "not only", "why don't we", "no, it does not" negate nothing by themselves; nor does the
        // Vietnamese word that ends a question.
        let idle = next == Some("only")
            || before.is_some_and(|before| matches!(before.lower.as_str(), "or" | "oder"))
            || before.is_none() && (pause || matches!(lower, "don't" | "dont"))
            || next.is_none() && length == 1 && matches!(lower, "không" | "chưa");
        self.negated ^= !idle;
    }

    fn word(&mut self, lexicon: &Lexicon, token: &Token, short: bool, form: Option<&str>) {
        if self.words.len() == MOST_WORDS {
            return;
        }
        // German writes every noun like a name.
        let capital = token.capital && !token.first && !self.shouting;
        let name = short
            || token.lower.chars().nth(1).is_some()
                && (token.inside && !self.shouting || capital && lexicon.language != "de")
            || token.lower.chars().any(|c| c.is_ascii_digit());
        let stem = match form {
            Some(form) => form.to_owned(),
            None => lexicon.stem(&token.lower),
        };
        // A name in another script stands out, whatever its letters.
        let foreign = lexicon.is_latin() && token.lower.chars().any(is_foreign);
        // "The server's port" is the port of the server.
        let role = self.role.take().or(token.genitive.then_some(Role::Of));
        let together = !self.apart && !self.joined;
        let before = self.words.last().filter(|_| together && role.is_none());
        let phrase = role.or_else(|| before.and_then(|before| before.phrase));
        let head = before.map_or(self.words.len(), |before| before.head);
        self.words.push(Word {
            text: token.lower.clone(),
            stem,
            name: name || foreign,
            short,
            unspaced: token.unspaced,
            nominal: self.nominal || capital || token.genitive,
            role,
            phrase,
            head,
            unit: self.per,
            apart: self.apart,
            joined: self.joined,
        });
        (self.nominal, self.apart, self.joined, self.per) = (false, false, false, false);
    }
}

/// Whether one letter is a name here: plan A, drive H, part b.
fn is_short_name(lexicon: &Lexicon, token: &Token, here: &[Token], shouting: bool) -> bool {
    if !token.is_letter() || token.inside {
        return token.is_letter();
    }
    let Some(class) = lexicon.class(&token.lower) else {
        // Letters with marks are syllables in Vietnamese, small ones prepositions in Russian.
        return token.lower.is_ascii() || token.capital && !token.first;
    };
    if token.capital && !token.first && !shouting {
        // "I" is a pronoun.
        return token.lower != "i";
    }
    // An article has a noun behind it: "is plan a cheaper" has one, "how much is plan a per month" has none.
    let next = here.get(1).filter(|_| !token.pause);
    let noun_behind = next.is_some_and(|next| {
        next.number().is_none() && !matches!(lexicon.class(&next.lower), Some(class) if !matches!(class, Class::Form(_) | Class::Sign { .. }))
            || matches!(lexicon.class(&next.lower), Some(Class::Sign { class, .. }) if class != SignClass::Relation && class != SignClass::Modal)
    });
    class == Class::Article && !noun_behind
}

/// A letter of another script than Latin.
fn is_foreign(c: char) -> bool {
    c.is_alphabetic() && !matches!(c, '\0'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}')
}
