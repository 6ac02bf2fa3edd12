//! The comparison to rely on: two servers in one run, round by round in turns.
//!
//! What varies from minute to minute (the machine, its neighbours) hits both arms of a round alike and cancels out in the
//! ratio of their figures. Rounds come in the order A B, B A, so that a drift does so, too. A round is one observation:
//! requests within it wait for the same things and are not independent.
//!
//! A figure is *worse* when its one-sided t bound is above zero, a sign-flip permutation agrees, and the effect is larger
//! than the margin; *not worse* when the upper bound is below the margin. Holm's procedure keeps the chance of any false
//! alarm at 5 % over all figures, and the looks at the data (after more and more rounds) share it.

mod rounds;
mod statistics;
mod text;

pub use rounds::{AbError, AbPlan, AbReport, run_rounds};
pub use statistics::{AbEffect, AbVerdict, Arm, Round, alpha, judge, looks, overall};
pub use text::text;
