//! EML and MHT → Markdown: the subject as heading, who wrote to whom and when, the body, and what is attached, each under a heading
//! of its own and read by the reader of its format. A mail that is attached is a mail in the mail.
//!
//! What cannot be read is named all the same: that a mail carried `contract.zip` is worth finding.

#[cfg(test)]
mod tests;

use mail_parser::{
    Address, DateTime, Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{
    ExtractError, Format, Limits, Raw, Warning,
    blocks::Blocks,
    detect,
    format::FormatReader,
    html, markdown,
    properties::Properties,
    sandbox::{self, Deadline},
    text,
};
use crate::domain::MAX_METADATA_LIST;

const FORMAT: &str = "EML";

/// How deep mails may be attached to mails.
const MAX_DEPTH: usize = 8;

/// How many attachments are read.
const MAX_ATTACHMENTS: usize = 200;

/// How it is read.
pub(super) const READER: FormatReader = FormatReader {
    name: "eml",
    extensions: &["eml", "mht", "mhtml"],
    structured: true,
    is_text: false,
    // The parser looks at no clock.
    read: |bytes, limits, deadline| {
        let (bytes, limits) = (bytes.to_vec(), limits.clone());
        sandbox::run_bounded(FORMAT, deadline, move || extract(&bytes, &limits, deadline))
    },
};

/// The text of a mail.
fn extract(bytes: &[u8], limits: &Limits, deadline: Deadline) -> Result<Raw, ExtractError> {
    let parser = MessageParser::default();
    let Some(message) = parser.parse(bytes).filter(has_headers) else {
        return Err(ExtractError::Damaged { format: FORMAT, detail: "it has no headers".to_owned() });
    };
    if is_encrypted(&message) {
        return Err(ExtractError::Encrypted);
    }
    let mut reader = Reader { blocks: Blocks::new(limits), limits, deadline, attachments: 0, warnings: Vec::new() };
    reader.message(&message, 1)?;
    let title = message.subject().map(str::to_owned);
    let mut warnings = reader.warnings;
    let metadata = properties(&message).finish(&mut warnings);
    Ok(Raw { text: reader.blocks.finish().0, title, warnings, metadata, ..Raw::default() })
}

/// Who wrote a mail to whom, by their addresses, and when.
fn properties(message: &Message<'_>) -> Properties {
    let mut properties = Properties::default();
    for (field, address) in [("author", message.from()), ("to", message.to()), ("cc", message.cc())] {
        let people = address.into_iter().flat_map(Address::iter);
        // A list of hundreds is no way to find a mail.
        for person in people.take(MAX_METADATA_LIST) {
            properties.add_text(field, person.address().unwrap_or_default());
        }
    }
    if let Some(date) = message.date() {
        properties.add_text("created", &date.to_rfc3339());
    }
    properties
}

/// Whether one of its headers is such as mails have.
fn has_headers(message: &Message<'_>) -> bool {
    message.headers().iter().any(|header| !matches!(header.name, HeaderName::Other(_)))
}

fn is_encrypted(message: &Message<'_>) -> bool {
    let Some(kind) = message.content_type() else {
        return false;
    };
    let is = |name: &str| kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case(name));
    let is_sealed = kind.attribute("smime-type").is_none_or(|kind| !kind.eq_ignore_ascii_case("signed-data"));
    is("encrypted") || (is("pkcs7-mime") || is("x-pkcs7-mime")) && is_sealed
}

