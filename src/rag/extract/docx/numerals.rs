//! Numbers as Word writes them in lists and headings: `IV`, `b`, `第三`.

/// Roman digits, largest first.
const ROMAN: &[(u32, &str)] = &[
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
];

const UNITS: &[&str] = &[
    "zero",
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
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: &[&str] = &["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const CHINESE_DIGITS: &str = "〇一二三四五六七八九";
const FINANCIAL_DIGITS: &str = "零壹贰叁肆伍陆柒捌玖";
const HEAVENLY_STEMS: &str = "甲乙丙丁戊己庚辛壬癸";
const EARTHLY_BRANCHES: &str = "子丑寅卯辰巳午未申酉戌亥";
const AIUEO: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン";
const IROHA: &str = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス";
const GANADA: &str = "가나다라마바사아자차카타파하";
const CHOSUNG: &str = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ";
const RUSSIAN: &str = "абвгдежзиклмнопрстуфхцчшщыэюя";
const LATIN: &str = "abcdefghijklmnopqrstuvwxyz";

/// Largest number that is written as a Roman one: beyond it Word has no sign either.
const MAX_ROMAN: u32 = 32_767;

/// How often a letter is repeated at most: Word's numbers go to 32,767, which is no list that somebody reads.
const MAX_REPEATS: u32 = 64;

/// The number in a format as OOXML names it (`upperRoman`), in a document of this language; `None` when the format is not
/// known: no number is better than a wrong one.
pub(super) fn write(format: &str, number: u32, language: &str) -> Option<String> {
    let english = language.is_empty() || language.starts_with("en");
    let word = |text: String| english.then(|| capitalized(&text));
    match format {
        "decimal" | "decimalHalfWidth" => Some(number.to_string()),
        "decimalZero" => Some(format!("{number:02}")),
        "upperRoman" => roman(number).map(|text| text.to_uppercase()),
        "lowerRoman" => roman(number),
        "upperLetter" => repeated(LATIN, number).map(|text| text.to_uppercase()),
        "lowerLetter" => repeated(LATIN, number),
        "russianUpper" => repeated(RUSSIAN, number).map(|text| text.to_uppercase()),
        "russianLower" => repeated(RUSSIAN, number),
        "ordinal" => ordinal(number, language),
        "cardinalText" => word(cardinal_words(number)?),
        "ordinalText" => word(ordinal_words(number)?),
        "none" | "bullet" => Some(String::new()),
        "hex" => Some(format!("{number:X}")),
        "chicago" => repeated("*†‡§", number),
        "numberInDash" => Some(format!("- {number} -")),
        "decimalFullWidth" | "decimalFullWidth2" => Some(digits(number, |digit| char::from_u32(0xFF10 + digit))),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => Some(offset(number, 0x2460, 20)),
        "decimalEnclosedParen" => Some(offset(number, 0x2474, 20)),
        "decimalEnclosedFullstop" => Some(offset(number, 0x2488, 20)),
        "ideographEnclosedCircle" => Some(offset(number, 0x3280, 10)),
        "chineseCounting"
        | "chineseCountingThousand"
        | "taiwaneseCounting"
        | "taiwaneseCountingThousand"
        | "ideographLegalTraditional"
        | "japaneseCounting" => counted(number, CHINESE_DIGITS, "十百千万"),
        "chineseLegalSimplified" => counted(number, FINANCIAL_DIGITS, "拾佰仟万"),
        "ideographDigital" | "japaneseDigitalTenThousand" | "taiwaneseDigital" => {
            Some(digits(number, |digit| CHINESE_DIGITS.chars().nth(digit as usize)))
        }
        "ideographTraditional" => cycled(HEAVENLY_STEMS, number),
        "ideographZodiac" => cycled(EARTHLY_BRANCHES, number),
        "aiueo" | "aiueoFullWidth" => cycled(AIUEO, number),
        "iroha" | "irohaFullWidth" => cycled(IROHA, number),
        "ganada" => cycled(GANADA, number),
        "chosung" => cycled(CHOSUNG, number),
        // A format of one's own is written as its first numbers: `001, 002, 003, ...`.
        custom => {
            let first =
                custom.split(',').next().map(str::trim).filter(|first| first.len() > 1 && first.ends_with('1'))?;
            let width = first.len();
            first.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{number:0width$}"))
        }
    }
}

fn roman(mut number: u32) -> Option<String> {
    if number > MAX_ROMAN {
        return None;
    }
    let mut text = String::new();
    for (value, digit) in ROMAN {
        while number >= *value {
            text.push_str(digit);
            number -= value;
        }
    }
    Some(text)
}

/// `a` to `z`, then `aa`, `bb`: Word repeats the letter.
fn repeated(letters: &str, number: u32) -> Option<String> {
    let count = u32::try_from(letters.chars().count()).ok()?;
    let index = number.checked_sub(1)?;
    let times = index / count + 1;
    let letter = letters.chars().nth((index % count) as usize)?;
    (times <= MAX_REPEATS).then(|| letter.to_string().repeat(times as usize))
}

/// One sign each, and from the beginning when they are used up.
fn cycled(signs: &str, number: u32) -> Option<String> {
    let count = u32::try_from(signs.chars().count()).ok()?;
    signs.chars().nth((number.checked_sub(1)? % count) as usize).map(String::from)
}

/// Characters that stand one behind the other in Unicode; beyond the last it is a plain number.
fn offset(number: u32, first: u32, count: u32) -> String {
    if (1..=count).contains(&number)
        && let Some(c) = char::from_u32(first + number - 1)
    {
        return c.to_string();
    }
    number.to_string()
}

fn digits(number: u32, digit: impl Fn(u32) -> Option<char>) -> String {
    number.to_string().chars().filter_map(|c| digit(c.to_digit(10)?)).collect()
}

/// Chinese numbers up to 99,999: 12 is 十二, 105 is 一百〇五.
fn counted(number: u32, digits: &str, places: &str) -> Option<String> {
    if number > 99_999 {
        return None;
    }
    let sign = |signs: &str, index: u32| signs.chars().nth(index as usize);
    if number == 0 {
        return sign(digits, 0).map(String::from);
    }
    let mut text = String::new();
    let mut gap = false;
    for place in (0..=4_u32).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        if digit == 0 {
            gap = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push(sign(digits, 0)?);
        }
        // Ten to nineteen begin with the ten itself.
        if !(digit == 1 && place == 1 && text.is_empty()) || digits == FINANCIAL_DIGITS {
            text.push(sign(digits, digit)?);
        }
        if place > 0 {
            text.push(sign(places, place - 1)?);
        }
    }
    Some(text)
}

fn ordinal(number: u32, language: &str) -> Option<String> {
    let ending = match language.split(['-', '_']).next().unwrap_or_default() {
        "" | "en" => match (number % 10, number % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        },
        "fr" => {
            if number == 1 {
                "er"
            } else {
                "e"
            }
        }
        "es" | "it" | "pt" => "º",
        "de" | "da" | "nb" | "nn" | "no" | "fi" | "cs" | "sk" | "pl" | "hu" | "tr" => ".",
        _ => return None,
    };
    Some(format!("{number}{ending}"))
}

fn cardinal_words(number: u32) -> Option<String> {
    let units = |n: u32| UNITS.get(n as usize).copied();
    Some(match number {
        0..20 => units(number)?.to_owned(),
        20..100 if number.is_multiple_of(10) => TENS.get(number as usize / 10)?.to_string(),
        20..100 => format!("{}-{}", TENS.get(number as usize / 10)?, units(number % 10)?),
        100..1000 if number.is_multiple_of(100) => format!("{} hundred", units(number / 100)?),
        100..1000 => format!("{} hundred {}", units(number / 100)?, cardinal_words(number % 100)?),
        _ => return None,
    })
}

fn ordinal_words(number: u32) -> Option<String> {
    let cardinal = cardinal_words(number)?;
    let at = cardinal.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = cardinal.split_at(at);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", &tens[..tens.len() - 1]),
        other => format!("{other}th"),
    };
    Some(format!("{before}{last}"))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_write_what_word_shows() {
        for (format, number, expected) in [
            ("decimal", 7, "7"),
            ("decimalZero", 7, "07"),
            ("decimalZero", 123, "123"),
            ("upperRoman", 1994, "MCMXCIV"),
            ("lowerRoman", 4, "iv"),
            ("upperLetter", 26, "Z"),
            ("lowerLetter", 27, "aa"),
            ("lowerLetter", 54, "bbb"),
            ("ordinal", 1, "1st"),
            ("ordinal", 12, "12th"),
            ("ordinal", 23, "23rd"),
            ("cardinalText", 21, "Twenty-one"),
            ("ordinalText", 12, "Twelfth"),
            ("ordinalText", 40, "Fortieth"),
            ("ordinalText", 103, "One hundred third"),
            ("none", 3, ""),
            ("numberInDash", 3, "- 3 -"),
            ("decimalEnclosedCircle", 3, "③"),
            ("decimalEnclosedCircle", 21, "21"),
            ("decimalFullWidth", 12, "１２"),
            ("chineseCounting", 3, "三"),
            ("chineseCountingThousand", 12, "十二"),
            ("chineseCountingThousand", 20, "二十"),
            ("chineseCountingThousand", 105, "一百〇五"),
            ("chineseLegalSimplified", 12, "壹拾贰"),
            ("ideographTraditional", 2, "乙"),
            ("ideographDigital", 10, "一〇"),
            ("aiueo", 3, "ウ"),
            ("ganada", 2, "나"),
            ("russianLower", 2, "б"),
            ("chicago", 5, "**"),
            ("001, 002, 003, ...", 12, "012"),
        ] {
            assert_eq!(write(format, number, "en-US").as_deref(), Some(expected), "{format} {number}");
        }
    }

    #[test]
    fn languages_have_their_own_ordinals() {
        assert_eq!(write("ordinal", 1, "de-DE").as_deref(), Some("1."));
        assert_eq!(write("ordinal", 1, "fr-FR").as_deref(), Some("1er"));
        assert_eq!(write("ordinal", 1, "vi-VN"), None);
        assert_eq!(write("cardinalText", 1, "de-DE"), None);
    }

    #[test]
    fn what_is_unknown_or_beyond_a_format_is_no_number() {
        assert_eq!(write("bahtText", 1, ""), None);
        assert_eq!(write("lowerLetter", 0, ""), None);
        assert_eq!(write("lowerLetter", u32::MAX, ""), None);
        assert_eq!(write("upperRoman", u32::MAX, ""), None);
        assert_eq!(write("cardinalText", 1000, ""), None);
    }
}
