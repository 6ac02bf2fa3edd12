//! What was filled into a form.
//!
//! The extractor reads the values of fields where they are UTF-8 and written at the field that is drawn. Forms write them in
//! UTF-16 or the encoding of PDF, in objects of their own, at the parent of what is drawn, and choices as the word that is
//! sent instead of the one that is shown: they are brought into the form that is read.

use encoding_rs::{UTF_16BE, UTF_16LE};
use lopdf::{Dictionary, Document, Object, ObjectId, StringFormat, decode_text_string};

/// Rewrites the fields of a form; whether there was something to rewrite.
pub(super) fn rewrite(document: &mut Document) -> bool {
    if document.catalog().is_ok_and(|catalog| !catalog.has(b"AcroForm")) {
        return false;
    }
    let fields: Vec<ObjectId> =
        document.objects.iter().filter(|(_, object)| is_field(object)).map(|(id, _)| *id).collect();
    let mut changed = false;
    for id in fields {
        changed |= rewrite_field(document, id).unwrap_or(false);
    }
    changed
}

fn is_field(object: &Object) -> bool {
    object.as_dict().is_ok_and(|dict| dict.has(b"V") || (dict.has(b"T") && !dict.has(b"Type")) || dict.has(b"FT"))
}

fn rewrite_field(document: &mut Document, id: ObjectId) -> Option<bool> {
    let field = document.get_dictionary(id).ok()?;
    let name = field.get_deref(b"T", document).ok().and_then(as_utf8);
    let value = field.get_deref(b"V", document).ok().and_then(|value| shown(document, field, value));
    // Fields without a name are only the places where their parent is drawn; the first of them stands for all.
    let drawn = field.get_deref(b"Kids", document).and_then(Object::as_array).ok().and_then(|kids| {
        let first = kids.first()?.as_reference().ok()?;
        let kid = document.get_dictionary(first).ok()?;
        (!kid.has(b"T") && !kid.has(b"V")).then_some(first)
    });
    let is_other = |key: &[u8], new: &Object| field.get(key).is_ok_and(|old| old != new);
    let name = name.filter(|name| is_other(b"T", name));
    let is_moved = value.is_some() && drawn.is_some();
    let value = value.filter(|value| is_moved || is_other(b"V", value));
    let changed = name.is_some() || value.is_some();
    if let Some(name) = name {
        document.get_dictionary_mut(id).ok()?.set("T", name);
    }
    if let Some(value) = value {
        document.get_dictionary_mut(drawn.unwrap_or(id)).ok()?.set("V", value);
    }
    Some(changed)
}

/// A field's value as it is shown.
fn shown(document: &Document, field: &Dictionary, value: &Object) -> Option<Object> {
    let choice = |value: &Object| {
        let options = field.get_deref(b"Opt", document).and_then(Object::as_array).ok()?;
        let pairs = options.iter().filter_map(|option| document.dereference(option).ok()?.1.as_array().ok());
        let mut named = pairs.filter(|pair| pair.first().is_some_and(|sent| sent.as_str().ok() == value.as_str().ok()));
        named.next().and_then(|pair| pair.get(1)).and_then(as_utf8)
    };
    match value {
        Object::String(..) => choice(value).or_else(|| as_utf8(value)),
        Object::Array(values) => Some(
            values
                .iter()
                .map(|value| choice(value).or_else(|| as_utf8(value)).unwrap_or(Object::Null))
                .collect::<Vec<_>>()
                .into(),
        ),
        Object::Name(_) => Some(value.clone()),
        // A long text.
        Object::Stream(stream) => {
            let content = stream.decompressed_content_with_limit(super::bomb::MAX_STREAM_BYTES);
            let content = content.unwrap_or_else(|_| stream.content.clone());
            as_utf8(&Object::String(content, StringFormat::Literal))
        }
        _ => None,
    }
}

/// A text of a PDF in UTF-8, whatever it is in.
fn as_utf8(text: &Object) -> Option<Object> {
    let bytes = text.as_str().ok()?;
    let text = match bytes {
        [0xFE, 0xFF, units @ ..] => UTF_16BE.decode_without_bom_handling(units).0.into_owned(),
        // Not allowed, and found all the same.
        [0xFF, 0xFE, units @ ..] => UTF_16LE.decode_without_bom_handling(units).0.into_owned(),
        [0xEF, 0xBB, 0xBF, utf8 @ ..] => String::from_utf8_lossy(utf8).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(utf8) => utf8.to_owned(),
            Err(_) => decode_text_string(text).ok()?,
        },
    };
    Some(Object::String(text.into_bytes(), StringFormat::Literal))
}

