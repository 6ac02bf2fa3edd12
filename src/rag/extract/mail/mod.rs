//! EML and MHT → Markdown: the subject as heading, who wrote to whom and when, the body, and the names of what is attached. Each
//! attachment that can be read is a document of its own, read by the reader of its format; so is an attached mail, whose
//! attachments stand beside it.
//!
//! What cannot be read is named all the same: that a mail carried `contract.zip` is worth finding.

mod names;
#[cfg(test)]
mod tests;

use mail_parser::{
    Address, DateTime, Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use self::names::AttachmentNames;
use super::{
    ExtractError, Format, Limits, Raw, RawAttachment, Warning,
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
    let message = parse(bytes)?;
    if is_encrypted(&message) {
        return Err(ExtractError::Encrypted);
    }
    let mut reader = Reader {
        limits: limits.clone(),
        deadline,
        seen: 0,
        attachments: Vec::new(),
        names: AttachmentNames::default(),
        within: Vec::new(),
    };
    let raw = reader.message(&message)?;
    Ok(Raw { attachments: reader.attachments, ..raw })
}

fn parse(bytes: &[u8]) -> Result<Message<'_>, ExtractError> {
    let message = MessageParser::default().parse(bytes).filter(has_headers);
    message.ok_or_else(|| ExtractError::Damaged { format: FORMAT, detail: "it has no headers".to_owned() })
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

/// Reads mails.
struct Reader {
    /// What is left of them: all attachments together may have as many characters as one text.
    limits: Limits,
    deadline: Deadline,
    /// Attachments so far, read or not.
    seen: usize,
    attachments: Vec<RawAttachment>,
    names: AttachmentNames,
    /// The names of the attached mails in which the present one is.
    within: Vec<String>,
}

/// The text of a mail as it comes to be.
struct MailText {
    blocks: Blocks,
    warnings: Vec<Warning>,
}

impl Reader {
    /// A mail without its attachments, which are added to the list of all.
    fn message(&mut self, message: &Message<'_>) -> Result<Raw, ExtractError> {
        self.deadline.check()?;
        let mut mail = MailText { blocks: Blocks::new(&self.limits), warnings: Vec::new() };
        mail.blocks.heading(1, message.subject().filter(|text| !text.trim().is_empty()).unwrap_or("Mail"))?;
        let mut lines = Vec::new();
        for (name, address) in [("From", message.from()), ("To", message.to()), ("Cc", message.cc())] {
            lines.extend(address.map(people).filter(|people| !people.is_empty()).map(|list| format!("{name}: {list}")));
        }
        lines.extend(message.date().map(|date| format!("Date: {}", moment(date))));
        mail.blocks.paragraph(&lines.join("\n"))?;
        self.body(message, &mut mail)?;
        for id in &message.attachments {
            // A part that belongs to the body may be listed here, too.
            let in_body = message.html_body.contains(id) || message.text_body.contains(id);
            if let Some(part) = message.parts.get(*id as usize)
                && !(in_body && part.is_text())
            {
                self.attachment(part, &mut mail)?;
            }
        }
        let MailText { blocks, mut warnings } = mail;
        let metadata = properties(message).finish(&mut warnings);
        let title = message.subject().map(str::to_owned);
        Ok(Raw { text: blocks.finish().0, title, warnings, metadata, ..Raw::default() })
    }

    /// The body: the page where there is one, since it has headings and tables, else the plain text.
    fn body(&self, message: &Message<'_>, mail: &mut MailText) -> Result<(), ExtractError> {
        let mut has_text = false;
        for part in message.html_bodies() {
            has_text |= self.body_part(message, part, mail)?;
        }
        if !has_text {
            for part in message.text_bodies().filter(|part| !part.is_text_html()) {
                self.body_part(message, part, mail)?;
            }
        }
        Ok(())
    }

    /// Writes a part of a body; whether there was text in it.
    fn body_part(
        &self,
        message: &Message<'_>,
        part: &MessagePart<'_>,
        mail: &mut MailText,
    ) -> Result<bool, ExtractError> {
        let undeclared = undeclared_bytes(message, part);
        match &part.body {
            PartType::Html(page) => {
                let raw = match undeclared {
                    Some(bytes) => (Format::Html.reader().read)(&bytes, &self.limits, self.deadline)?,
                    None => html::read(page, &self.limits, self.deadline)?,
                };
                mail.blocks.markdown(&markdown::shifted(&raw.text, 1))?;
                Ok(!raw.text.trim().is_empty())
            }
            PartType::Text(text) => {
                let decoded = undeclared.map(|bytes| text::decode(&bytes, None)).transpose()?;
                let text = decoded.as_ref().map_or(&**text, |(text, _)| text).replace("\r\n", "\n");
                text.split("\n\n").try_for_each(|paragraph| mail.blocks.paragraph(paragraph))?;
                Ok(!text.trim().is_empty())
            }
            _ => Ok(false),
        }
    }

    /// Names an attachment in its mail, and reads it.
    fn attachment(&mut self, part: &MessagePart<'_>, mail: &mut MailText) -> Result<(), ExtractError> {
        self.seen += 1;
        let given = part.attachment_name().map(str::to_owned);
        let (bytes, is_mail) = (part.contents(), matches!(part.body, PartType::Message(_)));
        let format = if is_mail { Some(Format::Eml) } else { format_of(part, given.as_deref(), bytes) };
        let (Some(format), true) = (format, self.seen <= MAX_ATTACHMENTS && (is_mail || !bytes.is_empty())) else {
            return given.map_or(Ok(()), |name| mail.blocks.paragraph(&format!("Attachment: {name}")));
        };
        let subject = match &part.body {
            PartType::Message(message) => message.subject().map(|subject| format!("{subject}.eml")),
            _ => None,
        };
        let name = given.or(subject).unwrap_or_else(|| format!("attachment.{}", format.reader().extensions[0]));
        mail.blocks.paragraph(&format!("Attachment: {name}"))?;
        let unique = self.names.unique(&self.within, &name);
        match self.read_attachment(part, format, &unique) {
            Ok(()) => Ok(()),
            // They hold for the mail as a whole.
            Err(error @ (ExtractError::TimedOut { .. } | ExtractError::Busy { .. })) => Err(error),
            Err(error) => {
                mail.warnings.push(Warning::AttachmentUnread { name, why: error.to_string() });
                Ok(())
            }
        }
    }

    /// Reads an attachment, and what is attached to it when it is a mail.
    fn read_attachment(&mut self, part: &MessagePart<'_>, format: Format, name: &str) -> Result<(), ExtractError> {
        let bytes = part.contents();
        let (format, raw, inner) = if let PartType::Message(message) = &part.body {
            let (raw, inner) = self.attached_mail(message, name)?;
            (Format::Eml, raw, inner)
        } else {
            match detect::detect(format, bytes)? {
                Format::Eml => {
                    let message = parse(bytes)?;
                    let (raw, inner) = self.attached_mail(&message, name)?;
                    (Format::Eml, raw, inner)
                }
                format => (format, (format.reader().read)(bytes, &self.limits, self.deadline)?, Vec::new()),
            }
        };
        self.limits.max_text_chars = self.limits.max_text_chars.saturating_sub(raw.text.chars().count());
        let name = self.within.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        self.attachments.push(RawAttachment { name, bytes: bytes.len() as u64, format, raw });
        self.attachments.extend(inner);
        Ok(())
    }

    /// A mail that is attached under this name, and what is attached to it.
    fn attached_mail(&mut self, message: &Message<'_>, name: &str) -> Result<(Raw, Vec<RawAttachment>), ExtractError> {
        if self.within.len() >= MAX_DEPTH {
            return Err(ExtractError::TooDeep { limit: MAX_DEPTH, what: "mails attached to mails" });
        }
        let before = std::mem::take(&mut self.attachments);
        self.within.push(name.to_owned());
        let raw = self.message(message);
        self.within.pop();
        let inner = std::mem::replace(&mut self.attachments, before);
        Ok((raw?, inner))
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
