//! XML of office documents and books, node by node.
//!
//! A document type declaration is refused: office programs never write one, entity bombs and external entities need one. The
//! walk keeps nothing but where it is, so that nesting costs no stack; it is bounded all the same.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{ExtractError, sandbox::Deadline};

/// Deepest nesting of elements. Word writes a few dozen levels for tables in tables.
pub(super) const MAX_DEPTH: usize = 2_000;

/// What a part is made of, without the distinctions that do not matter here.
pub(super) enum Node<'a> {
    /// An element begins; one without content is followed by its [`Node::Close`] as any other.
    Open(&'a str, &'a BytesStart<'a>),
    /// An element ends.
    Close(&'a str),
    /// Text, references resolved.
    Text(&'a str),
}

/// Reads a part of a `format` file node by node. Element names come without their prefix.
pub(super) fn walk(
    format: &'static str,
    xml: &str,
    mut visit: impl FnMut(Node<'_>) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    let mut reader = Reader::from_str(xml);
    let damaged = |detail: String| ExtractError::Damaged { format, detail };
    loop {
        match reader.read_event().map_err(|error| damaged(format!("its XML is broken: {error}")))? {
            Event::Start(start) => visit(Node::Open(start.local_name().into_inner(), &start))?,
            Event::Empty(start) => {
                visit(Node::Open(start.local_name().into_inner(), &start))?;
                visit(Node::Close(start.local_name().into_inner()))?;
            }
            Event::End(end) => visit(Node::Close(end.local_name().into_inner()))?,
            Event::Text(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::CData(text) => visit(Node::Text(&text.xml10_content()))?,
            Event::GeneralRef(reference) => {
                if let Ok(Some(c)) = reference.resolve_char_ref() {
                    visit(Node::Text(c.encode_utf8(&mut [0; 4])))?;
                } else if let Some(text) = quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()) {
                    visit(Node::Text(text))?;
                }
            }
            Event::DocType(_) => {
                return Err(damaged(
                    "it contains a document type declaration, which office documents never do".to_owned(),
                ));
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// The same for a part of any size: looks at the clock, and refuses nesting that no program writes and a part that ends in the
/// middle.
pub(super) fn walk_bounded(
    format: &'static str,
    xml: &str,
    deadline: Deadline,
    mut visit: impl FnMut(Node<'_>) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    let damaged = |detail: String| ExtractError::Damaged { format, detail };
    let (mut depth, mut step) = (0_usize, 0_usize);
    walk(format, xml, |node| {
        step += 1;
        if step.is_multiple_of(4096) {
            deadline.check()?;
        }
        match node {
            Node::Open(..) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(damaged(format!("its elements are nested more than {MAX_DEPTH} deep")));
                }
            }
            Node::Close(_) => depth = depth.saturating_sub(1),
            Node::Text(_) => {}
        }
        visit(node)
    })?;
    if depth == 0 { Ok(()) } else { Err(damaged("its XML ends in the middle".to_owned())) }
}

/// The same without the elements that `skips` says are left out, and all that is in them. Both are handed `state`.
pub(super) fn walk_shown<S>(
    format: &'static str,
    xml: &str,
    deadline: Deadline,
    state: &mut S,
    skips: impl Fn(&mut S, &str, &BytesStart<'_>) -> bool,
    visit: impl Fn(&mut S, Node<'_>) -> Result<(), ExtractError>,
) -> Result<(), ExtractError> {
    // Elements that are open within one that is left out, itself included.
    let mut skipped = 0_usize;
    walk_bounded(format, xml, deadline, |node| match node {
        Node::Open(name, element) if skipped > 0 || skips(state, name, element) => {
            skipped += 1;
            Ok(())
        }
        Node::Close(_) if skipped > 0 => {
            skipped -= 1;
            Ok(())
        }
        Node::Text(_) if skipped > 0 => Ok(()),
        node => visit(state, node),
    })
}

/// An attribute by its name without prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.local_name().into_inner() == name)?;
    Some(found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// The text of the first element of this name that has any.
pub(super) fn text_of(format: &'static str, xml: &str, name: &str) -> Result<Option<String>, ExtractError> {
    let (mut inside, mut text) = (false, String::new());
    walk(format, xml, |node| {
        match node {
            Node::Open(open, _) => inside = open == name && text.trim().is_empty(),
            Node::Close(_) => inside = false,
            Node::Text(part) if inside => text.push_str(part),
            Node::Text(_) => {}
        }
        Ok(())
    })?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Whether a property is on: that it is there says so, unless its value denies it.
pub(super) fn is_on(value: Option<&str>) -> bool {
    !matches!(value, Some("0" | "false" | "off"))
}
