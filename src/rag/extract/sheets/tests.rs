//! Workbooks as programs save them, and hostile ones made on the spot.

use std::time::Duration;

use crate::{
    domain::ChunkSizes,
    rag::{
        chunk::{Chunker, Structure},
        extract::{
            ExtractError, Extracted, Format, Limits, Warning, extract_bytes,
            tests::{archive, fixture},
        },
    },
};

fn read(name: &str) -> Extracted {
    let (format, bytes) = fixture(name);
    extract_bytes(format, &bytes, &Limits::default()).unwrap()
}

/// What every program's version of the same sheet comes to.
const BOATS: &str = "# Boats

Fleet of the northern harbours

| Boat | Port | Berths | Price | Inspected | Discount |
| --- | --- | --- | --- | --- | --- |
| Aurora | Kiel | 12 | 1,480.50 € | 15.03.2024 | 15.0% |
| Borealis | Rostock | 8 | 990.00 € | 02.11.2024 | 7.5% |
| Corvus | Kiel | 21 | 23,500.25 € | 31.01.2025 | 20.0% |
| Delphin | Đà Nẵng | 3 | 99.90 € | 04.07.2023 | 0.0% |";

#[test]
fn an_xlsx_shows_what_its_sheets_show() {
    let extracted = read("fleet.xlsx");
    assert_eq!(extracted.title.as_deref(), Some("Fleet list 2025"));
    let crew = "\n\n# Crew & shifts\n\n| Harbour | Shift |  |\n| --- | --- | --- |\n|  | Early | Late |\n\
                | Kiel | Mira \\| Okafor | Jon Berg |\n| Rostock | TRUE | #DIV/0! |";
    let total = "\n| Total |  | 44 | 26,070.65 € |\n\nPrices without VAT.\n\nNote on B5: Moves to Wismar in May.";
    assert_eq!(extracted.text, [BOATS, total, crew].concat());
    assert_eq!(extracted.warnings, [Warning::HiddenLeftOut { count: 1, what: "sheets" }]);
}

#[test]
fn an_xls_shows_what_its_sheets_show() {
    let extracted = read("fleet.xls");
    let (boats, notes) = extracted.text.split_once("\n\n# Notes\n\n").unwrap();
    assert_eq!(boats, BOATS);
    // The strings go on from one record to the next, in letters of one and of two bytes.
    let mut expected = "Merged title\n\n| Key | Text |\n| --- | --- |".to_owned();
    for n in 0..40 {
        let letter = if n % 3 == 0 { "Ω" } else { "x" };
        expected.push_str(&format!("\n| K-{n:02} | {} end {n} |", letter.repeat(200 + n * 7)));
    }
    assert_eq!(notes, expected);
    assert_eq!(extracted.warnings, [Warning::HiddenLeftOut { count: 1, what: "sheets" }]);
}

#[test]
fn csv_and_tsv_are_tables_in_any_encoding() {
    let extracted = read("fleet.csv");
    assert_eq!(
        extracted.text,
        "| Boat | Port | Berths | Price | Inspected | Discount |\n| --- | --- | --- | --- | --- | --- |\n\
         | Aurora | Kiel, Außenhafen | 12 | 1480,5 € | 15.03.2024 | 0.15 |\n\
         | Borealis | Rostock, Außenhafen | 8 | 990,0 € | 02.11.2024 | 0.075 |\n\
         | Corvus | Kiel, Außenhafen | 21 | 23500,25 € | 31.01.2025 | 0.2 |"
    );
    assert_eq!(extracted.warnings, [Warning::EncodingDetected { encoding: "windows-1252" }]);
    assert!(read("fleet.tsv").text.ends_with("| Delphin | Đà Nẵng | 3 | 99.9 | 2023-07-04 | 0 |"));
}

/// A workbook with one sheet of this XML.
fn xlsx(sheet: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations =
        "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"worksheets/s.xml\"/></Relationships>";
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"r\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    archive(&[
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/worksheets/s.xml", format!("<worksheet>{sheet}</worksheet>").as_bytes()),
    ])
}

fn rows(count: usize) -> String {
    let rows: String = (1..=count)
        .map(|n| format!("<row><c t=\"inlineStr\"><is><t>P-{n}</t></is></c><c><v>{}</v></c></row>", n * 3))
        .collect();
    format!("<sheetData><row><c t=\"str\"><v>Part</v></c><c t=\"str\"><v>Price</v></c></row>{rows}</sheetData>")
}

#[test]
fn every_row_is_there_once_and_every_piece_has_the_header() {
    let extracted = extract_bytes(Format::Xlsx, &xlsx(&rows(2_000)), &Limits::default()).unwrap();
    assert_eq!(extracted.text.lines().filter(|line| line.starts_with("| P-")).count(), 2_000);
    let pieces = Chunker::new(ChunkSizes::default()).unwrap().split(&extracted.text, Structure::Markdown);
    let mut found = 0;
    for piece in &pieces {
        let text = piece.text(&extracted.text);
        assert_eq!(text.matches("| Part | Price |").count(), 1, "{text}");
        found += text.lines().filter(|line| line.starts_with("| P-")).count();
    }
    assert_eq!(found, 2_000);
}

