//! A question taken apart once, so that it can be compared many times.

use std::collections::BTreeSet;

use super::{
    lexicon::{self, Class, LANGUAGES, Lexicon, Role, SignClass},
    tokens::{Token, tokens},
};

/// Words of a question that are compared: comparing grows with the square, and no question is about more than that.
const MOST_WORDS: usize = 128;

/// What kind of answer a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionKind {
    /// A way to do something: how, what is the best way.
    How,
    /// How many, how long, how much: a quantity of this kind.
    Quantity(Quantity),
    /// What, which.
    What,
    /// A reason.
    Why,
    /// A time.
    When,
    /// A place.
    Where,
    /// A person.
    Who,
    /// Yes or no.
    YesNo,
    /// It does not say: a statement, keywords.
    Open,
}

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// How many, how much.
    Amount,
    /// How long, how often: time.
    Duration,
    /// How often.
    Frequency,
}

impl QuestionKind {
    /// Whether an answer to one may be an answer to the other. Keywords agree with everything; "What is the best way" is
    /// how; "what" and "who" often ask for the same.
    pub fn agrees(self, other: Self) -> bool {
        use QuestionKind::{How, Open, Quantity, What, When, Where, Who, Why, YesNo};
        match (self, other) {
            (a, b) if a == b => true,
            (Open, _) | (_, Open) => true,
            (What, How | Who | Where) | (How | Who | Where, What) => true,
            (How, YesNo) | (YesNo, How) => true,
            (What, Quantity(_)) | (Quantity(_), What) => false,
            (What | Why | When | Where | Who | How | YesNo | Quantity(_), _) => false,
        }
    }
}

/// A word that tells what a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case.
    pub text: String,
    /// Without its ending.
    pub stem: String,
    /// Written as a name: capitalised within the sentence, or with capitals, digits or signs inside.
    pub name: bool,
    /// A name of one letter: plan S, drive H.
    pub(super) short: bool,
    /// One character of a script without spaces.
    pub(super) unspaced: bool,
    /// An article or a preposition stands before it, so that it is a noun.
    pub(super) nominal: bool,
    /// The role that a preposition gives to it.
    pub(super) role: Option<Role>,
    /// The same, or that of the words right before it: "of the season pass" is about the pass.
    pub(super) phrase: Option<Role>,
    /// Position of the word that this role was given to.
    pub(super) head: usize,
    /// A unit behind "per".
    pub(super) unit: bool,
    /// Words of closed classes stand between it and the word before.
    pub(super) apart: bool,
    /// "And", "or" or a comma stands between it and the word before.
    pub(super) joined: bool,
}

impl Word {
    /// Whether the two are forms of one word, in this language.
    pub(super) fn same(&self, other: &Self, lexicon: &Lexicon) -> bool {
        if self.text == other.text {
            return true;
        }
        (self.stem == other.stem || same_stem(&self.text, &other.text))
            && !lexicon.differ_as_agents(&self.text, &other.text)
    }
}

impl Word {
    /// Whether it asks for an amount by itself: "what is the price".
    fn is_measure(&self) -> bool {
        self.is_cost()
            || matches!(
                self.stem.as_str(),
                "charg" | "fee" | "rate" | "number" | "amount" | "pay" | "zahlen" | "payer" | "pagar" | "付"
            )
    }

    /// Whether it says no more than that money is asked for.
    pub(super) fn is_cost(&self) -> bool {
        matches!(self.stem.as_str(), "cost" | "kosten" | "coûter" | "costar" | "giá" | "价" | "费" | "钱" | "tiền")
    }

    /// Whether it asks how long by itself: "what is the length of".
    pub(super) fn is_duration(&self) -> bool {
        matches!(self.stem.as_str(), "length" | "durat" | "dau" | "duré" | "duracion" | "duración" | "last" | "长")
    }

    /// Whether it says no more than that a time is asked for: "what is the time of".
    pub(super) fn is_moment(&self) -> bool {
        matches!(
            self.stem.as_str(),
            "time" | "date" | "zeit" | "uhrzeit" | "heur" | "hor" | "fech" | "时" | "间" | "giờ"
        )
    }

    /// Whether it says no more than that a place is asked for.
    pub(super) fn is_place(&self) -> bool {
        matches!(
            self.stem.as_str(),
            "place" | "locat" | "ort" | "lieu" | "endroit" | "lug" | "地" | "方" | "chỗ" | "nơi"
        )
    }

    /// Whether it is a unit of time: "how many days" is how long.
    pub(super) fn is_time(&self) -> bool {
        matches!(
            self.stem.as_str(),
            "day"
                | "week"
                | "month"
                | "year"
                | "hour"
                | "minut"
                | "tag"
                | "woche"
                | "monat"
                | "jahr"
                | "stund"
                | "jour"
                | "semain"
                | "mois"
                | "an"
                | "heur"
                | "dia"
                | "seman"
                | "mes"
                | "hor"
                | "ngày"
                | "tháng"
                | "tuần"
                | "giờ"
                | "天"
                | "年"
                | "月"
                | "周"
                | "小"
                | "时"
        )
    }
}

/// A word of a closed class that says something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sign {
    pub(super) class: SignClass,
    pub(super) group: &'static str,
    pub(super) firm: bool,
}

/// The numbers of a text, with their units, and dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Written with digits, and dates.
    exact: BTreeSet<String>,
    /// Written as words: "two steps" is as often a figure of speech as a number.
    spelled: BTreeSet<String>,
}

impl Numbers {
    /// Whether one has a number in digits that the other has not, or each has a number that the other has not.
    pub fn differ_from(&self, other: &Self) -> bool {
        let lacks = |own: &BTreeSet<String>, other: &Self| {
            own.iter().any(|number| !other.exact.contains(number) && !other.spelled.contains(number))
        };
        lacks(&self.exact, other)
            || lacks(&other.exact, self)
            || lacks(&self.spelled, other) && lacks(&other.spelled, self)
    }
}

