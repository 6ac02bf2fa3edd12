//! The terms of a question and where sentences hold them.
//!
//! What a word is, [`words`](crate::util::words) says, as it does for the lexical index. A term is a content word, a name with
//! signs, or a pair of neighbouring characters in scripts without spaces. Words match when they are equal or differ only in a
//! short ending, which serves inflection in any alphabetic language without knowing which one it is, and costs nothing for
//! the many words that share no beginning with a term; and when one is the other without accents or without signs.

use std::{collections::HashSet, sync::LazyLock};

use foldhash::fast::RandomState;

use crate::util::{
    spelling::{first_without_accents, nfkc, without_accents},
    words::{Token, name_key, tokens, without_signs},
};

/// Terms that a question has at most: one bit each.
const MOST: usize = 64;

/// Words that say nothing about what is asked, of the languages that are tested.
const STOP_WORDS: &[&str] = &[
    // English
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with", "and", "or", "is", "are", "was",
    "were", "be", "been", "do", "does", "did", "has", "have", "had", "it", "its", "that", "this", "these", "those",
    "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "many", "much", "long", "often", "can",
    "could", "will", "would", "should", "i", "you", "we", "they", "he", "she", "their", "his", "her", "my", "our",
    "your", "as", "there", "name", "s", // German
    "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines", "und", "oder", "ist",
    "sind", "war", "waren", "wird", "wurde", "wurden", "werden", "hat", "haben", "hatte", "im", "am", "von", "vom",
    "zu", "zum", "zur", "mit", "für", "auf", "aus", "bei", "nach", "was", "wer", "wen", "wem", "wie", "wo", "wann",
    "warum", "wieso", "welche", "welcher", "welches", "welchen", "welchem", "viele", "viel", "sich", "es", "er", "sie",
    "als", // Vietnamese
    "là", "của", "và", "có", "các", "những", "cho", "được", "đã", "ở", "trong", "với", "bao", "nhiêu", "gì", "nào",
    "ai", "khi", "đâu", "sao", "thế", "bị", "vào", "một", "tại", "từ",
];

