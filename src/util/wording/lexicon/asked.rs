//! Words that say no more than a question word does: "what is the price of" is how much, "at what time" is when. Given as
//! stems, in all languages; no stem means one thing here and another there.

/// Money.
const COST: &[&str] = &["cost", "kosten", "coûter", "costar", "giá", "tiền", "价", "费", "钱"];

/// What is counted or paid.
const MEASURE: &[&str] = &["charg", "fee", "rate", "number", "amount", "pay", "zahlen", "payer", "pagar", "付"];

/// How long it is or lasts.
const DURATION: &[&str] = &["length", "durat", "last", "dau", "dur", "duré", "duracion", "duración", "长"];

/// Points in time.
const MOMENT: &[&str] = &["time", "date", "deadlin", "zeit", "uhrzeit", "heur", "hor", "fech", "giờ", "时", "间"];

/// Places.
const PLACE: &[&str] = &["place", "locat", "ort", "lieu", "endroit", "lug", "chỗ", "nơi", "地", "方"];

/// Units of time.
const TIME: &[&str] = &[
    "day", "week", "month", "year", "hour", "minut", "tag", "woche", "monat", "jahr", "stund", "jour", "semain",
    "mois", "an", "heur", "dia", "seman", "mes", "hor", "ngày", "tháng", "tuần", "giờ", "天", "年", "月", "周", "小",
    "时",
];

/// Whether a word asks for money: it adds nothing to "how much".
pub(crate) fn is_cost(stem: &str) -> bool {
    COST.contains(&stem)
}

/// Whether a word makes "what" a question for an amount: "what is the price".
pub(crate) fn is_measure(stem: &str) -> bool {
    is_cost(stem) || MEASURE.contains(&stem)
}

/// Whether a word makes "what" a question for a duration, and adds nothing to "how long".
pub(crate) fn is_duration(stem: &str) -> bool {
    DURATION.contains(&stem)
}

/// Whether a word adds nothing to "when".
pub(crate) fn is_moment(stem: &str) -> bool {
    MOMENT.contains(&stem)
}

/// Whether a word adds nothing to "where".
pub(crate) fn is_place(stem: &str) -> bool {
    PLACE.contains(&stem)
}

/// Whether a word is a unit of time: "how many days" is how long.
pub(crate) fn is_time(stem: &str) -> bool {
    TIME.contains(&stem)
}
