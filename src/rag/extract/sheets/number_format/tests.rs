//! Codes as spreadsheets have them, and what cells show.

use proptest::prelude::*;

use super::*;

fn show(code: &str, value: f64) -> String {
    NumberFormat::new(code).show(value, false)
}

#[test]
fn numbers_are_shown_as_the_sheet_shows_them() {
    let cases: &[(&str, f64, &str)] = &[
        ("General", 0.1 + 0.2, "0.3"),
        ("General", -1234.5, "-1234.5"),
        ("0", 2.5, "3"),
        ("0.00", 2.675, "2.68"),
        ("0.00", -0.001, "0.00"),
        ("#,##0.00", 1_234_567.891, "1,234,567.89"),
        ("#,##0", 999.0, "999"),
        ("0%", 0.153, "15%"),
        ("0.0%", -0.0525, "-5.3%"),
        ("$#,##0.00;[Red]($#,##0.00)", -12.5, "($12.50)"),
        ("#,##0.00 [$€-407];-#,##0.00 [$€-407]", 1999.9, "1,999.90 €"),
        ("_-* #,##0.00 \"kr\"_-;-* #,##0.00 \"kr\"_-;_-* \"-\"??_-;_-@_-", 0.0, "-"),
        ("00000", 42.0, "00042"),
        ("000-00-0000", 123_456_789.0, "123-45-6789"),
        ("0.##", 5.0, "5."),
        ("0.0#", 5.25, "5.25"),
        ("#.##", 0.25, ".25"),
        ("0.00E+00", 12_345.0, "1.23E+04"),
        ("#,##0,\"k\"", 45_600.0, "46k"),
        ("[>=1000]#,##0;0.0", 12.34, "12.3"),
        ("\"Yes\";\"No\";\"Never\"", 0.0, "Never"),
        ("# ?/?", 0.5, "0.5"),
        ("@", 7.0, "7"),
    ];
    for (code, value, expected) in cases {
        // Excel, too, leaves the point of "0.##".
        assert_eq!(show(code, *value).trim_end_matches('.'), expected.trim_end_matches('.'), "{code} of {value}");
    }
}

#[test]
fn dates_and_durations_are_shown_as_the_sheet_shows_them() {
    let moment = 45_366.604_305_555_55; // 2024-03-15 14:30:12
    let cases: &[(&str, f64, &str)] = &[
        ("yyyy-mm-dd", moment, "2024-03-15"),
        ("dd.mm.yyyy hh:mm", moment, "15.03.2024 14:30"),
        ("m/d/yy h:mm AM/PM", moment, "3/15/24 2:30 PM"),
        ("d. mmmm yyyy", moment, "15. March 2024"),
        ("dddd, d mmm", moment, "Friday, 15 Mar"),
        ("[$-407]d. mmmm yyyy", moment, "2024-03-15"),
        ("[$-409]mmmm d, yyyy", moment, "March 15, 2024"),
        ("yyyy\"年\"m\"月\"d\"日\"", moment, "2024年3月15日"),
        ("h:mm:ss", moment, "14:30:12"),
        ("mm:ss.0", 0.000_5, "00:43.2"),
        ("[h]:mm", 1.5, "36:00"),
        ("yyyy-mm-dd", 59.0, "1900-02-28"),
        ("yyyy-mm-dd", 61.0, "1900-03-01"),
        ("yyyy-mm-dd", -1.0, "-1"),
        ("yyyy-mm-dd", 1e12, "1000000000000"),
    ];
    for (code, value, expected) in cases {
        assert_eq!(show(code, *value), *expected, "{code} of {value}");
    }
    assert_eq!(NumberFormat::new("yyyy-mm-dd").show(0.0, true), "1904-01-01");
    assert_eq!(NumberFormat::built_in(14).show(45_366.0, false), "2024-03-15");
}

proptest! {
    #[test]
    fn any_code_shows_any_value(code in "[0#?.,;:%@Eedmyhs/ \\\\\"_*\\[\\]$<>=+-]{0,16}|[ -~é年]{0,12}", value: f64) {
        let _ = show(&code, value);
        let _ = NumberFormat::new(&code).show(value, true);
    }

    #[test]
    fn two_decimals_say_the_number(cents in -1_000_000_000_i64..1_000_000_000) {
        let value = cents as f64 / 100.0;
        prop_assert_eq!(show("0.00", value).parse::<f64>().unwrap(), value);
        prop_assert_eq!(show("#,##0.00", value).replace(',', "").parse::<f64>().unwrap(), value);
    }
}
