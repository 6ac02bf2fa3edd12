//! Days and times as spreadsheets count them, and decimals as people round them.

use jiff::{ToSpan, civil::Date};

/// A day and a time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub year: i16,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub millis: u32,
    /// 0 is Monday.
    weekday: usize,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The last day that spreadsheets know: 31 December 9999.
const LAST_DAY: f64 = 2_958_466.0;

impl Moment {
    /// The moment of a serial number: days since the beginning of 1900, or of 1904. `precise` keeps milliseconds, else it is
    /// rounded to the second. `None` for what is no date.
    pub fn of(serial: f64, is_1904: bool, precise: bool) -> Option<Self> {
        if !(0.0..LAST_DAY).contains(&serial) {
            return None;
        }
        let millis = (serial.fract() * 86_400_000.0).round() as i64;
        let millis = if precise { millis } else { (millis + 500) / 1000 * 1000 };
        let (days, millis) = (serial as i64 + millis / 86_400_000, (millis % 86_400_000) as u32);
        let (first, days) = match (is_1904, days) {
            (true, _) => (Date::new(1904, 1, 1), days),
            // 1900 has a 29 February there.
            (false, 0..60) => (Date::new(1899, 12, 31), days),
            (false, _) => (Date::new(1899, 12, 30), days),
        };
        let date = first.ok()?.checked_add(days.days()).ok()?;
        Some(Self {
            year: date.year(),
            month: date.month().unsigned_abs().into(),
            day: date.day().unsigned_abs().into(),
            hour: millis / 3_600_000,
            minute: millis / 60_000 % 60,
            second: millis / 1000 % 60,
            millis: millis % 1000,
            weekday: usize::from(date.weekday().to_monday_zero_offset().unsigned_abs()),
        })
    }

    pub fn month_name(&self) -> &'static str {
        MONTHS[(self.month as usize).clamp(1, 12) - 1]
    }

    pub fn weekday(&self) -> &'static str {
        WEEKDAYS[self.weekday.min(6)]
    }
}

/// A number that is not negative in digits: those before the point (none for 0) and this many behind it. Halves are rounded up
/// as in the decimal number that is meant: 2.675, which a binary number only comes close to, is 2.68.
pub(super) fn decimal(value: f64, places: usize) -> (String, String) {
    let places = places.min(30);
    let shown = format!("{value:.14e}");
    let (mantissa, power) = shown.split_once('e').unwrap_or((&shown, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let power: i64 = power.parse().unwrap_or(0);
    // The digit of 10^exponent.
    let at = |exponent: i64| usize::try_from(power - exponent).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let highest = power.max(0);
    let mut all: Vec<u8> = (-(places as i64)..=highest).rev().map(at).collect();
    if at(-(places as i64) - 1) >= 5 {
        let mut carry = true;
        for digit in all.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == 9;
            *digit = if carry { 0 } else { *digit + 1 };
        }
        if carry {
            all.insert(0, 1);
        }
    }
    let text: String = all.iter().map(|digit| char::from(b'0' + digit)).collect();
    let (whole, decimals) = text.split_at(text.len() - places);
    (whole.trim_start_matches('0').to_owned(), decimals.to_owned())
}
