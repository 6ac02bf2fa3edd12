//! Documents in OpenDocument's formats: the fixtures are written by odfpy.

use crate::rag::extract::{
    ExtractError, Extracted, Format, Limits, Warning, extract_bytes,
    tests::{archive, fixture},
};

fn read(name: &str) -> Extracted {
    let (format, bytes) = fixture(name);
    extract_bytes(format, &bytes, &Limits::default()).unwrap()
}

/// A document of this kind (`text`, `spreadsheet`) with this body.
fn document(kind: &str, body: &str) -> Vec<u8> {
    let xml = format!(
        "<office:document-content><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    );
    archive(&[("content.xml", xml.as_bytes())])
}

#[test]
fn an_odt_gives_headings_lists_tables_and_notes() {
    let extracted = read("mooring.odt");
    assert_eq!(extracted.title.as_deref(), Some("Mooring rules"));
    // The hidden passage and the number of the note are not there.
    assert_eq!(
        extracted.text,
        "# Mooring rules\n\nBoats moor bow first. Fenders are mandatory.\n\n## In a storm\n\n\
         1. Double the lines\n  - also the springs\n2. Leave the boat\n\n\
         | Length | Line |\n| --- | --- |\n| 8 m | 12 mm |\n| 12 m | 16 mm |\n\nSince the storm of 2013."
    );
}

#[test]
fn an_ods_shows_what_its_sheets_show() {
    let extracted = read("fleet.ods");
    assert_eq!(
        extracted.text,
        "# Boats\n\nFleet of the northern harbours\n\n\
         | Boat | Port | Berths | Price | Inspected | Discount |\n| --- | --- | --- | --- | --- | --- |\n\
         | Aurora | Kiel | 12 | 1,480.50 € | 15.03.2024 | 15.0% |\n\
         | Borealis | Rostock | 8 | 990.00 € | 02.11.2024 | 7.5% |\n\
         | Corvus | Kiel | 21 | 23,500.25 € | 31.01.2025 | 20.0% |\n\
         | Delphin | Đà Nẵng | 3 | 99.90 € | 04.07.2023 | 0.0% |\n| Total |  | 44 |\n\n\
         # Crew\n\n| Harbour | Shift |  |\n| --- | --- | --- |\n| Kiel | same | same |"
    );
    assert_eq!((extracted.title, extracted.warnings), (None, Vec::new()));
}

#[test]
fn an_odp_gives_its_slides_titles_first_and_notes_marked() {
    let extracted = read("knots.odp");
    assert_eq!(
        extracted.text,
        "# Slide 1: Knots\n\n- Bowline holds 60 %\n- Clove hitch slips\n\nNotes: Bring two ropes.\n\n\
         # Slide 3: Anchors\n\n- Chain: five times the depth"
    );
    assert_eq!(extracted.title.as_deref(), Some("Knots"));
    assert_eq!(extracted.warnings, [Warning::HiddenLeftOut { count: 1, what: "slides" }]);
}

#[test]
fn deleted_passages_comments_and_single_files_are_read_as_they_are_meant() {
    let body = "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>\
                <text:p>The <text:ruby><text:ruby-base>kanji</text:ruby-base><text:ruby-text>reading</text:ruby-text></text:ruby><office:annotation>\
                <dc:creator>Mira</dc:creator><dc:date>2025</dc:date><text:p>Really?</text:p></office:annotation> of <text:date>5 May</text:date>\
                <draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box><svg:title>Picture 1</svg:title></draw:frame></text:p>\
                <text:section text:display=\"none\"><text:p>hidden</text:p></text:section>";
    let expected = "In a box.\n\nThe kanji of 5 May\n\nComment: Really?";
    let read = |format, bytes: &[u8]| extract_bytes(format, bytes, &Limits::default()).unwrap().text;
    assert_eq!(read(Format::Odt, &document("text", body)), expected);
    let flat = format!(
        "<?xml version=\"1.0\"?><office:document><office:body><office:text>{body}</office:text></office:body></office:document>"
    );
    assert_eq!(read(Format::Odt, flat.as_bytes()), expected);
}

#[test]
fn pictures_are_what_is_said_of_them() {
    let picture = |said: &str| format!("<draw:frame><draw:image/>{said}</draw:frame>");
    let said = picture("<svg:title>Pump</svg:title><svg:desc>with its valve</svg:desc>");
    let body = format!("<text:p>See {said} here.</text:p><text:p>{}</text:p>", picture(""));
    let extracted = extract_bytes(Format::Odt, &document("text", &body), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "See Picture: Pump with its valve here.");
    assert_eq!(extracted.pictures_without_text, 1);
    let slide = format!(
        "<draw:page><draw:frame><draw:text-box><text:p>Text</text:p></draw:text-box></draw:frame>{said}</draw:page>"
    );
    let extracted = extract_bytes(Format::Odp, &document("presentation", &slide), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# Slide 1\n\nText\n\nPicture: Pump with its valve");
}

#[test]
fn formulas_are_read_as_they_were_typed() {
    let content = "<office:document-content><office:body><office:text><text:p>So <draw:frame><draw:object xlink:href=\"./Object 1\"/></draw:frame> holds.</text:p></office:text></office:body></office:document-content>";
    let formula =
        "<math><semantics><mi>E</mi><annotation encoding=\"StarMath 5.0\">E = m c^2</annotation></semantics></math>";
    let bytes = archive(&[("content.xml", content.as_bytes()), ("Object 1/content.xml", formula.as_bytes())]);
    assert_eq!(extract_bytes(Format::Odt, &bytes, &Limits::default()).unwrap().text, "So E = m c^2 holds.");
}

#[test]
fn hostile_documents_are_refused() {
    let cell = "<table:table-cell table:number-columns-repeated=\"4294967295\"><text:p>x</text:p></table:table-cell>";
    let row = format!("<table:table-row table:number-rows-repeated=\"4294967295\">{cell}</table:table-row>");
    let sheet = document("spreadsheet", &format!("<table:table>{}</table:table>", row.repeat(3)));
    let error = extract_bytes(Format::Ods, &sheet, &Limits::default());
    assert!(matches!(error, Err(ExtractError::TooLarge { .. })), "{error:?}");

    let deep = document("text", &("<text:p>".repeat(5_000) + &"</text:p>".repeat(5_000)));
    let error = extract_bytes(Format::Odt, &deep, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("nested more than 2000 deep"), "{error}");
    let lists = "<text:list><text:list-item>".repeat(900)
        + "<text:p>deep</text:p>"
        + &"</text:list-item></text:list>".repeat(900);
    let text = extract_bytes(Format::Odt, &document("text", &lists), &Limits::default()).unwrap().text;
    assert_eq!(text.trim(), "- deep");

    let entity = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><office:document-content/>";
    let error = extract_bytes(Format::Odt, &archive(&[("content.xml", entity.as_bytes())]), &Limits::default());
    assert!(error.unwrap_err().to_string().contains("document type declaration"));

    let whole = document("text", "<text:p>words</text:p>");
    for end in 0..whole.len() {
        assert!(extract_bytes(Format::Odt, &whole[..end], &Limits::default()).is_err());
    }
    let locked = archive(&[
        ("META-INF/manifest.xml", b"<manifest><encryption-data/></manifest>"),
        ("content.xml", b"\x8F\x01noise"),
    ]);
    assert!(matches!(extract_bytes(Format::Odt, &locked, &Limits::default()), Err(ExtractError::Encrypted)));
}
