//! Word's formulas (OMML): which element is which construct.

use quick_xml::events::BytesStart;

use super::parts::attribute;
use crate::rag::extract::formula::{Construct, Linear};

/// A formula that is being read.
pub(super) struct Formula {
    linear: Linear,
    /// Elements of the formula that are open, its own included.
    depth: usize,
}

impl Formula {
    /// A formula, at its first element.
    pub fn new() -> Self {
        Self { linear: Linear::new(), depth: 1 }
    }

    /// An element begins.
    pub fn open(&mut self, name: &str, element: &BytesStart<'_>) {
        self.depth += 1;
        // A sign without value is none: brackets on one side only.
        let sign = || attribute(element, "val").unwrap_or_default();
        match name {
            "begChr" | "chr" => self.linear.sign(0, &sign()),
            "endChr" => self.linear.sign(1, &sign()),
            "sepChr" => self.linear.sign(2, &sign()),
            _ => {}
        }
        if let Some(construct) = construct(name) {
            self.linear.open(construct);
            if construct == Construct::Fenced {
                self.linear.sign(2, "|");
            }
        }
    }

    /// An element ends; the line, when it is the formula itself.
    pub fn close(&mut self, name: &str) -> Option<String> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 0 {
            return Some(std::mem::replace(&mut self.linear, Linear::new()).finish());
        }
        if construct(name).is_some() {
            self.linear.close();
        }
        None
    }

    /// Text of the formula.
    pub fn text(&mut self, text: &str) {
        self.linear.text(text);
    }
}

/// Properties and runs are no constructs: their text belongs to what is around them.
fn construct(name: &str) -> Option<Construct> {
    Some(match name {
        "f" => Construct::Fraction,
        "sSup" => Construct::Super,
        "sSub" | "limLow" => Construct::Sub,
        "limUpp" => Construct::Super,
        "sSubSup" => Construct::SubSuper,
        "sPre" => Construct::Before,
        "nary" => Construct::Nary,
        "rad" => Construct::Root,
        "func" => Construct::Function,
        "d" => Construct::Fenced,
        "m" => Construct::Rows,
        "mr" => Construct::Row,
        "eqArr" => Construct::Rows,
        "num" | "den" | "e" | "sup" | "sub" | "deg" | "lim" | "fName" => Construct::Group,
        _ => return None,
    })
}