/// Words by which questions ask, and which their answers seldom repeat: "what kind of", "called", "happened". Found by counting
/// which words of questions are missing in the passages that answer them.
const ASKING_WORDS: &[&str] = &[
    // English
    "sort",
    "kind",
    "type",
    "types",
    "example",
    "examples",
    "call",
    "called",
    "makes",
    "make",
    "made",
    "did",
    "does",
    "doing",
    "happen",
    "happens",
    "happened",
    "besides",
    "along",
    "commonly",
    "typically",
    "usually",
    "generally",
    "often",
    "according",
    "percentage",
    "mean",
    "means",
    "meant",
    "word",
    "term",
    "terms",
    "reason",
    "cause",
    "caused",
    "causes",
    "come",
    "came",
    "comes",
    "given",
    "give",
    "gave",
    "got",
    "get",
    "getting",
    "another",
    "other",
    "while",
    "where",
    "while",
    "someone",
    "something",
    "considered",
    "thought",
    "said",
    "say",
    "says",
    "being",
    "into",
    "than",
    "then",
    "there",
    "between",
    "before",
    "after",
    "during",
    "about",
    "because",
    "so",
    "not",
    "no",
    "if",
    "but",
    "up",
    "out",
    "one",
    "some",
    "any",
    "most",
    "more",
    "also",
    "both",
    "such",
    "same",
    "different",
    "able",
    "need",
    "needed",
    "used",
    "use",
    "uses",
    "using",
    "refer",
    "referred",
    "refers",
    "known",
    "title",
    "named",
    "names",
    "who's",
    "what's",
    "whats",
    "he's",
    "him",
    "them",
    "me",
    "us",
    "himself",
    "itself",
    "themselves",
    "take",
    "takes",
    "took",
    "taken",
    "place",
    "seen",
    "want",
    "like",
    "go",
    "went",
    "went",
    "let",
    "might",
    "may",
    "must",
    "shall",
    "way",
    "ways",
    "thing",
    "things",
    "people",
    "person",
    "many",
    "long",
    "old",
    "far",
    "large",
    "big",
    "fast",
    "year",
    "date",
    "day",
    "time",
    "located",
    "describe",
    "described",
    "describes",
    "become",
    "became",
    "find",
    "found",
    "think",
    "believe",
    "believed",
    "currently",
    "actually",
    "instead",
    "still",
    "just",
    "only",
    "even",
    "ever", // German
    "wofür",
    "wozu",
    "wovon",
    "womit",
    "worauf",
    "woraus",
    "worin",
    "wodurch",
    "wohin",
    "woher",
    "weshalb",
    "wessen",
    "welch",
    "art",
    "arten",
    "name",
    "namen",
    "heißt",
    "hieß",
    "heißen",
    "hießen",
    "nennt",
    "nennen",
    "genannt",
    "nannte",
    "bezeichnet",
    "begriff",
    "laut",
    "lautet",
    "neben",
    "gibt",
    "gab",
    "gegeben",
    "prozentsatz",
    "prozent",
    "anzahl",
    "beispiel",
    "passiert",
    "passierte",
    "geschah",
    "lange",
    "oft",
    "hoch",
    "groß",
    "alt",
    "warum",
    "teil",
    "beiden",
    "beide",
    "andere",
    "anderen",
    "anderer",
    "einige",
    "viel",
    "viele",
    "vielen",
    "man",
    "wenn",
    "noch",
    "auch",
    "oder",
    "statt",
    "beim",
    "dieser",
    "diese",
    "dieses",
    "diesem",
    "diesen",
    "dazu",
    "ihre",
    "ihren",
    "ihrer",
    "ihr",
    "ihm",
    "ihn",
    "sein",
    "seine",
    "seiner",
    "seinen",
    "kann",
    "können",
    "konnte",
    "konnten",
    "würde",
    "würden",
    "sollte",
    "sollten",
    "soll",
    "muss",
    "müssen",
    "hätte",
    "hatten",
    "habe",
    "nicht",
    "kein",
    "keine",
    "um",
    "durch",
    "über",
    "unter",
    "vor",
    "zwischen",
    "während",
    "gegen",
    "ohne",
    "bis",
    "seit",
    "so",
    "nur",
    "mehr",
    "sehr",
    "heute",
    "manchmal",
    "normalerweise",
    "typischerweise",
    "verwendet",
    "verwendete",
    "benutzt",
    "fand",
    "befindet",
    "befand",
    "liegt",
    "lag",
    "führte",
    "machte",
    "macht",
    "gemacht",
    "kam",
    "kommt",
    "wurden",
    "worden",
    "gewesen",
    "menschen",
    "personen",
    "person",
    "jahr",
    "jahren",
    "ort",
    "wort",
    "grund",
    "gilt",
    "galt", // Vietnamese
    "mấy",
    "nói",
    "mà",
    "thì",
    "rằng",
    "hay",
    "hoặc",
    "cái",
    "ví",
    "dụ",
    "tên",
    "gọi",
    "loại",
    "coi",
    "xảy",
    "ra",
    "kể",
    "muốn",
    "con",
    "người",
    "năm",
    "như",
    "để",
    "do",
    "vì",
    "bởi",
    "bằng",
    "về",
    "đến",
    "cùng",
    "này",
    "đó",
    "kia",
    "nó",
    "họ",
    "ông",
    "bà",
    "anh",
    "cô",
    "lại",
    "còn",
    "nên",
    "phải",
    "không",
    "chưa",
    "rất",
    "cũng",
    "đang",
    "sẽ",
    "theo",
    "trên",
    "dưới",
    "sau",
    "trước",
    "lúc",
    "nơi",
    "việc",
    "sự",
    "lâu",
    "phần",
    "trăm",
    "thường",
    "khoảng",
    "ngoài",
    "nhau",
    "đi",
    "lên",
    "làm",
    "giống",
    "thứ",
];

/// The same for pairs of characters.
const ASKING_PAIRS: &[&str] = &[
    "名称", "名字", "名为", "称是", "称为", "叫做", "叫作", "被称", "人们", "类型", "一种", "一位", "例子", "时候",
    "一年", "年份", "地方", "之前", "之后", "之外", "除了", "还有", "另一", "原因", "导致", "主要", "需要", "发生",
    "关于", "包含", "用于", "用来", "比例", "两个", "这个", "一个", "人被", "位置", "位于", "时间", "数量", "百分",
    "分之", "比为", "如何", "什麼", "因为", "为了", "认为", "支球", "实体",
];

/// Characters that make up question words and particles in Chinese and Japanese: pairs with them are no terms.
const STOP_CHARACTERS: &str = "什么多少谁哪吗呢的了是在有何为怎样几个被和与のはがをにでと";

