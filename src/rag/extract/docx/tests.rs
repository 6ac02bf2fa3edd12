//! Constructs of Word, each as a document made on the spot.

use std::time::Duration;

use super::*;
use crate::rag::extract::tests::{WORD, archive};

const MATH: &str = "http://schemas.openxmlformats.org/officeDocument/2006/math";

/// The text of a document of these parts; without `numbering` or `styles`, it has no such part.
fn read(body: &str, numbering: &str, styles: &str) -> String {
    let part = |name: &str, content: &str| {
        format!("<?xml version=\"1.0\"?><w:{name} xmlns:w=\"{WORD}\" xmlns:m=\"{MATH}\">{content}</w:{name}>")
            .into_bytes()
    };
    let mut parts = vec![("word/document.xml", part("document", &format!("<w:body>{body}</w:body>")))];
    if !numbering.is_empty() {
        parts.push(("word/numbering.xml", part("numbering", numbering)));
    }
    if !styles.is_empty() {
        parts.push(("word/styles.xml", part("styles", styles)));
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    extract(&archive(&parts), &Limits::default(), Deadline::after(Duration::MAX)).unwrap().text
}

fn run(text: &str, properties: &str) -> String {
    format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space=\"preserve\">{text}</w:t></w:r>")
}

fn paragraph(properties: &str, content: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>")
}

/// A paragraph of a list.
fn item(list: u32, level: u32, text: &str) -> String {
    let properties = format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr>");
    paragraph(&properties, &run(text, ""))
}

fn styled(style: &str, text: &str) -> String {
    paragraph(&format!("<w:pStyle w:val=\"{style}\"/>"), &run(text, ""))
}

fn level(level: u32, format: &str, text: &str, more: &str) -> String {
    format!(
        "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"1\"/><w:numFmt w:val=\"{format}\"/>{more}<w:lvlText w:val=\"{text}\"/></w:lvl>"
    )
}

fn definition(id: u32, levels: &str) -> String {
    format!("<w:abstractNum w:abstractNumId=\"{id}\">{levels}</w:abstractNum>")
}

fn list(id: u32, definition: u32, overrides: &str) -> String {
    format!("<w:num w:numId=\"{id}\"><w:abstractNumId w:val=\"{definition}\"/>{overrides}</w:num>")
}

#[test]
fn margins_comments_and_pictures_are_marked() {
    let part = |name: &str, content: &str| format!("<w:{name} xmlns:w=\"{WORD}\">{content}</w:{name}>").into_bytes();
    let text = |text: &str| paragraph("", &run(text, ""));
    let kinds = [
        ("a", "header", "header1"),
        ("b", "header", "header2"),
        ("c", "footer", "footer1"),
        ("d", "footer", "footer2"),
    ];
    let relations: String = kinds
        .iter()
        .map(|(id, kind, part)| format!("<Relationship Id=\"{id}\" Type=\"x/{kind}\" Target=\"{part}.xml\"/>"))
        .collect();
    let picture = |said: &str| {
        format!("<w:p><w:r><w:drawing><wp:docPr id=\"1\" descr=\"{said}\"/><pic:pic/></w:drawing></w:r></w:p>")
    };
    let body = format!("<w:body>{}{}{}</w:body>", text("Body."), picture("A pump"), picture(""));
    let comment = format!("<w:comment w:id=\"0\" w:author=\"Mira\">{}{}</w:comment>", text("Really?"), text("Yes."));
    let bytes = archive(&[
        ("word/document.xml", &part("document", &body)),
        ("word/_rels/document.xml.rels", format!("<Relationships>{relations}</Relationships>").as_bytes()),
        ("word/header1.xml", &part("hdr", &text("Harbour Ltd"))),
        ("word/header2.xml", &part("hdr", &text("Harbour Ltd"))),
        ("word/footer1.xml", &part("ftr", &text("Confidential"))),
        ("word/footer2.xml", &part("ftr", &text("7"))),
        ("word/comments.xml", &part("comments", &comment)),
    ]);
    let raw = extract(&bytes, &Limits::default(), Deadline::after(Duration::MAX)).unwrap();
    assert_eq!(
        raw.text,
        "Body.\n\nPicture: A pump\n\nComment by Mira: Really?\n\nYes.\n\nHeader: Harbour Ltd\n\nFooter: Confidential"
    );
    assert_eq!(raw.pictures.without_text, 1);
}

