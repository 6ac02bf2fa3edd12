//! Formulas of web pages (MathML): which element is which construct.

use scraper::node::Element;

use super::attr;
use crate::rag::extract::formula::{Construct, Linear};

/// A formula that is being read.
pub(super) struct Formula {
    linear: Linear,
}

impl Formula {
    /// An empty formula.
    pub fn new() -> Self {
        Self { linear: Linear::new() }
    }

    /// An element inside the formula begins.
    pub fn open(&mut self, element: &Element) {
        self.linear.open(construct(element.name()));
        if element.name() == "mfenced" {
            for (index, name) in ["open", "close", "separators"].into_iter().enumerate() {
                if let Some(sign) = attr(element, name) {
                    self.linear.sign(index, sign);
                }
            }
        }
        if element.name() == "mspace" {
            self.linear.text(" ");
        }
    }

    /// An element inside the formula ends.
    pub fn close(&mut self) {
        self.linear.close();
    }

    /// Text inside the formula. What only lays out the source is no part of any construct.
    pub fn text(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let is_word = text.trim().chars().count() > 1 && text.trim().chars().all(char::is_alphabetic);
        // Spaces at the ends of words keep them apart from what is beside them.
        let text = if is_word { text } else { text.trim_matches(['\n', '\t', ' ', '\r']) };
        // Invisible signs: a function is applied, things are listed.
        self.linear.text(&text.replace('\u{2061}', " ").replace('\u{2063}', ","));
    }

    /// The whole formula.
    pub fn finish(self) -> String {
        self.linear.finish()
    }
}

fn construct(name: &str) -> Construct {
    match name {
        "mfrac" => Construct::Fraction,
        "msup" | "mover" => Construct::Super,
        "msub" | "munder" => Construct::Sub,
        "msubsup" | "munderover" | "mmultiscripts" => Construct::SubSuper,
        "mroot" => Construct::RadicandFirst,
        "msqrt" => Construct::SquareRoot,
        "mfenced" => Construct::Fenced,
        "mtable" => Construct::Rows,
        "mtr" | "mlabeledtr" => Construct::Row,
        // The other parts are the formula in TeX and the like.
        "semantics" | "maction" => Construct::First,
        "mphantom" => Construct::Nothing,
        _ => Construct::Group,
    }
}
