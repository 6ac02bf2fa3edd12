//! What kind of thing a question asks for, and which kinds of things a text has. English, German, Vietnamese and Chinese.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;

use super::super::terms::Terms;
use crate::util::words::{Token, tokens};

/// The kind of thing that a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Somebody.
    Person,
    /// A place.
    Place,
    /// A time.
    Time,
    /// A number, an amount, a length.
    Amount,
    /// A reason.
    Reason,
    /// Anything.
    Thing,
}

/// Words that say what is asked for, lower case; Latin ones are whole words.
const CUES: &[(Asked, &[&str])] = &[
    (
        Asked::Amount,
        &[
            "how many",
            "how much",
            "how long",
            "how old",
            "how often",
            "how far",
            "how large",
            "how big",
            "how tall",
            "how high",
            "how fast",
            "how deep",
            "what percentage",
            "what percent",
            "what number",
            "wie viel",
            "wie viele",
            "wie lange",
            "wie oft",
            "wie alt",
            "wie groß",
            "wie hoch",
            "wie weit",
            "wie schnell",
            "wieviel",
            "wieviele",
            "wie vielen",
            "welcher prozentsatz",
            "bao nhiêu",
            "bao lâu",
            "bao xa",
            "mấy",
            "多少",
            "几",
            "多长",
            "多大",
            "多高",
            "多远",
            "多久",
        ],
    ),
    (
        Asked::Time,
        &[
            "when",
            "what year",
            "which year",
            "what date",
            "what day",
            "what month",
            "what century",
            "what decade",
            "what time",
            "wann",
            "welchem jahr",
            "welches jahr",
            "welchem jahrhundert",
            "welchem monat",
            "seit wann",
            "khi nào",
            "năm nào",
            "ngày nào",
            "thế kỷ nào",
            "lúc nào",
            "bao giờ",
            "tháng nào",
            "thời gian nào",
            "何时",
            "哪一年",
            "哪年",
            "什么时候",
            "什么时间",
            "哪个世纪",
            "哪一天",
        ],
    ),
    (
        Asked::Reason,
        &[
            "why",
            "what reason",
            "what caused",
            "warum",
            "weshalb",
            "wieso",
            "tại sao",
            "vì sao",
            "lý do",
            "为什么",
            "为何",
            "原因",
        ],
    ),
    (
        Asked::Place,
        &[
            "where",
            "what country",
            "which country",
            "what city",
            "which city",
            "what state",
            "what place",
            "what location",
            "wo",
            "woher",
            "wohin",
            "welchem land",
            "welcher stadt",
            "welchem ort",
            "ở đâu",
            "nơi nào",
            "nước nào",
            "thành phố nào",
            "đâu",
            "哪里",
            "何处",
            "哪个国家",
            "哪个城市",
            "在哪",
            "哪儿",
        ],
    ),
    (Asked::Person, &["who", "whom", "whose", "wer", "wem", "wen", "wessen", "ai", "người nào", "谁", "哪位", "何人"]),
];

impl Asked {
    /// What a question asks for, and where in it that is said, in bytes.
    pub(super) fn of(question: &str) -> (Self, usize) {
        let lower = format!("{} ", question.to_lowercase());
        for (asked, cues) in CUES {
            for cue in *cues {
                for (at, _) in lower.match_indices(cue) {
                    let latin = cue.chars().next().is_some_and(|c| !crate::util::script::is_unspaced(c));
                    let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                    let bounded =
                        whole(lower[..at].chars().next_back()) && whole(lower[at + cue.len()..].chars().next());
                    if !latin || bounded {
                        return (*asked, at);
                    }
                }
            }
        }
        let other = [
            "what", "which", "how", "was", "welche", "welcher", "welches", "welchen", "welchem", "wie", "gì", "nào",
            "什么", "哪", "如何",
        ];
        let at = other
            .iter()
            .filter_map(|cue| {
                lower
                    .find(&format!(" {cue} "))
                    .or_else(|| lower.starts_with(cue).then_some(0))
                    .or_else(|| (!cue.is_ascii()).then(|| lower.find(cue)).flatten())
            })
            .min();
        (Self::Thing, at.unwrap_or(0))
    }
}

/// The kinds of things in a text, each counted up to a few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// Numbers that the question does not have, in digits or words.
    pub(super) numbers: u8,
    /// Of these, years.
    pub(super) years: u8,
    /// Months, centuries, weekdays.
    pub(super) dates: u8,
    /// Percent signs, currencies and units.
    pub(super) units: u8,
    /// Capitalised words that the question does not have and that begin no sentence.
    pub(super) names: u8,
    /// Pairs of these, one behind the other.
    pub(super) full_names: u8,
    /// Names behind "in", "at", "near".
    pub(super) places: u8,
    /// Words of reason.
    pub(super) reasons: u8,
    /// Quotation marks and titles.
    pub(super) quotes: u8,
    /// Content words that the question does not have.
    pub(super) news: u8,
}

const NUMBER_WORDS: &[&str] = &[
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "dozen",
    "hundred",
    "thousand",
    "million",
    "billion",
    "half",
    "third",
    "quarter",
    "twice",
    "several",
    "first",
    "second",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "hundert",
    "tausend",
    "millionen",
    "milliarden",
    "million",
    "hälfte",
    "hai",
    "ba",
    "bốn",
    "năm",
    "sáu",
    "bảy",
    "tám",
    "chín",
    "mười",
    "trăm",
    "nghìn",
    "triệu",
    "tỷ",
    "một",
];