#[cfg(test)]
mod tests {
    use lopdf::{Stream, dictionary};

    use super::*;
    use crate::rag::extract::{Format, Limits, extract_bytes};

    fn text(bytes: &[u8]) -> Object {
        Object::String(bytes.to_vec(), StringFormat::Hexadecimal)
    }

    fn utf16(text: &str) -> Object {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        Object::String([b"\xFE\xFF".as_slice(), &units].concat(), StringFormat::Hexadecimal)
    }

    /// The text of a form with these fields.
    fn read(fields: Vec<Dictionary>, more: Vec<Object>) -> String {
        let mut document = Document::with_version("1.5");
        let tree = document.new_object_id();
        let font =
            document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" });
        let content =
            Stream::new(Dictionary::new(), b"BT /F1 12 Tf 72 780 Td (Application for leave of absence) Tj ET".to_vec());
        let content = document.add_object(content);
        let page = document.new_object_id();
        let mut ids: Vec<Object> = Vec::new();
        let further: Vec<Object> = more.into_iter().map(|object| document.add_object(object).into()).collect();
        for (index, mut field) in fields.into_iter().enumerate() {
            if let Ok(Object::Name(place)) = field.get(b"V")
                && let Some(index) =
                    std::str::from_utf8(place).ok().and_then(|name| name.strip_prefix('@')?.parse::<usize>().ok())
            {
                field.set("V", further[index].clone());
            }
            let top = 740 - 20 * i64::try_from(index).unwrap();
            let widget = dictionary! {
                "Type" => "Annot", "Subtype" => "Widget", "P" => page,
                "Rect" => vec![200.into(), top.into(), 400.into(), (top + 16).into()],
            };
            if field.has(b"Kids") {
                let kid = document.add_object(widget);
                field.set("Kids", vec![kid.into()]);
            } else {
                field.extend(&widget);
            }
            ids.push(document.add_object(field).into());
        }
        let resources = dictionary! { "Font" => dictionary! { "F1" => font } };
        document.objects.insert(page, dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources, "Annots" => ids.clone(),
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        }.into());
        document
            .objects
            .insert(tree, dictionary! { "Type" => "Pages", "Count" => 1, "Kids" => vec![page.into()] }.into());
        let form = document.add_object(dictionary! { "Fields" => ids });
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree, "AcroForm" => form });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        extract_bytes(Format::Pdf, &bytes, &Limits::default()).unwrap().text
    }

    #[test]
    fn values_are_read_in_every_encoding_and_place() {
        let options = vec![
            Object::Array(vec![text(b"DE"), utf16("Deutschland")]),
            Object::Array(vec![text(b"VN"), utf16("Việt Nam")]),
        ];
        let found = read(
            vec![
                dictionary! { "FT" => "Tx", "T" => utf16("Tên"), "V" => utf16("Nguyễn Thị Hà") },
                dictionary! { "FT" => "Tx", "T" => text(b"city"), "V" => text(b"M\xFCnchen") },
                dictionary! { "FT" => "Ch", "T" => text(b"country"), "V" => text(b"VN"), "Opt" => options },
                dictionary! { "FT" => "Tx", "T" => text(b"days"), "V" => text(b"23"), "Kids" => Vec::<Object>::new() },
                dictionary! { "FT" => "Btn", "T" => text(b"paid"), "V" => "Half", "Kids" => Vec::<Object>::new() },
                dictionary! { "FT" => "Tx", "T" => text(b"reason"), "V" => "@0" },
                dictionary! { "FT" => "Tx", "T" => text(b"remark"), "V" => "@1" },
            ],
            vec![utf16("家族旅行"), Stream::new(Dictionary::new(), b"a long remark".to_vec()).into()],
        );
        for expected in [
            "Application for leave of absence",
            "Tên: Nguyễn Thị Hà",
            "city: München",
            "country: Việt Nam",
            "days: 23",
            "paid: Half",
            "reason: 家族旅行",
            "remark: a long remark",
        ] {
            assert_eq!(found.matches(expected).count(), 1, "{expected}: {found}");
        }
    }
}