/// Writes mails.
struct Reader<'a> {
    blocks: Blocks,
    limits: &'a Limits,
    deadline: Deadline,
    attachments: usize,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    /// A mail whose subject is a heading of this level.
    fn message(&mut self, message: &Message<'_>, level: usize) -> Result<(), ExtractError> {
        self.deadline.check()?;
        self.blocks.heading(level, message.subject().filter(|text| !text.trim().is_empty()).unwrap_or("Mail"))?;
        let mut lines = Vec::new();
        for (name, address) in [("From", message.from()), ("To", message.to()), ("Cc", message.cc())] {
            lines.extend(address.map(people).filter(|people| !people.is_empty()).map(|list| format!("{name}: {list}")));
        }
        lines.extend(message.date().map(|date| format!("Date: {}", moment(date))));
        self.blocks.paragraph(&lines.join("\n"))?;
        self.body(message, level)?;
        for id in &message.attachments {
            // A part that belongs to the body may be listed here, too.
            let in_body = message.html_body.contains(id) || message.text_body.contains(id);
            if let Some(part) = message.parts.get(*id as usize)
                && !(in_body && part.is_text())
            {
                self.attachment(part, level + 1)?;
            }
        }
        Ok(())
    }

    /// The body: the page where there is one, since it has headings and tables, else the plain text.
    fn body(&mut self, message: &Message<'_>, level: usize) -> Result<(), ExtractError> {
        let mut has_text = false;
        for part in message.html_bodies() {
            has_text |= self.body_part(message, part, level)?;
        }
        if !has_text {
            for part in message.text_bodies().filter(|part| !part.is_text_html()) {
                self.body_part(message, part, level)?;
            }
        }
        Ok(())
    }

    /// Writes a part of a body; whether there was text in it.
    fn body_part(&mut self, message: &Message<'_>, part: &MessagePart<'_>, level: usize) -> Result<bool, ExtractError> {
        let undeclared = undeclared_bytes(message, part);
        match &part.body {
            PartType::Html(page) => {
                let raw = match undeclared {
                    Some(bytes) => (Format::Html.reader().read)(&bytes, self.limits, self.deadline)?,
                    None => html::read(page, self.limits, self.deadline)?,
                };
                self.blocks.markdown(&markdown::shifted(&raw.text, level))?;
                Ok(!raw.text.trim().is_empty())
            }
            PartType::Text(text) => {
                let decoded = undeclared.map(|bytes| text::decode(&bytes, None)).transpose()?;
                let text = decoded.as_ref().map_or(&**text, |(text, _)| text).replace("\r\n", "\n");
                text.split("\n\n").try_for_each(|paragraph| self.blocks.paragraph(paragraph))?;
                Ok(!text.trim().is_empty())
            }
            _ => Ok(false),
        }
    }

    fn attachment(&mut self, part: &MessagePart<'_>, level: usize) -> Result<(), ExtractError> {
        self.attachments += 1;
        if let PartType::Message(message) = &part.body {
            return self.attached_mail(message, level);
        }
        let name = part.attachment_name().map(str::to_owned);
        let bytes = part.contents();
        let format = format_of(part, name.as_deref(), bytes);
        let (Some(format), true) = (format, self.attachments <= MAX_ATTACHMENTS && !bytes.is_empty()) else {
            return match name {
                Some(name) => self.blocks.paragraph(&format!("Attachment: {name}")),
                None => Ok(()),
            };
        };
        let name = name.unwrap_or_else(|| format!("({format})"));
        if format == Format::Eml {
            let parsed = MessageParser::default().parse(bytes);
            return match parsed.filter(has_headers) {
                Some(message) => self.attached_mail(&message, level),
                None => self.blocks.paragraph(&format!("Attachment: {name}")),
            };
        }
        match self.read_attachment(format, bytes) {
            Ok(mut raw) => {
                self.blocks.heading(level, &format!("Attachment: {name}"))?;
                if format.is_structured() {
                    self.blocks.markdown(&markdown::shifted(&raw.text, level))?;
                } else {
                    self.blocks.markdown(&raw.text)?;
                }
                self.warnings.append(&mut raw.warnings);
                Ok(())
            }
            // They hold for the mail as a whole.
            Err(error @ (ExtractError::TimedOut { .. } | ExtractError::Busy { .. })) => Err(error),
            Err(error) => {
                self.warnings.push(Warning::AttachmentUnread { name: name.clone(), why: error.to_string() });
                self.blocks.paragraph(&format!("Attachment: {name}"))
            }
        }
    }

    fn read_attachment(&self, format: Format, bytes: &[u8]) -> Result<Raw, ExtractError> {
        (detect::detect(format, bytes)?.reader().read)(bytes, self.limits, self.deadline)
    }

    fn attached_mail(&mut self, message: &Message<'_>, level: usize) -> Result<(), ExtractError> {
        if level > MAX_DEPTH {
            let name = message.subject().unwrap_or("a mail").to_owned();
            let why = format!("it is attached to mails that are attached to mails, {MAX_DEPTH} deep");
            self.warnings.push(Warning::AttachmentUnread { name, why });
            return Ok(());
        }
        self.message(message, level)
    }
}

/// The bytes of a body that does not say which encoding it is in, and is not in the one that holds then: its page may say it, or
/// its letters.
fn undeclared_bytes(message: &Message<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let (PartType::Html(text) | PartType::Text(text)) = &part.body else {
        return None;
    };
    let is_declared = part.content_type().is_some_and(|kind| kind.has_attribute("charset"));
    if is_declared || !text.contains(char::REPLACEMENT_CHARACTER) {
        return None;
    }
    let bytes = message.raw_message.get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        Encoding::None => Some(bytes.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(bytes),
        Encoding::Base64 => base64_decode(bytes),
    }
}

/// How a part is read: by its name, by what it is declared as, by its content.
fn format_of(part: &MessagePart<'_>, name: Option<&str>, bytes: &[u8]) -> Option<Format> {
    let by_name = name.and_then(|name| Format::of_path(std::path::Path::new(name)));
    let declared = part.content_type().and_then(|kind| {
        let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
        match (kind.ctype().to_ascii_lowercase().as_str(), subtype.as_str()) {
            ("text", "plain") => Some(Format::Text),
            ("text", "html") => Some(Format::Html),
            ("text", "markdown") => Some(Format::Markdown),
            ("text", "csv" | "tab-separated-values") => Some(Format::Csv),
            ("message", _) => Some(Format::Eml),
            ("application", "json") => Some(Format::Json),
            _ => None,
        }
    });
    // Style sheets and the like, of which saved pages consist.
    let is_part_of_page = name.is_none() && part.is_text() && declared.is_none();
    if is_part_of_page {
        return None;
    }
    by_name.or(declared).or_else(|| detect::by_magic(bytes).ok().flatten())
}

/// `Mira Okafor <mira@example.org>, Jon <jon@example.org>`.
fn people(address: &Address<'_>) -> String {
    let people: Vec<String> = address
        .iter()
        .filter_map(|person| match (&person.name, &person.address) {
            (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_string()),
            (None, None) => None,
        })
        .collect();
    people.join(", ")
}

/// `2025-03-01 14:30 +01:00`.
fn moment(date: &DateTime) -> String {
    let DateTime { year, month, day, hour, minute, tz_hour, tz_minute, tz_before_gmt, .. } = date;
    let sign = if *tz_before_gmt { '-' } else { '+' };
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} {sign}{tz_hour:02}:{tz_minute:02}")
}
