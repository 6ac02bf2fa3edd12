//! Fonts of PDFs that name a predefined encoding: `UniGB-UCS2-H`, `90ms-RKSJ-H`, `KSCms-UHC-V` …
//!
//! East Asian documents, invoices above all, use fonts of the system by such names, and neither embed them nor say which
//! character a code is: every viewer has those tables. They are the encodings of Unicode or of the countries, under other
//! names, so that the decoders for texts read them. What a font shows is written anew here, in codes that a table in the
//! document explains, and the extractor reads that as it reads any font.

use std::collections::{BTreeMap, HashMap};

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE};
use lopdf::{
    Dictionary, Document, Object, ObjectId, Stream, StringFormat,
    content::{Content, Operation},
    dictionary,
};

use super::bomb::MAX_STREAM_BYTES;

/// How the codes of a font become characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codes {
    /// An encoding of texts.
    Text(&'static Encoding),
    /// One without the highest bit of its bytes.
    SevenBit(&'static Encoding),
    /// UTF-32, highest byte first.
    Utf32,
}

impl Codes {
    /// By the name of a predefined encoding. Some of the oldest (`CNS-EUC-H`, `KSC-Johab-H`) are none of texts: `None`.
    fn of_name(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        let base = name.strip_suffix(['H', 'V'])?;
        let base = base.strip_suffix('-').or_else(|| base.is_empty().then_some(base))?;
        let base = base.strip_suffix("-HW").unwrap_or(base);
        Some(match base {
            unicode if unicode.starts_with("Uni") => match unicode.split_once('-')?.1 {
                "UCS2" | "UTF16" => Self::Text(UTF_16BE),
                "UTF32" => Self::Utf32,
                "UTF8" => Self::Text(UTF_8),
                _ => return None,
            },
            "GBK-EUC" | "GBKp-EUC" | "GB-EUC" | "GBpc-EUC" => Self::Text(GBK),
            "GBK2K" => Self::Text(GB18030),
            "GB" => Self::SevenBit(GBK),
            "B5pc" | "ETen-B5" | "ETenms-B5" | "HKscs-B5" | "ETHK-B5" => Self::Text(BIG5),
            shift_jis if shift_jis.ends_with("-RKSJ") => Self::Text(SHIFT_JIS),
            "EUC" | "78-EUC" => Self::Text(EUC_JP),
            "" | "78" | "Add" | "Ext" | "NWP" => Self::SevenBit(EUC_JP),
            "KSC-EUC" | "KSCms-UHC" | "KSCpc-EUC" => Self::Text(EUC_KR),
            "KSC" => Self::SevenBit(EUC_KR),
            _ => return None,
        })
    }

    fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Text(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::SevenBit(encoding) => {
                let bytes: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
                encoding.decode_without_bom_handling(&bytes).0.into_owned()
            }
            Self::Utf32 => {
                let code = |code: &[u8]| u32::from_be_bytes([code[0], code[1], code[2], code[3]]);
                let chars = bytes.chunks_exact(4).map(|four| char::from_u32(code(four)));
                chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
        }
    }
}

/// A font whose codes are replaced.
struct Font {
    codes: Codes,
    /// The characters that it shows: the new code of the first is 1.
    shown: Vec<char>,
    code_of: HashMap<char, u16>,
}

impl Font {
    fn recode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut recoded = Vec::with_capacity(bytes.len());
        for c in self.codes.decode(bytes).chars() {
            let next = u16::try_from(self.shown.len() + 1);
            let code = match (self.code_of.get(&c), next) {
                (Some(code), _) => *code,
                (None, Ok(next)) => {
                    self.shown.push(c);
                    self.code_of.insert(c, next);
                    next
                }
                // More characters than two bytes have codes: no language has them.
                (None, Err(_)) => 0,
            };
            recoded.extend(code.to_be_bytes());
        }
        recoded
    }

    /// The table that says which character each code is.
    fn to_unicode(&self) -> Stream {
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n\
             1 begincodespacerange <0000> <FFFF> endcodespacerange\n",
        );
        for (block, chars) in self.shown.chunks(100).enumerate() {
            map.push_str(&format!("{} beginbfchar\n", chars.len()));
            for (index, c) in chars.iter().enumerate() {
                let units: String = c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04X}")).collect();
                map.push_str(&format!("<{:04X}> <{units}>\n", block * 100 + index + 1));
            }
            map.push_str("endbfchar\n");
        }
        map.push_str("endcmap end end");
        Stream::new(Dictionary::new(), map.into_bytes())
    }

    /// The widths of its characters as such fonts have them: half for Latin ones.
    fn widths(&self) -> Object {
        let narrow = |c: &char| c.is_ascii() || matches!(c, '\u{FF61}'..='\u{FF9F}');
        let widths = self.shown.iter().map(|c| Object::from(if narrow(c) { 500 } else { 1000 })).collect();
        vec![1.into(), Object::Array(widths)].into()
    }
}

