//! stub
use super::{model::Model, moment::Moment};
/// stub
pub fn incident(_model: &Model, _zone: &jiff::tz::TimeZone) -> String {
    String::new()
}
/// stub
pub fn file_name(_moment: Moment, _zone: &jiff::tz::TimeZone) -> String {
    String::new()
}
