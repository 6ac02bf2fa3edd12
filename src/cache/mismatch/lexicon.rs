//! Small closed word classes: words that mean nothing by themselves, that negate, count, ask, or oppose each other.
//!
//! They are closed on purpose. An open class (all antonyms of a language) belongs into a model, and what the guards miss
//! the verified mode still bounds.

use std::{collections::HashSet, sync::LazyLock};

/// Words that do not tell what a question is about: English, German, Vietnamese. A set, because every word of every question
/// is looked up.
static FUNCTION_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "\
    a about actually all also am an and any anyone are as at be been being best better between but by can cannot \
    could did do does doing done down each easiest ever every for from get gets getting give go good got great had \
    has have having he her here him his how i if in into is it its just know like lot m make makes many may me \
    might mine more most much must my need needed of on one ones only or other others our out over own people \
    person please possible quite re really s shall she should so some someone somebody still such t tell than that \
    the their them then there these they thing things this those through to too top under up us use used using ve \
    very want was way ways we were what when where whether which while who whom whose why will with would you your \
    yours d ll exactly currently because even \
    aber als am auch auf aus bei beim bitte da das dass dem den der des dich die dir doch du durch ein eine einem \
    einen einer eines er es für gibt hat haben hatte ich ihr ihre im ist ja kann können man mein meine mich mir mit \
    muss müssen nach noch oder sein seine sich sie sind soll sollte um und uns unser vom von vor wann war waren \
    warum welche welchem welchen welcher welches wem wen wenn wer werden wie wieso wieviel wir wird wo woher wohin \
    wurde wurden zu zum zur viel viele \
    ai anh bao bị các cho có của cái đâu được đã gì khi là làm một nào như nhiêu những ở sao tại thế thì tôi trong \
    từ và vào với để"
        .split_ascii_whitespace()
        .collect()
});

/// Words that turn a statement into its opposite. Two of them cancel out.
const NEGATIONS: &[&str] = &[
    "no", "non", "not", "never", "without", "nor", "cannot", "neither", "none", "nobody", "nothing", "nowhere", "cant",
    "dont", "doesnt", "wont", "isnt", "arent", "shouldnt", "wouldnt", "couldnt", "didnt", "hardly", //
    "nicht", "kein", "keine", "keinen", "keinem", "keiner", "nie", "niemals", "ohne", "nichts", "niemand", //
    "không", "chẳng", "chưa", "đừng",
];

/// Characters that negate in Chinese and Japanese.
const NEGATING_CHARACTERS: &str = "不没沒无無未别勿非";

