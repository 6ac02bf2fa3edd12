//! A ZIP archive of parts, as office documents and books are: how it is opened, and how much of it may be unpacked.
//!
//! Unpacked bytes are counted while reading, whatever the archive's directory claims. Nothing is written, so names in the
//! archive cannot lead anywhere.

use std::{
    collections::HashMap,
    io::{Cursor, Read},
};

use encoding_rs::UTF_8;
use zip::{ZipArchive, result::ZipError};

use super::{
    ExtractError, Limits, Warning,
    properties::Properties,
    xml::{self, Node, attribute, walk},
};
use crate::domain::Metadata;

/// The archive, and how much may still be unpacked.
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Where the parts are in the archive. Some programs write their names in other cases, or with backslashes.
    index: HashMap<String, usize>,
    format: &'static str,
    left: u64,
    limit: u64,
    /// What was lost in the parts that were read.
    pub warnings: Vec<Warning>,
}

/// Where a relation leads, and of what kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// The last word of its type: `slide`, `notesSlide`, `comments` …
    pub kind: String,
    /// The name of the part in the archive.
    pub part: String,
}

impl<'a> Package<'a> {
    /// Opens an archive that holds a document of this format.
    pub fn open(format: &'static str, bytes: &'a [u8], limits: &Limits) -> Result<Self, ExtractError> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| ExtractError::Damaged { format, detail: error.to_string() })?;
        let names = archive.file_names().enumerate();
        let index = names.filter_map(|(at, name)| Some((usual(&name.ok()?), at))).collect();
        let limit = limits.max_unpacked_bytes;
        Ok(Self { archive, index, format, left: limit, limit, warnings: Vec::new() })
    }

    /// The bytes of a part, if there is such a part.
    pub fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let damaged = |error: &dyn std::fmt::Display| ExtractError::Damaged {
            format: self.format,
            detail: format!("{name}: {error}"),
        };
        let Some(at) = self.index.get(&usual(name)) else {
            return Ok(None);
        };
        let file = match self.archive.by_index(*at) {
            Ok(file) => file,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(ExtractError::Encrypted);
            }
            Err(error) => return Err(damaged(&error)),
        };
        let mut bytes = Vec::new();
        file.take(self.left.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(ExtractError::Bomb { limit: self.limit })?;
        Ok(Some(bytes))
    }

    /// The text of a part, if there is such a part.
    pub fn part(&mut self, name: &str) -> Result<Option<String>, ExtractError> {
        let Some(bytes) = self.bytes(name)? else {
            return Ok(None);
        };
        // XML without a mark is UTF-8; other encodings must be declared, and office programs do not use them.
        let (text, encoding, invalid) = UTF_8.decode(&bytes);
        if invalid {
            let count = text.matches(char::REPLACEMENT_CHARACTER).count();
            self.warnings.push(Warning::Replaced { count, encoding: encoding.name() });
        }
        Ok(Some(text.into_owned()))
    }

    /// The text of a part that must be there.
    pub fn needed(&mut self, name: &str) -> Result<String, ExtractError> {
        let format = self.format;
        self.part(name)?
            .ok_or_else(|| ExtractError::Damaged { format, detail: format!("the archive has no part {name}") })
    }

    /// The relations of a part (Office Open XML) by their ids; `""` for those of the whole package. Those that lead out of the
    /// archive are not among them.
    pub fn relations(&mut self, part: &str) -> Result<HashMap<String, Relation>, ExtractError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let mut relations = HashMap::new();
        let Some(xml) = self.part(&format!("{folder}{slash}_rels/{file}.rels"))? else {
            return Ok(relations);
        };
        walk(self.format, &xml, |node| {
            if let Node::Open("Relationship", element) = node
                && attribute(element, "TargetMode").as_deref() != Some("External")
                && let (Some(id), Some(target)) = (attribute(element, "Id"), attribute(element, "Target"))
            {
                let kind = attribute(element, "Type").unwrap_or_default();
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.insert(id, Relation { kind, part: resolve(folder, &target) });
            }
            Ok(())
        })?;
        Ok(relations)
    }

    /// The title among the document's properties (Office Open XML).
    pub fn core_title(&mut self) -> Result<Option<String>, ExtractError> {
        let format = self.format;
        Ok(self.part("docProps/core.xml")?.map(|xml| xml::text_of(format, &xml, "title")).transpose()?.flatten())
    }

    /// What an Office Open XML document says of itself.
    pub fn core_properties(&mut self) -> Result<Metadata, ExtractError> {
        const FIELDS: &[(&str, &str)] = &[
            ("creator", "author"),
            ("subject", "subject"),
            ("keywords", "keywords"),
            ("description", "description"),
            ("category", "category"),
            ("created", "created"),
        ];
        let mut properties = Properties::default();
        if let Some(xml) = self.part("docProps/core.xml")? {
            properties.read_xml(self.format, &xml, FIELDS);
        }
        Ok(properties.finish(&mut self.warnings))
    }

    /// The part that holds the document itself (Office Open XML).
    pub fn main_part(&mut self) -> Result<Option<String>, ExtractError> {
        let relations = self.relations("")?;
        Ok(relations.into_values().find(|relation| relation.kind == "officeDocument").map(|relation| relation.part))
    }
}

/// A name in the form in which names are compared.
fn usual(name: &str) -> String {
    name.trim_start_matches(['/', '\\']).replace('\\', "/").to_lowercase()
}

/// The name of the part that a reference in a part of this folder leads to.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_inside_the_archive() {
        assert_eq!(resolve("xl/worksheets", "../comments1.xml"), "xl/comments1.xml");
        assert_eq!(resolve("xl", "/xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("", "../../../word/./document.xml"), "word/document.xml");
    }
}