/// Terms found in one sentence, as bits in the order of the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Terms found as they are, with another ending, or spelt otherwise.
    pub terms: u64,
    /// Of these, the ones that are not found as they are.
    pub inflected: u64,
    /// Terms found right behind the term before them.
    pub pairs: u64,
    /// The sentence holds a number.
    pub number: bool,
    /// The sentence holds a capitalised word that does not begin it.
    pub name: bool,
    /// Words, or characters of scripts without spaces.
    pub words: u32,
}

impl Found {
    /// What a text and the one behind it hold together; terms that are adjacent across the seam count as apart.
    pub fn and(self, next: Self) -> Self {
        let exact = self.terms & !self.inflected | next.terms & !next.inflected;
        Self {
            terms: self.terms | next.terms,
            inflected: (self.inflected | next.inflected) & !exact,
            pairs: self.pairs | next.pairs,
            number: self.number || next.number,
            name: self.name || next.name,
            words: self.words + next.words,
        }
    }
}

/// A word or name of the question.
#[derive(Debug)]
struct Known {
    text: String,
    term: u32,
    /// The same without accents or signs.
    plainer: Vec<String>,
    /// Bits of the words that a name consists of: who has the name has them.
    parts: u64,
}

/// The terms of one question.
#[derive(Debug, Default)]
pub struct Terms {
    words: Vec<Known>,
    pairs: Vec<((char, char), u32)>,
    count: u32,
    /// Whether a word of the question may be a compound.
    is_long: bool,
    /// First bytes of `words`, so that most words of a passage are dismissed at once.
    begins: Begins,
    /// Terms that are numbers: a passage without them speaks of something else.
    pub numbers: u64,
    /// Terms that are written like names: capitalised within the question.
    pub names: u64,
}

#[derive(Debug)]
struct Begins([bool; 256]);

impl Default for Begins {
    fn default() -> Self {
        Self([false; 256])
    }
}

/// How a word stands for a term.
#[derive(Debug, Clone, Copy)]
struct Hit {
    term: u32,
    exact: bool,
    /// Bits that are found with it.
    parts: u64,
}

impl Terms {
    /// The terms of `question`; the first 64 when there are more.
    pub fn of(question: &str) -> Self {
        // As the index reads it.
        let question = nfkc(question);
        let mut terms = Self::default();
        let (mut before, mut first) = (None, true);
        for token in tokens(&question) {
            match token {
                Token::Word(word) => {
                    before = None;
                    let is_name = !first && word.starts_with(char::is_uppercase);
                    first = false;
                    let word = word.to_lowercase();
                    if !is_stop_word(&word) {
                        let plainer = without_accents(&word);
                        let count = terms.count;
                        terms.add_word(word, plainer, 0);
                        terms.names |= u64::from(is_name && terms.count > count) << count.min(63);
                    }
                }
                Token::Signed { name, bare } => {
                    before = None;
                    let plainer = if bare.chars().nth(1).is_some() { vec![bare.to_lowercase()] } else { Vec::new() };
                    terms.add_word(name_key(name), plainer, 0);
                }
                Token::Compound(name) => {
                    let name = name_key(name);
                    let parts = tokens(&name).filter_map(|part| match part {
                        Token::Word(part) => terms.words.iter().find(|known| known.text == part),
                        _ => None,
                    });
                    let parts = parts.fold(0, |bits, known| bits | 1 << known.term);
                    let plainer = without_signs(&name).into_iter().collect();
                    terms.add_word(name, plainer, parts);
                }
                Token::Character(c) => {
                    let pair = before.replace(c).map(|first| (first, c)).filter(|pair| !is_stop(*pair));
                    if let Some(pair) = pair.filter(|pair| !terms.pairs.iter().any(|(known, _)| known == pair))
                        && (terms.count as usize) < MOST
                    {
                        terms.pairs.push((pair, terms.count));
                        terms.count += 1;
                    }
                }
            }
        }
        terms.pairs.sort_unstable();
        terms
    }

    fn add_word(&mut self, text: String, plainer: Vec<String>, parts: u64) {
        if self.count as usize >= MOST || self.words.iter().any(|known| known.text == text) {
            return;
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            self.numbers |= 1 << self.count;
        }
        self.is_long |= text.len() >= COMPOUND;
        for begin in plainer.iter().chain([&text]).filter_map(|text| text.as_bytes().first()) {
            self.begins.0[usize::from(*begin)] = true;
        }
        self.words.push(Known { text, term: self.count, plainer, parts });
        self.count += 1;
    }