/// Numbers in words. "One" is an article as often as a number.
const NUMBER_WORDS: &[(&str, &str)] = &[
    ("zero", "0"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("fifty", "50"),
    ("hundred", "100"),
    ("thousand", "1000"),
    ("million", "1000000"),
    ("billion", "1000000000"),
    ("twice", "2"),
    ("zwei", "2"),
    ("drei", "3"),
    ("vier", "4"),
    ("fünf", "5"),
    ("sechs", "6"),
    ("sieben", "7"),
    ("acht", "8"),
    ("neun", "9"),
    ("zehn", "10"),
    ("zwölf", "12"),
    ("hai", "2"),
    ("ba", "3"),
    ("bốn", "4"),
    ("năm", "5"),
    ("mười", "10"),
];

/// Months and days of the week: as telling as a number.
const DATES: &[(&str, &str)] = &[
    ("january", "jan"),
    ("jan", "jan"),
    ("february", "feb"),
    ("feb", "feb"),
    ("april", "apr"),
    ("apr", "apr"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("aug", "aug"),
    ("september", "sep"),
    ("sept", "sep"),
    ("sep", "sep"),
    ("october", "oct"),
    ("oct", "oct"),
    ("november", "nov"),
    ("nov", "nov"),
    ("december", "dec"),
    ("dec", "dec"),
    ("monday", "mon"),
    ("tuesday", "tue"),
    ("wednesday", "wed"),
    ("thursday", "thu"),
    ("friday", "fri"),
    ("saturday", "sat"),
    ("sunday", "sun"),
];

/// Units with their short forms, where a number stands before them.
const UNITS: &[&[&str]] = &[
    &["ms", "millisecond", "milliseconds"],
    &["second", "seconds", "sec", "secs"],
    &["minute", "minutes", "min", "mins"],
    &["hour", "hours", "hr", "hrs"],
    &["day", "days", "tag", "tage", "tagen"],
    &["week", "weeks", "woche", "wochen"],
    &["month", "months", "monat", "monate", "monaten"],
    &["year", "years", "yr", "yrs", "jahr", "jahre", "jahren"],
    &["mg", "milligram", "milligrams"],
    &["g", "gram", "grams", "gramm"],
    &["kg", "kilo", "kilos", "kilogram", "kilograms"],
    &["lb", "lbs", "pound", "pounds"],
    &["mm", "millimeter", "millimeters"],
    &["cm", "centimeter", "centimeters"],
    &["km", "kilometer", "kilometers"],
    &["mile", "miles"],
    &["foot", "feet", "ft"],
    &["inch", "inches"],
    &["kb", "kilobyte", "kilobytes"],
    &["mb", "megabyte", "megabytes"],
    &["gb", "gigabyte", "gigabytes"],
    &["tb", "terabyte", "terabytes"],
    &["percent", "prozent"],
    &["dollar", "dollars", "usd"],
    &["euro", "euros", "eur"],
];

/// Pairs of opposites, as stems: a word matches when it begins with one.
const ANTONYMS: &[(&str, &str)] = &[
    ("accept", "reject"),
    ("accept", "declin"),
    ("add", "remov"),
    ("add", "delet"),
    ("add", "subtract"),
    ("advantage", "disadvantage"),
    ("allow", "forbid"),
    ("allow", "deny"),
    ("allow", "block"),
    ("allow", "prevent"),
    ("always", "never"),
    ("arriv", "depart"),
    ("arriv", "leav"),
    ("ascend", "descend"),
    ("attach", "detach"),
    ("benefit", "drawback"),
    ("benefit", "risk"),
    ("before", "after"),
    ("begin", "end"),
    ("big", "small"),
    ("borrow", "lend"),
    ("bull", "bear"),
    ("buy", "sell"),
    ("cheap", "expensive"),
    ("close", "open"),
    ("cold", "hot"),
    ("compress", "decompress"),
    ("connect", "disconnect"),
    ("create", "delet"),
    ("create", "destroy"),
    ("creat", "remov"),
    ("credit", "debit"),
    ("dead", "alive"),
    ("decreas", "increas"),
    ("deposit", "withdraw"),
    ("download", "upload"),
    ("early", "late"),
    ("easy", "difficult"),
    ("easy", "hard"),
    ("empty", "full"),
    ("enabl", "disabl"),
    ("encod", "decod"),
    ("encrypt", "decrypt"),
    ("expand", "collaps"),
    ("expand", "shrink"),
    ("export", "import"),
    ("external", "internal"),
    ("fail", "succe"),
    ("fail", "pass"),
    ("fast", "slow"),
    ("father", "mother"),
    ("female", "male"),
    ("first", "last"),
    ("first", "second"),
    ("first", "third"),
    ("second", "third"),
    ("forward", "backward"),
    ("freez", "thaw"),
    ("gain", "los"),
    ("girl", "boy"),
    ("grant", "revok"),
    ("hide", "show"),
    ("high", "low"),
    ("husband", "wife"),
    ("include", "exclude"),
    ("input", "output"),
    ("inside", "outside"),
    ("install", "uninstall"),
    ("join", "leav"),
    ("larg", "small"),
    ("left", "right"),
    ("light", "dark"),
    ("light", "heavy"),
    ("load", "unload"),
    ("lock", "unlock"),
    ("long", "short"),
    ("love", "hate"),
    ("man", "woman"),
    ("men", "women"),
    ("mount", "unmount"),
    ("maximum", "minimum"),
    ("maximiz", "minimiz"),
    ("max", "min"),
    ("more", "less"),
    ("most", "least"),
    ("north", "south"),
    ("east", "west"),
    ("old", "new"),
    ("old", "young"),
    ("online", "offline"),
    ("permit", "forbid"),
    ("plus", "minus"),
    ("positiv", "negativ"),
    ("present", "absent"),
    ("pro", "con"),
    ("push", "pull"),
    ("public", "privat"),
    ("rais", "lower"),
    ("raise", "reduc"),
    ("read", "writ"),
    ("receiv", "send"),
    ("reduc", "increas"),
    ("register", "unregister"),
    ("rich", "poor"),
    ("safe", "dangerous"),
    ("save", "discard"),
    ("similarit", "difference"),
    ("start", "stop"),
    ("start", "end"),
    ("start", "finish"),
    ("strength", "weakness"),
    ("strong", "weak"),
    ("subscrib", "unsubscrib"),
    ("tall", "short"),
    ("thick", "thin"),
    ("true", "false"),
    ("upgrad", "downgrad"),
    ("upper", "lower"),
    ("win", "los"),
    ("best", "worst"),
    ("good", "bad"),
    ("black", "white"),
    ("aktivier", "deaktivier"),
    ("öffne", "schließ"),
    ("kauf", "verkauf"),
    ("start", "stopp"),
    ("ein", "aus"),
];

/// Prefixes that turn a word into its opposite.
const NEGATING_PREFIXES: &[&str] = &["un", "in", "im", "ir", "il", "dis", "non", "de", "anti", "ent"];

pub(super) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(word)
}

pub(super) fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word) || word.ends_with("n't")
}