#[test]
fn headings_are_numbered_by_their_styles() {
    let numbering = definition(
        5,
        &(level(0, "upperRoman", "Part %1", "<w:pStyle w:val=\"Kopf1\"/>")
            + &level(
                1,
                "decimal",
                "§ %2",
                "<w:pStyle w:val=\"Kopf2\"/><w:suff w:val=\"space\"/><w:lvlRestart w:val=\"0\"/>",
            )
            + &level(2, "decimal", "%1.%3", "<w:isLgl/><w:pStyle w:val=\"Kopf3\"/>")),
    ) + &list(9, 5, "");
    let styles = "<w:style w:type=\"paragraph\" w:styleId=\"Kopf1\"><w:name w:val=\"heading 1\"/><w:pPr><w:numPr><w:numId w:val=\"9\"/></w:numPr></w:pPr></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"Kopf2\"><w:name w:val=\"heading 2\"/><w:basedOn w:val=\"Kopf1\"/></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"Kopf3\"><w:name w:val=\"heading 3\"/><w:basedOn w:val=\"Kopf1\"/></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"Plain\"><w:name w:val=\"Preface\"/><w:basedOn w:val=\"Kopf1\"/>\
        <w:pPr><w:numPr><w:numId w:val=\"0\"/></w:numPr></w:pPr></w:style>";
    let body = [
        ("Plain", "Preface"),
        ("Kopf1", "Goods"),
        ("Kopf2", "Order"),
        ("Kopf1", "Money"),
        ("Kopf2", "Price"),
        ("Kopf3", "Tax"),
    ]
    .map(|(style, text)| styled(style, text))
    .concat();
    assert_eq!(
        read(&body, &numbering, styles),
        "# Preface\n\n# Part I Goods\n\n## § 1 Order\n\n# Part II Money\n\n## § 2 Price\n\n### 2.1 Tax"
    );
}

#[test]
fn items_are_numbered_as_the_definition_says_also_in_tables() {
    let numbering = definition(
        0,
        &(level(0, "decimal", "%1.", "") + &level(1, "lowerLetter", "(%2)", "") + &level(2, "bullet", "•", "")),
    ) + &definition(1, &level(0, "none", "%1", ""))
        + &definition(2, &level(0, "chineseCountingThousand", "第%1条", "<w:suff w:val=\"nothing\"/>"))
        + &list(1, 0, "")
        + &list(2, 1, "")
        + &list(3, 2, "")
        + &list(4, 0, "<w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"10\"/></w:lvlOverride>");
    let cell = |content: &str| format!("<w:tc>{content}</w:tc>");
    let body = [
        item(1, 0, "Duties"),
        item(1, 1, "pay"),
        item(1, 1, ""),
        item(1, 1, "deliver"),
        item(1, 2, "by ship"),
        item(2, 0, "unnumbered"),
        item(3, 0, "总则"),
        item(4, 0, "later"),
        item(99, 0, "no such list"),
        format!(
            "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>",
            cell(&item(1, 0, "k")),
            cell(&item(1, 2, "v")),
            cell("<w:p/>"),
            cell(&item(1, 1, "x"))
        ),
    ]
    .concat();
    assert_eq!(
        read(&body, &numbering, ""),
        "1. Duties\n\n(a) pay\n\n(c) deliver\n\n    - by ship\n\nunnumbered\n\n第一条总则\n\n10. later\n\nno such list\n\n\
         | 11. k | v |\n| --- | --- |\n|  | (a) x |"
    );
}

#[test]
fn deleted_and_hidden_paragraphs_are_not_counted() {
    let numbering = definition(0, &level(0, "decimal", "%1.", "")) + &list(1, 0, "");
    let gone = |mark: &str, content: &str| {
        paragraph(&format!("<w:numPr><w:numId w:val=\"1\"/></w:numPr><w:rPr>{mark}</w:rPr>"), content)
    };
    let body = [
        item(1, 0, "one"),
        gone("<w:del/>", "<w:del><w:r><w:delText>was two</w:delText></w:r></w:del>"),
        gone("<w:vanish/>", &run("hidden two", "<w:vanish/>")),
        item(1, 0, "two"),
    ]
    .concat();
    assert_eq!(read(&body, &numbering, ""), "1. one\n2. two");
}