#[test]
fn rows_without_end_are_refused_with_a_clear_word() {
    let limits = Limits { max_text_chars: 1_000_000, ..Limits::default() };
    let bytes = xlsx(&rows(100_000));
    let error = extract_bytes(Format::Xlsx, &bytes, &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "too large: more than 1000000 characters of text; split the document or raise the limit"
    );
    let hurried = Limits { timeout: Duration::ZERO, ..Limits::default() };
    assert!(matches!(extract_bytes(Format::Xlsx, &bytes, &hurried), Err(ExtractError::TimedOut { .. })));
    let bomb = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
    assert!(matches!(extract_bytes(Format::Xlsx, &bytes, &bomb), Err(ExtractError::Bomb { .. })));
    // A text file may have more rows than a sheet can.
    let lines = "a;b\n".repeat(1_100_000);
    let all = extract_bytes(Format::Csv, lines.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(all.text.lines().count(), 1_100_001);
}

#[test]
fn sizes_that_a_sheet_claims_cost_nothing() {
    let corners = "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"XFD1\"><v>2</v></c></row>\
                   <row r=\"1048576\"><c r=\"XFD1048576\"><v>3</v></c></row></sheetData><mergeCells><mergeCell ref=\"B2:XFD1048576\"/></mergeCells>";
    let extracted = extract_bytes(Format::Xlsx, &xlsx(corners), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# S\n\n1\n\n2");
    // Each cell is in a column of its own: written as a table, it would be a billion empty cells.
    let diagonal: String = (0..16_000_u32)
        .map(|n| {
            format!(
                "<row r=\"{}\"><c r=\"{}{}\"><v>1</v></c><c r=\"{}{}\"><v>1</v></c></row>",
                n + 1,
                letters(n),
                n + 1,
                letters(n + 1),
                n + 1
            )
        })
        .collect();
    let error = extract_bytes(Format::Xlsx, &xlsx(&format!("<sheetData>{diagonal}</sheetData>")), &Limits::default());
    assert!(matches!(error, Err(ExtractError::TooLarge { .. })), "{error:?}");
}

fn letters(column: u32) -> String {
    let (mut rest, mut letters) = (column + 1, String::new());
    while rest > 0 {
        letters.insert(0, char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap()));
        rest = (rest - 1) / 26;
    }
    letters
}

#[test]
fn what_programs_do_not_store_is_said() {
    let sheet = "<sheetData><row><c t=\"str\"><v>Sum</v></c><c><f>SUM(A1:A9)</f></c><c><f>1+1</f><v>2</v></c></row></sheetData>";
    let extracted = extract_bytes(Format::Xlsx, &xlsx(sheet), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# S\n\nSum\n\n2");
    assert_eq!(extracted.warnings, [Warning::FormulasWithoutValue { count: 1 }]);
}

#[test]
fn two_tables_on_a_sheet_have_their_own_headers() {
    let cell = |text: &str| match text.parse::<f64>() {
        Ok(_) => format!("<c><v>{text}</v></c>"),
        Err(_) => format!("<c t=\"str\"><v>{text}</v></c>"),
    };
    let row = |n: u32, cells: &[&str]| {
        format!("<row r=\"{n}\">{}</row>", cells.iter().map(|text| cell(text)).collect::<String>())
    };
    let sheet = [
        row(1, &["Boat", "Berths"]),
        row(2, &["Aurora", "12"]),
        row(4, &["Corvus", "21"]),
        row(6, &["Prices"]),
        row(7, &["Port", "Night"]),
        row(8, &["Kiel", "30"]),
    ]
    .concat();
    let extracted = extract_bytes(Format::Xlsx, &xlsx(&format!("<sheetData>{sheet}</sheetData>")), &Limits::default());
    assert_eq!(
        extracted.unwrap().text,
        "# S\n\n| Boat | Berths |\n| --- | --- |\n| Aurora | 12 |\n| Corvus | 21 |\n\nPrices\n\n\
         | Port | Night |\n| --- | --- |\n| Kiel | 30 |"
    );
}

/// A record of a binary workbook.
fn record(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = if kind < 0x80 { vec![kind as u8] } else { vec![kind as u8 | 0x80, (kind >> 7) as u8] };
    bytes.push(u8::try_from(content.len()).unwrap());
    bytes.extend(content);
    bytes
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes
}

#[test]
fn an_xlsb_shows_what_its_sheets_show() {
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let relations = "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"s.bin\"/>\
                     <Relationship Id=\"r2\" Type=\"x/styles\" Target=\"y.bin\"/>\
                     <Relationship Id=\"r3\" Type=\"x/sharedStrings\" Target=\"z.bin\"/></Relationships>";
    let workbook = record(0x9C, &[numbers(&[0, 1]), wide("r1"), wide("Boats")].concat());
    let styles = [
        record(0x2C, &[vec![164, 0], wide("0.0%")].concat()),
        record(0x269, &[1, 0, 0, 0]),
        record(0x2F, &[0, 0, 164, 0]),
        record(0x26A, &[]),
    ];
    let strings = record(0x13, &[vec![0], wide("Boat")].concat());
    let sheet = [
        record(0, &numbers(&[0])),
        record(7, &numbers(&[0, 0, 0])),
        record(6, &[numbers(&[1, 0]), wide("Share")].concat()),
        record(0, &numbers(&[1])),
        record(8, &[numbers(&[0, 0]), wide("Aurora")].concat()),
        record(5, &[numbers(&[1, 0]), 0.155_f64.to_le_bytes().to_vec()].concat()),
        record(0, &numbers(&[2])),
        record(4, &[numbers(&[0, 0]), vec![1]].concat()),
        record(2, &numbers(&[1, 0, (25 << 2) | 3])),
    ];
    let parts = [styles.concat(), sheet.concat()];
    let bytes = archive(&[
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/y.bin", &parts[0]),
        ("xl/z.bin", &strings),
        ("xl/s.bin", &parts[1]),
    ]);
    let extracted = extract_bytes(Format::Xlsb, &bytes, &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# Boats\n\n| Boat | Share |\n| --- | --- |\n| Aurora | 15.5% |\n| TRUE | 25.0% |");
}
