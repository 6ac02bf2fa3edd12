//! Presentations as programs save them.

use super::*;
use crate::rag::extract::{
    Format, extract_bytes,
    tests::{archive, fixture},
};

#[test]
fn a_pptx_gives_its_slides_titles_first_and_notes_marked() {
    let (format, bytes) = fixture("handbook.pptx");
    let extracted = extract_bytes(format, &bytes, &Limits::default()).unwrap();
    assert_eq!(
        extracted.text,
        "# Slide 1: Harbour handbook\n\nFor new crew members\n\n\
         # Slide 2: Leaving port\n\n- Check the weather\n  - Wind below 7 Bft\n- Call the harbour master on channel 14\n\n\
         Notes: Mention the fine of 250 euros.\n\nShow the photo of 2019.\n\n\
         # Slide 3: Fees\n\n| Boat | Fee |\n| --- | --- |\n| up to 8 m | 21 € |\n| up to 12 m | 34 € |\n\n\
         Prices of 2025.\n\n# Slide 5\n\nQuestions? harbour@example.org\n\n\
         # Slide 6: Guests\n\nGuests a year\n\n|  | Kiel | Rostock |\n| --- | --- | --- |\n| 2023 | 1,200 | 800 |\n| 2024 | 1,543 |  |"
    );
    let slides: Vec<(u32, usize)> = extracted.pages.iter().map(|page| (page.page, page.start as usize)).collect();
    let headings = extracted.text.lines().filter_map(|line| Some((line.strip_prefix("# Slide ")?, line)));
    let expected: Vec<(u32, usize)> = headings
        .map(|(rest, line)| {
            let start = extracted.text[..extracted.text.find(line).unwrap()].chars().count();
            (rest.split(':').next().unwrap().parse().unwrap(), start)
        })
        .collect();
    assert_eq!((slides.len(), slides), (5, expected), "each slide is a page of its own number");
    // What PowerPoint puts there by itself is no title.
    assert_eq!(extracted.title.as_deref(), Some("Harbour handbook"));
    assert_eq!(extracted.warnings, [Warning::HiddenLeftOut { count: 1, what: "slides" }]);
}

#[test]
fn slides_of_pictures_and_comments_are_told() {
    let relations = "<Relationships><Relationship Id=\"a\" Type=\"x/slide\" Target=\"a.xml\"/><Relationship Id=\"b\" Type=\"x/slide\" Target=\"b.xml\"/></Relationships>";
    let of_slide = "<Relationships><Relationship Id=\"c\" Type=\"x/comments\" Target=\"c.xml\"/></Relationships>";
    let comments = "<p:cmLst><p:cm authorId=\"0\"><p:text>Really?</p:text></p:cm></p:cmLst>";
    let presentation = b"<p:presentation><p:sldIdLst><p:sldId id=\"1\" r:id=\"a\"/><p:sldId id=\"2\" r:id=\"b\"/></p:sldIdLst></p:presentation>";
    let picture =
        b"<p:sld><p:pic><p:nvPicPr><p:cNvPr id=\"2\" name=\"x\" descr=\"pier.png\"/></p:nvPicPr></p:pic></p:sld>";
    let parts: &[(&str, &[u8])] = &[
        ("ppt/presentation.xml", presentation),
        ("ppt/_rels/presentation.xml.rels", relations.as_bytes()),
        ("ppt/a.xml", picture),
        ("ppt/b.xml", b"<p:sld/>"),
        ("ppt/_rels/b.xml.rels", of_slide.as_bytes()),
        ("ppt/c.xml", comments.as_bytes()),
    ];
    let extracted = extract_bytes(Format::Pptx, &archive(parts), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# Slide 2\n\nComment: Really?");
    assert_eq!(extracted.warnings, [Warning::PagesWithoutText { pages: vec![1] }]);
    assert_eq!(extracted.pictures_without_text, 1);
    let said = String::from_utf8_lossy(picture).replace("pier.png", "A ferry at the pier");
    let mut told = parts.to_vec();
    told[2].1 = said.as_bytes();
    let extracted = extract_bytes(Format::Pptx, &archive(&told), &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# Slide 1\n\nPicture: A ferry at the pier\n\n# Slide 2\n\nComment: Really?");
    assert!(extracted.warnings.is_empty());
    let error = extract_bytes(Format::Pptx, &archive(&parts[..4]), &Limits::default()).unwrap_err();
    assert!(matches!(error, ExtractError::NoText), "{error}");
}

#[test]
fn slides_come_in_the_order_of_the_show_whatever_their_parts_are_called() {
    let slide = |text: &str| {
        format!(
            "<p:sld><p:sp><p:nvPr><p:ph type=\"title\"/></p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"
        )
    };
    let relations = "<Relationships><Relationship Id=\"b\" Type=\"x/slide\" Target=\"slides/slide1.xml\"/>\
                     <Relationship Id=\"a\" Type=\"x/slide\" Target=\"/ppt/slides/slide2.xml\"/></Relationships>";
    let bytes = archive(&[
        ("ppt/presentation.xml", b"<p:presentation><p:sldIdLst><p:sldId id=\"256\" r:id=\"a\"/><p:sldId id=\"257\" r:id=\"b\"/></p:sldIdLst></p:presentation>"),
        ("ppt/_rels/presentation.xml.rels", relations.as_bytes()),
        ("ppt/slides/slide1.xml", slide("second").as_bytes()),
        ("ppt/slides/slide2.xml", slide("first").as_bytes()),
    ]);
    let extracted = extract_bytes(Format::Pptx, &bytes, &Limits::default()).unwrap();
    assert_eq!(extracted.text, "# Slide 1: first\n\n# Slide 2: second");
    for end in 0..bytes.len() {
        assert!(extract_bytes(Format::Pptx, &bytes[..end], &Limits::default()).is_err());
    }
}