#[test]
fn hidden_text_is_left_out_however_it_is_hidden() {
    let styles = "<w:style w:type=\"character\" w:styleId=\"Secret\"><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:type=\"character\" w:styleId=\"Deeper\"><w:basedOn w:val=\"Secret\"/></w:style>\
        <w:style w:type=\"character\" w:styleId=\"Open\"><w:basedOn w:val=\"Secret\"/><w:rPr><w:vanish w:val=\"0\"/></w:rPr></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"Draft\"><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:type=\"table\" w:styleId=\"T\"><w:tblStylePr w:type=\"firstRow\"><w:rPr><w:vanish/></w:rPr></w:tblStylePr></w:style>";
    let mixed = [
        run("a", ""),
        run("1", "<w:vanish/>"),
        run("b", "<w:vanish w:val=\"false\"/>"),
        run("2", "<w:rStyle w:val=\"Secret\"/>"),
        run("3", "<w:rStyle w:val=\"Deeper\"/>"),
        run("c", "<w:rStyle w:val=\"Open\"/>"),
        run("d", "<w:rStyle w:val=\"Secret\"/><w:vanish w:val=\"off\"/>"),
        "<w:r><w:rPr><w:vanish/></w:rPr><w:tab/><w:t>4</w:t></w:r>".to_owned(),
        run("e", "<w:rStyle w:val=\"T\"/>"),
    ]
    .concat();
    let body = paragraph("", &mixed)
        + &paragraph("<w:pStyle w:val=\"Draft\"/>", &(run("5", "") + &run("f", "<w:vanish w:val=\"0\"/>")))
        + &paragraph("<w:rPr><w:vanish/></w:rPr>", &run("g", ""));
    assert_eq!(read(&body, "", styles), "abcde\n\nf\n\ng");
}

#[test]
fn ruby_keeps_its_base_whole_without_the_annotation() {
    let ruby = |base: &str, above: &str| {
        format!(
            "<w:r><w:ruby><w:rubyPr/><w:rt>{}</w:rt><w:rubyBase>{}</w:rubyBase></w:ruby></w:r>",
            run(above, ""),
            run(base, "")
        )
    };
    let body = paragraph("", &(ruby("東", "とう") + &ruby("京", "きょう") + &run("都です", "")));
    assert_eq!(read(&body, "", ""), "東京都です");
}

#[test]
fn raised_text_is_an_exponent() {
    let raised = "<w:vertAlign w:val=\"superscript\"/>";
    let styles =
        "<w:style w:type=\"character\" w:styleId=\"Up\"><w:rPr><w:vertAlign w:val=\"superscript\"/></w:rPr></w:style>";
    let body = paragraph(
        "",
        &[
            run("5 m", ""),
            run("2", "<w:rStyle w:val=\"Up\"/>"),
            run(", 10", ""),
            run("-", raised),
            run("6", raised),
            run(" of H", ""),
            run("2", "<w:vertAlign w:val=\"subscript\"/>"),
            run("O on the 1", ""),
            run("st", raised),
        ]
        .concat(),
    );
    assert_eq!(read(&body, "", styles), "5 m^2, 10^-6 of H2O on the 1st");
}

#[test]
fn formulas_are_lines_of_text() {
    let text = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let fraction = format!("<m:f><m:fPr/><m:num>{}</m:num><m:den>{}</m:den></m:f>", text("a+b"), text("2"));
    let power = format!("<m:sSup><m:e>{}</m:e><m:sup>{}</m:sup></m:sSup>", text("x"), text("2"));
    let sum = format!(
        "<m:nary><m:naryPr><m:chr m:val=\"∑\"/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>",
        text("i=1"),
        text("n"),
        text("i")
    );
    let root = format!("<m:rad><m:deg/><m:e>{}</m:e></m:rad>", text("y"));
    let brackets = format!(
        "<m:d><m:dPr><m:begChr m:val=\"[\"/><m:endChr m:val=\"]\"/></m:dPr><m:e>{}</m:e><m:e>{}</m:e></m:d>",
        text("0"),
        text("1")
    );
    let hidden = "<m:r><w:rPr><w:vanish/></w:rPr><m:t>secret</m:t></m:r>";
    let formula = |content: &str| format!("<m:oMath>{content}</m:oMath>");
    let body = paragraph(
        "",
        &(run("Then ", "") + &formula(&(text("v=") + &fraction + &text("+") + &power + hidden)) + &run(" holds.", "")),
    ) + &paragraph(
        "",
        &format!("<m:oMathPara>{}</m:oMathPara>", formula(&(sum + &text("+") + &root + &text("∈") + &brackets))),
    );
    assert_eq!(read(&body, "", ""), "Then v=(a+b)/2+x^2 holds.\n\n∑_(i=1)^n i+√(y)∈[0|1]");
}
