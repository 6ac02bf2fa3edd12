//! The live screen of a run: a pure view, and the terminal that it is drawn on.

mod plot;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use terminal::run;
pub use view::{Total, View, draw};