const DATE_WORDS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "century",
    "centuries",
    "decade",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "spring",
    "summer",
    "autumn",
    "winter",
    "bc",
    "ad",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "jahrhundert",
    "jahrhunderts",
    "jahr",
    "jahre",
    "thế",
    "kỷ",
    "tháng",
    "ngày",
    "year",
];

const UNITS: &[&str] = &[
    "percent",
    "per",
    "years",
    "days",
    "months",
    "weeks",
    "hours",
    "minutes",
    "seconds",
    "km",
    "kilometers",
    "kilometres",
    "miles",
    "metres",
    "meters",
    "m",
    "feet",
    "ft",
    "kg",
    "tons",
    "tonnes",
    "acres",
    "dollars",
    "euros",
    "usd",
    "prozent",
    "tage",
    "tagen",
    "jahren",
    "monate",
    "wochen",
    "stunden",
    "minuten",
    "kilometer",
    "meter",
    "tonnen",
    "dollar",
    "phần",
    "giờ",
    "phút",
    "đô",
    "mét",
    "dặm",
    "tuổi",
    "lần",
];

const REASON_WORDS: &[&str] = &[
    "because",
    "due",
    "since",
    "therefore",
    "thus",
    "caused",
    "reason",
    "reasons",
    "result",
    "prevent",
    "avoid",
    "weil",
    "da",
    "wegen",
    "aufgrund",
    "daher",
    "deshalb",
    "um",
    "damit",
    "grund",
    "vì",
    "bởi",
    "nhằm",
    "do",
    "nên",
    "để",
    "to",
    "so",
];

const PLACE_WORDS: &[&str] =
    &["in", "at", "near", "from", "of", "to", "bei", "nach", "aus", "ở", "tại", "thành", "phố", "tỉnh", "nước"];

/// What a word is, as bits: those of the tables above, in their order.
fn flags(lower: &str) -> u8 {
    static WORDS: LazyLock<HashMap<&str, u8, RandomState>> = LazyLock::new(|| {
        let mut words = HashMap::with_hasher(RandomState::default());
        let tables = [NUMBER_WORDS, DATE_WORDS, UNITS, REASON_WORDS, PLACE_WORDS];
        for (bit, table) in tables.into_iter().enumerate() {
            for word in table {
                *words.entry(*word).or_insert(0) |= 1 << bit;
            }
        }
        words
    });
    WORDS.get(lower).copied().unwrap_or(0)
}

impl Kinds {
    /// What a text has that the question `terms` has not.
    pub(super) fn of(text: &str, terms: &Terms, begins: bool) -> Self {
        let mut kinds = Self::default();
        let (mut first, mut after_name, mut after_place) = (begins, false, false);
        let mut lower = String::new();
        for token in tokens(text) {
            match token {
                Token::Word(word) | Token::Signed { name: word, .. } => {
                    kinds.word(word, terms, &mut lower, first, &mut after_name, &mut after_place);
                    first = false;
                }
                Token::Compound(_) => {}
                Token::Character(c) => {
                    kinds.character(c);
                    kinds.news = kinds.news.saturating_add(u8::from(!terms.has_character(c)));
                    (after_name, after_place) = (false, matches!(c, '在' | '于' | '至'));
                }
            }
        }
        kinds.quotes += u8::from(text.contains(['"', '“', '„', '《', '「', '»', '”']));
        kinds.units += u8::from(text.contains(['%', '$', '€', '£', '¥', '°']));
        kinds
    }

    fn word(
        &mut self,
        word: &str,
        terms: &Terms,
        lower: &mut String,
        first: bool,
        after_name: &mut bool,
        after_place: &mut bool,
    ) {
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        let known = terms.has_word(word, lower);
        let flags = flags(lower);
        let is = |bit: u8| flags >> bit & 1;
        let head = word.chars().next().unwrap_or(' ');
        let numeric = head.is_numeric();
        if numeric && !known {
            self.numbers = self.numbers.saturating_add(1);
            let year = word.len() >= 4
                && word.as_bytes()[..4].iter().all(u8::is_ascii_digit)
                && matches!(word.len(), 4 | 5)
                && (b'1'..=b'2').contains(&word.as_bytes()[0]);
            self.years = self.years.saturating_add(u8::from(year));
        } else if !known {
            self.numbers = self.numbers.saturating_add(is(0));
            self.dates = self.dates.saturating_add(is(1));
            self.reasons = self.reasons.saturating_add(is(3));
        }
        self.units = self.units.saturating_add(is(2));
        let name = head.is_uppercase() && !known && !terms.is_stop(lower);
        if name && !first {
            self.names = self.names.saturating_add(1);
            self.full_names = self.full_names.saturating_add(u8::from(*after_name));
            self.places = self.places.saturating_add(u8::from(*after_place));
        }
        *after_name = name;
        *after_place = is(4) == 1;
        self.news = self.news.saturating_add(u8::from(!known && !terms.is_stop(lower)));
    }

    fn character(&mut self, c: char) {
        self.numbers = self.numbers.saturating_add(u8::from("一二三四五六七八九十百千万亿两".contains(c)));
        self.dates = self.dates.saturating_add(u8::from("年月日世纪".contains(c)));
        self.units = self.units.saturating_add(u8::from("米里公斤吨元岁次个名座".contains(c)));
        self.reasons = self.reasons.saturating_add(u8::from("因由致故".contains(c)));
        self.places = self.places.saturating_add(u8::from("省市国州县城镇岛".contains(c)));
        self.names = self.names.saturating_add(u8::from("·・".contains(c)));
    }
}