    /// The first term of `question` behind byte `at`.
    pub fn first_behind(&self, question: &str, at: usize) -> Option<u32> {
        let mut words = tokens(question);
        let mut before = None;
        while let Some(token) = words.next() {
            let term = match token {
                Token::Word(word) => {
                    before = None;
                    let lower = word.to_lowercase();
                    self.words.iter().find(|known| known.text == lower).map(|known| known.term)
                }
                Token::Character(c) => {
                    let pair = before.replace(c).map(|first| (first, c));
                    let known = pair.and_then(|pair| self.pairs.binary_search_by_key(&pair, |(known, _)| *known).ok());
                    known.map(|known| self.pairs[known].1)
                }
                Token::Signed { .. } | Token::Compound(_) => None,
            };
            if words.position() > at && term.is_some() {
                return term;
            }
        }
        None
    }

    /// The words of `question` whose terms are not in `bits`, as they are written there.
    pub fn missing(&self, question: &str, bits: u64) -> Vec<String> {
        let question = nfkc(question);
        let mut missing: Vec<String> = Vec::new();
        for token in tokens(&question) {
            let Token::Word(word) = token else { continue };
            let lower = word.to_lowercase();
            let term = self.words.iter().find(|known| known.text == lower).map(|known| known.term);
            if term.is_some_and(|term| bits >> term & 1 == 0) && !missing.iter().any(|other| other == word) {
                missing.push(word.to_owned());
            }
        }
        missing
    }

    /// Whether the question has this word, given as it is written and in lower case.
    pub fn has_word(&self, word: &str, lower: &str) -> bool {
        let first = word.as_bytes().first().copied().unwrap_or_default();
        let is_long = word.len() >= COMPOUND;
        if first.is_ascii() && !self.begins.0[usize::from(first.to_ascii_lowercase())] && !is_long {
            return false;
        }
        self.words.iter().any(|known| {
            known.text == lower
                || known.text.as_bytes().first() == lower.as_bytes().first() && same_stem(&known.text, lower)
                || known.plainer.iter().any(|plainer| same_word(plainer, lower))
                || (is_long || self.is_long) && is_part(&known.text, lower)
        })
    }

    /// Whether a term has this character of a script without spaces.
    pub fn has_character(&self, c: char) -> bool {
        self.pairs.iter().any(|((a, b), _)| *a == c || *b == c) || STOP_CHARACTERS.contains(c)
    }

    /// Whether a word, in lower case, says nothing.
    pub fn is_stop(&self, lower: &str) -> bool {
        is_stop_word(lower)
    }

    /// Length of each term in characters, in the order of their bits: long words are rare ones.
    pub fn lengths(&self) -> Vec<f32> {
        let mut lengths = vec![2.0; self.count as usize];
        for known in &self.words {
            lengths[known.term as usize] = known.text.chars().count() as f32;
        }
        lengths
    }

    /// How many terms there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Which terms `sentence` holds.
    pub fn find(&self, sentence: &str) -> Found {
        let sentence = nfkc(sentence);
        let mut found = Found::default();
        let mut before = None;
        let mut last: Option<(u32, u32)> = None;
        let mut lower = String::new();
        for token in tokens(&sentence) {
            // A compound is no word more.
            found.words += u32::from(!matches!(token, Token::Compound(_)));
            let hit = match token {
                Token::Word(word) | Token::Signed { name: word, .. } => {
                    before = None;
                    let first = word.chars().find(|c| c.is_alphanumeric()).unwrap_or_default();
                    found.number |= first.is_numeric();
                    found.name |= found.words > 1 && first.is_uppercase();
                    match token {
                        Token::Signed { name, bare } => self.find_signed(name, bare),
                        _ => self.find_word(word, first, &mut lower),
                    }
                }
                Token::Compound(name) => self.find_compound(name),
                Token::Character(c) => {
                    let pair = before.replace(c).map(|first| (first, c));
                    let at = pair.and_then(|pair| self.pairs.binary_search_by_key(&pair, |(known, _)| *known).ok());
                    at.map(|at| Hit { term: self.pairs[at].1, exact: true, parts: 0 })
                }
            };
            let Some(Hit { term, exact, parts }) = hit else { continue };
            let bits = parts | 1 << term;
            if exact {
                found.inflected &= !bits;
            } else {
                found.inflected |= bits & !found.terms;
            }
            found.terms |= bits;
            if last.is_some_and(|(previous, at)| previous + 1 == term && found.words - at <= 3) {
                found.pairs |= 1 << term;
            }
            last = Some((term, found.words));
        }
        found
    }