/// A question taken apart.
#[derive(Debug, Clone)]
pub struct Wording {
    tokens: Vec<Token>,
    /// How much speaks for each language.
    evidence: [u32; LANGUAGES],
    language: Option<usize>,
    pub(super) numbers: Numbers,
    pub(super) negated: bool,
    pub(super) kind: QuestionKind,
    pub(super) words: Vec<Word>,
    pub(super) signs: BTreeSet<Sign>,
}

impl Wording {
    /// Takes a question apart.
    pub fn of(question: &str) -> Self {
        let tokens = tokens(question);
        let evidence = evidence(&tokens);
        Self::read(tokens, evidence, language(&evidence))
    }

    /// The same question read in the language that the two of them are most likely in.
    pub(super) fn beside(&self, other: &Self) -> Option<Self> {
        let mut both = self.evidence;
        both.iter_mut().zip(&other.evidence).for_each(|(sum, more)| *sum += more);
        let joint = language(&both);
        (joint != self.language).then(|| Self::read(self.tokens.clone(), self.evidence, joint))
    }

    pub(super) fn lexicon(&self) -> &'static Lexicon {
        lexicon::of(self.language)
    }

    fn read(tokens: Vec<Token>, evidence: [u32; LANGUAGES], language: Option<usize>) -> Self {
        let lexicon = lexicon::of(language);
        let mut reader = Reader::default();
        reader.shouting = !tokens.iter().any(|token| token.lower.chars().any(char::is_alphabetic) && !token.capital);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += reader.take(lexicon, token, &tokens[at..], at.checked_sub(1).and_then(|at| tokens.get(at)));
        }
        let Reader { numbers, negated, words, signs, kinds, .. } = reader;
        let kind = kind(lexicon, &tokens, &kinds, &words);
        Self { tokens, evidence, language, numbers, negated, kind, words, signs }
    }

    /// Numbers with their units, and dates.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Whether it is negated an odd number of times.
    pub fn negated(&self) -> bool {
        self.negated
    }

    /// What kind of answer it asks for.
    pub fn kind(&self) -> QuestionKind {
        self.kind
    }

    /// The words that tell what it is about, in their order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

/// What has been read of a question so far.
#[derive(Default)]
struct Reader {
    numbers: Numbers,
    negated: bool,
    words: Vec<Word>,
    signs: BTreeSet<Sign>,
    kinds: Vec<QuestionKind>,
    /// The whole question is in capitals, which then say nothing.
    shouting: bool,
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
    fn take(&mut self, lexicon: &Lexicon, token: &Token, here: &[Token], before: Option<&Token>) -> usize {
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

/// Whether two words differ in short endings only: at least five common letters and at most three others in each.
fn same_stem(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    common >= 5 && a.len() - common <= 3 && b.len() - common <= 3
}

/// How much speaks for each language: its closed words, and letters that only it has.
fn evidence(tokens: &[Token]) -> [u32; LANGUAGES] {
    let mut evidence = [0; LANGUAGES];
    for (sum, lexicon) in evidence.iter_mut().zip(lexicon::all()) {
        for token in tokens {
            let own = match lexicon.language {
                "zh" => token.unspaced && token.lower.chars().all(|c| ('\u{3400}'..='\u{9FFF}').contains(&c)),
                "vi" => token.lower.chars().any(|c| matches!(c, '\u{1EA0}'..='\u{1EF9}' | 'đ' | 'ơ' | 'ư' | 'ă')),
                "de" => token.lower.contains('ß'),
                "es" => token.lower.contains('ñ'),
                _ => false,
            };
            let closed = lexicon.class(&token.lower).is_some_and(|class| !matches!(class, Class::Form(_)));
            *sum += 2 * u32::from(own) + u32::from(closed);
        }
    }
    evidence
}

/// The language for which most speaks, if anything does; the first of equals.
fn language(evidence: &[u32; LANGUAGES]) -> Option<usize> {
    let most = evidence.iter().copied().max().filter(|most| *most > 0)?;
    evidence.iter().position(|sum| *sum == most)
}

/// What a question asks for: its first question word decides.
fn kind(lexicon: &Lexicon, tokens: &[Token], kinds: &[QuestionKind], words: &[Word]) -> QuestionKind {
    let first = tokens.first().map_or("", |token| token.lower.as_str());
    let next = tokens.get(1).map_or("", |token| token.lower.as_str());
    if lexicon.language == "en" {
        // "Is there …", "Do you know …" ask for what there is, and how.
        match first {
            "is" | "are" | "were" | "was" | "does" | "did" | "will" | "would" | "should" | "may" | "must" => {
                let open = matches!(next, "there" | "it" | "you" | "anyone" | "any");
                return if open { QuestionKind::Open } else { QuestionKind::YesNo };
            }
            "do" | "can" | "could" | "has" | "have" | "am" | "shall" => return QuestionKind::Open,
            _ => {}
        }
        let way = tokens.iter().take(10).any(|token| matches!(token.lower.as_str(), "way" | "ways"));
        if way && kinds.first() == Some(&QuestionKind::What) {
            return QuestionKind::How;
        }
    }
    let kind = kinds.first().copied().unwrap_or(QuestionKind::Open);
    // "What does it cost", "what is the price": how much.
    match kind {
        QuestionKind::What if words.iter().any(Word::is_measure) => QuestionKind::Quantity(Quantity::Amount),
        QuestionKind::What if words.iter().any(Word::is_duration) => QuestionKind::Quantity(Quantity::Duration),
        kind => kind,
    }
}