/// Makes such fonts readable; whether there were any.
///
/// # Errors
/// The document is spoiled, where it has such fonts and cannot be rewritten.
pub(super) fn rewrite(document: &mut Document) -> Result<bool, Spoiled> {
    if !names_predefined(document) {
        return Ok(false);
    }
    move_fonts_out(document);
    let mut fonts: HashMap<ObjectId, Font> = HashMap::new();
    for (id, object) in &document.objects {
        if let Some(codes) = object.as_dict().ok().and_then(|font| codes_of_font(document, font)) {
            fonts.insert(*id, Font { codes, shown: Vec::new(), code_of: HashMap::new() });
        }
    }
    let rewritten = recode_pages(document, &mut fonts)
        .and_then(|()| recode_forms(document, &mut fonts))
        .and_then(|()| fonts.iter().try_for_each(|(id, font)| replace_font(document, *id, font)));
    rewritten.map(|()| true).ok_or(Spoiled)
}

/// A document that was rewritten in part.
#[derive(Debug)]
pub(super) struct Spoiled;

/// Whether any font, wherever it stands, may be one of these.
fn names_predefined(document: &Document) -> bool {
    let is_container =
        |object: &&Object| matches!(object, Object::Dictionary(_) | Object::Stream(_) | Object::Array(_));
    let mut open: Vec<&Object> = document.objects.values().filter(is_container).collect();
    while let Some(object) = open.pop() {
        let dict = match object {
            Object::Dictionary(dict) => dict,
            Object::Stream(stream) => &stream.dict,
            Object::Array(items) => {
                open.extend(items.iter().filter(is_container));
                continue;
            }
            _ => continue,
        };
        if codes_of_font(document, dict).is_some() {
            return true;
        }
        open.extend(dict.iter().map(|(_, value)| value).filter(is_container));
    }
    false
}

/// How a font's codes are read, if it is one that says so by a predefined name alone.
fn codes_of_font(document: &Document, font: &Dictionary) -> Option<Codes> {
    if !font.has(b"DescendantFonts") {
        return None;
    }
    let name = |key| font.get_deref(key, document).and_then(Object::as_name).ok();
    (name(b"Subtype")? == b"Type0" && !font.has(b"ToUnicode")).then(|| Codes::of_name(name(b"Encoding")?))?
}

/// Gives fonts that are written inside other objects an object of their own.
fn move_fonts_out(document: &mut Document) {
    let mut next = document.max_id;
    let mut moved = Vec::new();
    for object in document.objects.values_mut() {
        let mut open = vec![object];
        while let Some(object) = open.pop() {
            let dict = match object {
                Object::Dictionary(dict) => dict,
                Object::Stream(stream) => &mut stream.dict,
                Object::Array(items) => {
                    open.extend(items);
                    continue;
                }
                _ => continue,
            };
            if let Ok(fonts) = dict.get_mut(b"Font").and_then(Object::as_dict_mut) {
                for (_, font) in fonts.iter_mut() {
                    if font.as_dict().is_ok() {
                        next += 1;
                        moved.push(((next, 0), std::mem::replace(font, Object::Reference((next, 0)))));
                    }
                }
            }
            open.extend(dict.iter_mut().map(|(_, value)| value));
        }
    }
    document.max_id = next;
    document.objects.extend(moved);
}

/// The fonts of a resource dictionary, by the names that contents call them.
fn named_fonts(document: &Document, resources: &Dictionary, names: &mut BTreeMap<Vec<u8>, ObjectId>) {
    let Ok(fonts) = resources.get_deref(b"Font", document).and_then(Object::as_dict) else {
        return;
    };
    for (name, font) in fonts {
        if let Ok(id) = font.as_reference() {
            names.entry(name.clone()).or_insert(id);
        }
    }
}

