//! Comparing stored results: what the data can show, and no more.
//!
//! Two runs differ by more than their requests do: of two runs of the same program on a busy machine, every third or fourth
//! pair "differs" by any test within the runs. A single baseline is therefore advice. From [`ENOUGH`] baselines on, how
//! much runs differ is known, and a new run is judged by a prediction interval of their logarithms.

mod judge;
mod margin;
#[cfg(test)]
mod tests;
mod text;

pub use judge::{Comparison, ComparisonOutcome, ComparisonVerdict, Difference, ENOUGH, compare};
pub use margin::{FIGURES, Margin, share};
pub use text::text;