    /// The term that `word` stands for.
    fn find_word(&self, word: &str, first: char, lower: &mut String) -> Option<Hit> {
        let begins = !first.is_ascii() || self.begins.0[usize::from(first.to_ascii_lowercase() as u8)];
        if !begins && word.len() < COMPOUND {
            return None;
        }
        lower.clear();
        if word.is_ascii() {
            lower.push_str(word);
            lower.make_ascii_lowercase();
        } else {
            lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        let mut near = None;
        let begin = lower.as_bytes().first();
        for known in &self.words {
            // Words that are the same, or of one stem, begin alike.
            let alike = known.text.as_bytes().first() == begin;
            if alike && known.text == *lower {
                return Some(Hit { term: known.term, exact: true, parts: known.parts });
            }
            if near.is_none()
                && (alike && same_stem(&known.text, lower) || known.plainer.iter().any(|p| same_word(p, lower)))
            {
                near = Some(known);
            }
        }
        if near.is_none() && (lower.len() >= COMPOUND || self.is_long) {
            near = self.words.iter().find(|known| is_part(&known.text, lower));
        }
        if near.is_none() && !word.is_ascii() && self.may_begin(lower) {
            let plain = without_accents(lower);
            near = self.words.iter().find(|known| plain.iter().any(|plain| same_word(&known.text, plain)));
        }
        near.map(|known| Hit { term: known.term, exact: false, parts: known.parts })
    }

    /// Whether a term may begin like this word without its accents.
    fn may_begin(&self, word: &str) -> bool {
        first_without_accents(word).is_some_and(|first| !first.is_ascii() || self.begins.0[usize::from(first as u8)])
    }

    fn find_signed(&self, name: &str, bare: &str) -> Option<Hit> {
        let name = name_key(name);
        if let Some(known) = self.words.iter().find(|known| known.text == name) {
            return Some(Hit { term: known.term, exact: true, parts: 0 });
        }
        // A letter without its sign is another name.
        let bare = bare.chars().nth(1).map(|_| bare.to_lowercase())?;
        let known = self.words.iter().find(|known| known.text == bare)?;
        Some(Hit { term: known.term, exact: false, parts: 0 })
    }

    fn find_compound(&self, name: &str) -> Option<Hit> {
        let name = name_key(name);
        if let Some(known) = self.words.iter().find(|known| known.text == name) {
            return Some(Hit { term: known.term, exact: true, parts: 0 });
        }
        let plain = without_signs(&name)?;
        let known = self.words.iter().find(|known| known.text == plain)?;
        Some(Hit { term: known.term, exact: false, parts: 0 })
    }
}

fn same_word(a: &str, b: &str) -> bool {
    a == b || same_stem(a, b)
}

/// Whether two words differ in short endings only: at least five common letters and at most three others in each, or
/// four when one word begins the other; for three-letter words a plural or past ending.
fn same_stem(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if common < 3 || a.as_bytes()[0].is_ascii_digit() {
        return false;
    }
    let (rest_a, rest_b) = (a.len() - common, b.len() - common);
    if common >= 4 {
        return (common >= 5 || rest_a.min(rest_b) == 0)
            && rest_a <= 3
            && rest_b <= 3
            && a.is_char_boundary(common)
            && b.is_char_boundary(common);
    }
    rest_a.min(rest_b) == 0 && matches!(if rest_a == 0 { &b[common..] } else { &a[common..] }, "s" | "es" | "ed" | "'s")
}

fn is_stop_word(lower: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str, RandomState>> =
        LazyLock::new(|| STOP_WORDS.iter().chain(ASKING_WORDS).copied().collect());
    WORDS.contains(lower)
}

fn is_stop(pair: (char, char)) -> bool {
    let is_pair = |known: &&str| known.chars().eq([pair.0, pair.1]);
    STOP_CHARACTERS.contains(pair.0) || STOP_CHARACTERS.contains(pair.1) || ASKING_PAIRS.iter().any(is_pair)
}

/// Letters from which on a word is looked for within a compound, and bytes that a compound has at least.
const PART: usize = 5;
const COMPOUND: usize = 10;

/// Whether one word begins or ends a compound that is the other: German writes them together.
fn is_part(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.len() >= COMPOUND && short.len() >= PART && (long.ends_with(short) || long.starts_with(short))
}

#[cfg(test)]
mod tests;
