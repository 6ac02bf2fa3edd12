//! Formulas as one line of text: `(a+b)/2`, `x^2`, `√(x)`.
//!
//! Word's formulas (OMML) and those of web pages (MathML) are trees of the same few constructs, whose parts stand in a fixed
//! order. A reader tells the [`Linear`] which constructs begin and end; the line is put together as they end, so that no tree
//! is held and no nesting overflows a stack.

/// A construct of a formula, by what becomes of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Construct {
    /// Its parts one after the other.
    Group,
    /// Numerator, denominator.
    Fraction,
    /// Base, exponent.
    Super,
    /// Base, index.
    Sub,
    /// Base, index, exponent; also what stands below and above a sign.
    SubSuper,
    /// Index, exponent, base.
    Before,
    /// Index, exponent, operand, behind a sign such as ∑.
    Nary,
    /// Degree, radicand.
    Root,
    /// Radicand, degree.
    RadicandFirst,
    /// All parts are one radicand.
    SquareRoot,
    /// Name, argument.
    Function,
    /// Parts between brackets.
    Fenced,
    /// The cells of a row.
    Row,
    /// The rows of a table, or equations below each other.
    Rows,
    /// Only its first part counts: the others say the same in other notations.
    First,
    /// Nothing of it is seen.
    Nothing,
}

/// One construct that is open.
#[derive(Debug)]
struct Frame {
    construct: Construct,
    /// Opening bracket or sign, closing bracket, separator.
    signs: [String; 3],
    parts: Vec<String>,
}

/// Writes a formula on one line.
#[derive(Debug)]
pub(super) struct Linear {
    frames: Vec<Frame>,
}

impl Linear {
    /// An empty formula.
    pub fn new() -> Self {
        Self { frames: vec![Frame::new(Construct::Group)] }
    }

    /// A construct begins.
    pub fn open(&mut self, construct: Construct) {
        self.frames.push(Frame::new(construct));
    }

    /// Sets a sign of the construct that is open: the opening bracket or the sign before the operand (0), the closing bracket
    /// (1), the separator (2).
    pub fn sign(&mut self, index: usize, sign: &str) {
        if let Some(place) = self.frames.last_mut().and_then(|frame| frame.signs.get_mut(index)) {
            sign.clone_into(place);
        }
    }

    /// Text in the construct that is open: a part of its own.
    pub fn text(&mut self, text: &str) {
        if let Some(frame) = self.frames.last_mut() {
            frame.parts.push(text.to_owned());
        }
    }

    /// The construct that was opened last ends.
    pub fn close(&mut self) {
        if self.frames.len() > 1
            && let Some(frame) = self.frames.pop()
        {
            self.text(&frame.line());
        }
    }

    /// The whole line, white space squeezed.
    pub fn finish(mut self) -> String {
        while self.frames.len() > 1 {
            self.close();
        }
        let line = self.frames.pop().map(|frame| frame.parts.concat()).unwrap_or_default();
        super::clean::squeeze(&line)
    }
}

impl Frame {
    fn new(construct: Construct) -> Self {
        let signs = match construct {
            Construct::Fenced => ["(", ")", ", "],
            Construct::Nary => ["∫", "", ""],
            _ => ["", "", ""],
        };
        Self { construct, signs: signs.map(str::to_owned), parts: Vec::new() }
    }

    fn line(self) -> String {
        let part = |index: usize| self.parts.get(index).map_or("", |part| part.trim());
        let scripts = |sub: &str, sup: &str| {
            let sub = if sub.is_empty() { String::new() } else { format!("_{}", grouped(sub)) };
            if sup.is_empty() { sub } else { format!("{sub}^{}", exponent(sup)) }
        };
        let filled = || self.parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        match self.construct {
            Construct::Group => self.parts.concat(),
            Construct::Fraction => format!("{}/{}", grouped(part(0)), grouped(part(1))),
            Construct::Super => format!("{}{}", based(part(0)), scripts("", part(1))),
            Construct::Sub => format!("{}{}", based(part(0)), scripts(part(1), "")),
            Construct::SubSuper => format!("{}{}", based(part(0)), scripts(part(1), part(2))),
            Construct::Before => format!("{}{}", scripts(part(0), part(1)), part(2)),
            Construct::Nary => format!("{}{} {}", self.signs[0], scripts(part(0), part(1)), part(2)),
            Construct::Root if part(0).is_empty() => format!("√({})", part(1)),
            Construct::Root => format!("root({}, {})", part(0), part(1)),
            Construct::RadicandFirst => format!("root({}, {})", part(1), part(0)),
            Construct::SquareRoot => format!("√({})", self.parts.concat().trim()),
            Construct::Function if part(1).starts_with(['(', '[', '{']) => format!("{}{}", part(0), part(1)),
            Construct::Function => format!("{}({})", part(0), part(1)),
            Construct::Fenced => format!("{}{}{}", self.signs[0], self.parts.join(&self.signs[2]), self.signs[1]),
            Construct::Row => filled().join(", "),
            Construct::Rows => filled().join("; "),
            Construct::First => filled().first().copied().unwrap_or_default().to_owned(),
            Construct::Nothing => String::new(),
        }
    }
}

/// Whether it stays together without brackets: one word or number, or already in brackets.
fn is_whole(text: &str) -> bool {
    let mut chars = text.chars();
    if chars.clone().count() < 2 || chars.all(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '%' | '\'')) {
        return true;
    }
    if !text.starts_with('(') || !text.ends_with(')') {
        return false;
    }
    // "(a)+(b)" is not one bracket.
    let mut depth = 0_i32;
    text.char_indices().all(|(at, c)| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth > 0 || at + 1 == text.len()
    })
}