pub(super) fn is_negating_character(c: char) -> bool {
    NEGATING_CHARACTERS.contains(c)
}

/// The number that a word stands for.
pub(super) fn number(word: &str) -> Option<&'static str> {
    NUMBER_WORDS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// The date that a word stands for.
pub(super) fn date(word: &str) -> Option<&'static str> {
    DATES.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// The unit's one name.
pub(super) fn unit(word: &str) -> Option<&'static str> {
    UNITS.iter().find(|names| names.contains(&word)).map(|names| names[0])
}

/// Whether a word sets a direction between what stands before and after it.
pub(super) fn is_direction(word: &str) -> bool {
    matches!(
        word,
        "to" | "into"
            | "from"
            | "than"
            | "before"
            | "after"
            | "over"
            | "against"
            | "instead"
            | "by"
            | "zu"
            | "nach"
            | "in"
            | "vor"
            | "als"
            | "von"
            | "sang"
            | "thành"
    )
}

/// Whether a word joins equals, so that their order says nothing.
pub(super) fn is_symmetric(word: &str) -> bool {
    matches!(word, "and" | "or" | "vs" | "versus" | "between" | "und" | "oder" | "zwischen" | "và" | "hoặc")
}

/// Whether two words, which are not the same, are opposites.
pub(super) fn are_antonyms(a: &str, b: &str) -> bool {
    let listed = |x: &str, y: &str| ANTONYMS.iter().any(|(one, other)| begins(x, one) && begins(y, other));
    let prefixed = |short: &str, long: &str| {
        short.chars().count() >= 4
            && NEGATING_PREFIXES.iter().any(|prefix| long.strip_prefix(prefix).is_some_and(|rest| rest == short))
    };
    listed(a, b) || listed(b, a) || prefixed(a, b) || prefixed(b, a)
}

/// Whether a word is this stem with an ending.
fn begins(word: &str, stem: &str) -> bool {
    word.strip_prefix(stem).is_some_and(|ending| match stem.len() {
        0..=3 => matches!(ending, "" | "s" | "es" | "ed" | "ing" | "est"),
        _ => ending.chars().count() <= 4,
    })
}