fn recode_pages(document: &mut Document, fonts: &mut HashMap<ObjectId, Font>) -> Option<()> {
    let pages: Vec<ObjectId> = document.page_iter().collect();
    for page in pages {
        let (inline, inherited) = document.get_page_resources(page).ok()?;
        let mut names = BTreeMap::new();
        let inherited = inherited.iter().filter_map(|id| document.get_dictionary(*id).ok());
        inline.into_iter().chain(inherited).for_each(|resources| named_fonts(document, resources, &mut names));
        if !names.values().any(|id| fonts.contains_key(id)) {
            continue;
        }
        let content = document.get_page_content_with_limit(page, MAX_STREAM_BYTES).ok()?;
        let content = recode(&content, &names, fonts)?;
        // Pages may share their contents, so that each gets its own.
        let stream = document.add_object(Stream::new(Dictionary::new(), content));
        document.get_dictionary_mut(page).ok()?.set("Contents", stream);
    }
    Some(())
}

/// Forms are contents that pages and annotations draw.
fn recode_forms(document: &mut Document, fonts: &mut HashMap<ObjectId, Font>) -> Option<()> {
    let is_form =
        |stream: &Stream| stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Form");
    let forms: Vec<ObjectId> = document
        .objects
        .iter()
        .filter(|(_, object)| object.as_stream().is_ok_and(is_form))
        .map(|(id, _)| *id)
        .collect();
    for form in forms {
        let stream = document.get_object(form).and_then(Object::as_stream).ok()?;
        let mut names = BTreeMap::new();
        if let Ok(resources) = stream.dict.get_deref(b"Resources", document).and_then(Object::as_dict) {
            named_fonts(document, resources, &mut names);
        }
        if !names.values().any(|id| fonts.contains_key(id)) {
            continue;
        }
        let content = if stream.dict.has(b"Filter") {
            stream.decompressed_content_with_limit(MAX_STREAM_BYTES).ok()?
        } else {
            stream.content.clone()
        };
        let content = recode(&content, &names, fonts)?;
        let stream = document.get_object_mut(form).and_then(Object::as_stream_mut).ok()?;
        stream.dict.remove(b"Filter");
        stream.dict.remove(b"DecodeParms");
        stream.set_content(content);
    }
    Some(())
}

/// Writes the strings that these fonts show in their new codes.
fn recode(content: &[u8], names: &BTreeMap<Vec<u8>, ObjectId>, fonts: &mut HashMap<ObjectId, Font>) -> Option<Vec<u8>> {
    let mut operations = Content::decode(content).ok()?.operations;
    // Images between the text say nothing, and their bytes are no operations.
    operations.retain(|operation| !matches!(operation.operator.as_str(), "BI" | "ID" | "EI"));
    let mut font = None;
    let mut saved = Vec::new();
    for Operation { operator, operands } in &mut operations {
        match operator.as_str() {
            "q" => saved.push(font),
            "Q" => font = saved.pop().unwrap_or(font),
            "Tf" => font = operands.first().and_then(|name| names.get(name.as_name().ok()?)).copied(),
            "Tj" | "'" | "\"" | "TJ" => {
                let Some(font) = font.and_then(|id| fonts.get_mut(&id)) else {
                    continue;
                };
                let mut shown: Vec<&mut Object> = operands.iter_mut().collect();
                while let Some(operand) = shown.pop() {
                    match operand {
                        Object::String(bytes, format) => {
                            *bytes = font.recode(bytes);
                            *format = StringFormat::Hexadecimal;
                        }
                        Object::Array(items) => shown.extend(items.iter_mut().rev()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Content { operations }.encode().ok()
}

/// Makes it a font of two-byte codes that a table explains. Its file, if it is embedded, is for the old codes.
fn replace_font(document: &mut Document, id: ObjectId, font: &Font) -> Option<()> {
    let name = document.get_dictionary(id).ok()?.get(b"BaseFont").cloned().unwrap_or_else(|_| "Font".into());
    let descriptor = document.add_object(dictionary! {
        "Type" => "FontDescriptor", "FontName" => name.clone(), "Flags" => 4, "ItalicAngle" => 0, "Ascent" => 880,
        "Descent" => -120, "CapHeight" => 700, "StemV" => 80,
        "FontBBox" => vec![0.into(), (-200).into(), 1000.into(), 900.into()],
    });
    let system = dictionary! {
        "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("Identity"), "Supplement" => 0,
    };
    let descendant = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => name, "CIDSystemInfo" => system,
        "FontDescriptor" => descriptor, "DW" => 1000, "W" => font.widths(),
    });
    let table = document.add_object(font.to_unicode());
    let dict = document.get_dictionary_mut(id).ok()?;
    dict.set("Encoding", "Identity-H");
    dict.set("DescendantFonts", vec![descendant.into()]);
    dict.set("ToUnicode", table);
    Some(())
}

#[cfg(test)]
mod tests;