fn grouped(text: &str) -> String {
    if is_whole(text) { text.to_owned() } else { format!("({text})") }
}

/// The base of an exponent or index. A longer one keeps its form where that cannot be misread.
fn based(text: &str) -> String {
    let units = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '_' | '(' | ')' | '[' | ']' | '|');
    if text.chars().all(units) { text.to_owned() } else { grouped(text) }
}

/// An exponent: its sign needs no brackets.
fn exponent(text: &str) -> String {
    let unsigned = text.strip_prefix(['-', '−', '–', '+']).unwrap_or(text);
    if is_whole(unsigned) && !unsigned.is_empty() { text.to_owned() } else { grouped(text) }
}

/// Adds a raised text to a line: as an exponent where it can be one (`m^2`, `10^-3`), as it is where it is none (`1st`, `™`).
pub(super) fn push_raised(line: &mut String, raised: &str) {
    let raised_text = raised.trim();
    let carries = line.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']'));
    if carries && is_exponent(line, raised_text) {
        line.push('^');
        line.push_str(&exponent(raised_text));
        if raised.ends_with(char::is_whitespace) {
            line.push(' ');
        }
    } else {
        line.push_str(raised);
    }
}

/// Numbers, signed terms and single letters are exponents; the endings of ordinal numbers are not.
fn is_exponent(line: &str, raised: &str) -> bool {
    let unsigned = raised.strip_prefix(['-', '−', '–', '+', '(']).unwrap_or(raised);
    let mut chars = unsigned.chars();
    match (chars.next(), chars.next()) {
        (None, _) => false,
        (Some(first), _) if first.is_ascii_digit() => true,
        // French 2ᵉ, Spanish 1ᵒ and 1ᵃ.
        (Some('e' | 'o' | 'a' | 'º' | 'ª'), None) if line.ends_with(|c: char| c.is_ascii_digit()) => false,
        (Some(first), None) => first.is_alphabetic(),
        (Some(_), Some(_)) => unsigned.len() < raised.len() || raised.contains(['+', '-', '−', '/']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `construct` of these parts.
    fn line(construct: Construct, parts: &[&str]) -> String {
        let mut linear = Linear::new();
        linear.open(construct);
        parts.iter().for_each(|part| linear.text(part));
        linear.close();
        linear.finish()
    }

    #[test]
    fn constructs_become_one_line() {
        for (construct, parts, expected) in [
            (Construct::Fraction, vec!["1", "2"], "1/2"),
            (Construct::Fraction, vec!["a+b", "2c"], "(a+b)/2c"),
            (Construct::Fraction, vec!["(a)+(b)", "(c)"], "((a)+(b))/(c)"),
            (Construct::Super, vec!["10", "-3"], "10^-3"),
            (Construct::Super, vec!["a+b", "n+1"], "(a+b)^(n+1)"),
            (Construct::Sub, vec!["x", "max"], "x_max"),
            (Construct::SubSuper, vec!["x", "i", "2"], "x_i^2"),
            (Construct::Before, vec!["6", "14", "C"], "_6^14C"),
            (Construct::Nary, vec!["i=1", "n", "x"], "∫_(i=1)^n x"),
            (Construct::Root, vec!["", "x+1"], "√(x+1)"),
            (Construct::Root, vec!["3", "x"], "root(3, x)"),
            (Construct::RadicandFirst, vec!["x", "3"], "root(3, x)"),
            (Construct::SquareRoot, vec!["x", "+", "1"], "√(x+1)"),
            (Construct::Function, vec!["sin", "x"], "sin(x)"),
            (Construct::Function, vec!["sin", "(x)"], "sin(x)"),
            (Construct::Fenced, vec!["a", "b"], "(a, b)"),
            (Construct::Row, vec!["1", "0"], "1, 0"),
            (Construct::Rows, vec!["1, 0", "", "0, 1"], "1, 0; 0, 1"),
            (Construct::First, vec!["x", "\\TeX"], "x"),
            (Construct::Nothing, vec!["x"], ""),
            (Construct::Fraction, vec![], "/"),
        ] {
            assert_eq!(line(construct, &parts), expected, "{construct:?} of {parts:?}");
        }
    }

    #[test]
    fn nested_constructs_are_written_from_within() {
        let mut linear = Linear::new();
        linear.text("v = ");
        linear.open(Construct::Fraction);
        linear.open(Construct::Super);
        linear.text("x");
        linear.text("2");
        linear.close();
        linear.text("t");
        // Never closed.
        assert_eq!(linear.finish(), "v = (x^2)/t");
    }

    #[test]
    fn raised_text_is_an_exponent_where_it_can_be() {
        for (line, raised, expected) in [
            ("m", "2", "m^2"),
            ("10", "-3", "10^-3"),
            ("10", "−3 ", "10^−3 "),
            ("e", "x", "e^x"),
            ("2", "n+1", "2^(n+1)"),
            ("the 1", "st", "the 1st"),
            ("le 2", "e", "le 2e"),
            ("ragctl", "™", "ragctl™"),
            ("note ", "1", "note 1"),
            ("as shown", "[4]", "as shown[4]"),
            ("", "2", "2"),
        ] {
            let mut out = line.to_owned();
            push_raised(&mut out, raised);
            assert_eq!(out, expected);
        }
    }
}
