//! Fonts of every kind of predefined encoding, in documents made on the spot.

use super::*;
use crate::rag::extract::{ExtractError, Format, Limits, extract_bytes};

/// A page on which a font of this encoding shows these strings, one a line, beside a line of Latin text.
fn page(encoding: &str, strings: &[Vec<u8>], inside: bool) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let descendant = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "SimSun", "DW" => 1000,
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("GB1"), "Supplement" => 2,
        },
    });
    let font = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "SimSun", "Encoding" => encoding,
        "DescendantFonts" => vec![descendant.into()],
    };
    let font: Object = if inside { font.into() } else { document.add_object(font).into() };
    let latin = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: String = strings.iter().map(|string| format!("<{}> Tj T*\n", hex(string))).collect();
    let content = format!(
        "BT /F2 12 Tf 20 TL 72 760 Td (Page one of the file) Tj T* q /F1 12 Tf {lines} Q ET BI /W 1 /H 1 /BPC 8 /CS /G ID x EI"
    );
    let content = document.add_object(Stream::new(Dictionary::new(), content.into_bytes()));
    let resources = dictionary! { "Font" => dictionary! { "F1" => font, "F2" => latin } };
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    });
    let root = dictionary! { "Type" => "Pages", "Count" => 1, "Kids" => vec![page.into()] };
    document.objects.insert(tree, root.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn read(pdf: &[u8]) -> Result<String, ExtractError> {
    extract_bytes(Format::Pdf, pdf, &Limits::default()).map(|extracted| extracted.text)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn seven_bit(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    encoding.encode(text).0.iter().map(|byte| byte & 0x7F).collect()
}

#[test]
fn predefined_encodings_are_read() {
    let (chinese, traditional) = ("发票金额 HB-1187 四千二百元", "發票金額 42 元四千二百");
    let (japanese, korean) = ("領収書の再発行は経理部で", "영수증은 경리부 3301 에서");
    let text = |encoding: &'static Encoding, text: &str| encoding.encode(text).0.into_owned();
    let cases = [
        ("UniGB-UCS2-H", chinese, utf16(chinese)),
        ("UniGB-UTF16-V", "𠮷野家の领收", utf16("𠮷野家の领收")),
        ("UniGB-UTF8-H", chinese, chinese.into()),
        ("UniJIS-UTF32-H", japanese, japanese.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ("UniCNS-UCS2-H", traditional, utf16(traditional)),
        ("UniJIS-UCS2-HW-V", japanese, utf16(japanese)),
        ("UniKS-UTF16-H", korean, utf16(korean)),
        ("GBK-EUC-H", chinese, text(GBK, chinese)),
        ("GBKp-EUC-V", chinese, text(GBK, chinese)),
        ("GBK2K-H", chinese, text(GB18030, chinese)),
        ("GB-H", "发票金额四千二百元", seven_bit(GBK, "发票金额四千二百元")),
        ("ETen-B5-H", traditional, text(BIG5, traditional)),
        ("90ms-RKSJ-H", japanese, text(SHIFT_JIS, japanese)),
        ("EUC-H", japanese, text(EUC_JP, japanese)),
        ("H", japanese, seven_bit(EUC_JP, japanese)),
        ("KSCms-UHC-H", korean, text(EUC_KR, korean)),
        ("KSCms-UHC-HW-V", korean, text(EUC_KR, korean)),
    ];
    for (index, (name, expected, bytes)) in cases.into_iter().enumerate() {
        let found = read(&page(name, &[bytes], index % 2 == 0)).unwrap();
        assert!(found.contains(expected) && found.contains("Page one of the file"), "{name}: {found}");
    }
}

#[test]
fn unknown_encodings_are_no_text() {
    for name in ["CNS-EUC-H", "KSC-Johab-H", "Identity-H", "WinAnsiEncoding", "UniGB-H", "Other"] {
        assert_eq!(Codes::of_name(name.as_bytes()), None, "{name}");
    }
    let error = read(&page("CNS-EUC-H", &vec![vec![0xA4; 60]; 20], false)).unwrap_err();
    assert!(matches!(error, ExtractError::Unreadable { .. } | ExtractError::NoText), "{error}");
}
