//! Margins: by how much a figure may become worse, as the command line says it.

use std::str::FromStr;

/// The figures that are compared.
pub const FIGURES: [&str; 5] = ["p50", "p95", "p99", "rps", "errors"];

/// A figure and by how much it may become worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// One of [`FIGURES`].
    pub figure: String,
    /// As a share: 0.1 is ten percent; of failures: percentage points divided by 100.
    pub share: f64,
}

impl FromStr for Margin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (figure, by) = text.split_once(':').ok_or("FIGURE:SHARE is wanted, like p95:10%")?;
        if !FIGURES.contains(&figure) {
            return Err(format!("{} is wanted before the colon", FIGURES.join(", ")));
        }
        Ok(Self { figure: figure.to_owned(), share: share(by)? })
    }
}

/// A share: `5%` or `0.05`.
///
/// # Errors
/// Anything else.
pub fn share(text: &str) -> Result<f64, &'static str> {
    let wanted = "a share is wanted, like 5%";
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| wanted)? / 100.0,
        None => text.parse::<f64>().map_err(|_| wanted)?,
    };
    if (0.0..=10.0).contains(&value) { Ok(value) } else { Err(wanted) }
}
