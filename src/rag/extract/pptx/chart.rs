//! Charts: the numbers that they draw, as a table. They stand in a part of their own, and nowhere else on the slide.

use std::collections::{BTreeMap, BTreeSet};

use super::FORMAT;
use crate::rag::extract::{
    ExtractError,
    sandbox::Deadline,
    sheets,
    slides::Part,
    xml::{Node, attribute, walk_bounded},
};

/// A row of numbers, by the places of their points.
#[derive(Default)]
struct Series {
    name: String,
    categories: BTreeMap<u32, String>,
    values: BTreeMap<u32, String>,
}

/// Most cells of one table.
const MAX_CELLS: usize = 1 << 20;

/// What the point that is open belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Name,
    Category,
    Value,
}

/// The title and the numbers of a chart.
pub(super) fn read(xml: &str, deadline: Deadline) -> Result<Vec<Part>, ExtractError> {
    let mut series: Vec<Series> = Vec::new();
    let mut title = String::new();
    let (mut role, mut index, mut in_value, mut in_title, mut axes) = (None, 0_u32, false, false, 0_usize);
    let (mut format, mut in_format) = (String::new(), false);
    walk_bounded(FORMAT, xml, deadline, |node| {
        match node {
            Node::Open(name, element) => match name {
                "ser" => series.push(Series::default()),
                "tx" => role = Some(Role::Name),
                "cat" | "xVal" => role = Some(Role::Category),
                "val" | "yVal" => role = Some(Role::Value),
                "bubbleSize" => role = None,
                "pt" => index = attribute(element, "idx").and_then(|index| index.parse().ok()).unwrap_or(0),
                "formatCode" => {
                    format.clear();
                    in_format = true;
                }
                "v" | "t" => in_value = true,
                "catAx" | "valAx" | "dateAx" | "serAx" => axes += 1,
                "title" => in_title = axes == 0,
                _ => {}
            },
            Node::Close(name) => match name {
                "formatCode" => in_format = false,
                "v" | "t" => in_value = false,
                "tx" | "cat" | "xVal" | "val" | "yVal" => role = None,
                "catAx" | "valAx" | "dateAx" | "serAx" => axes = axes.saturating_sub(1),
                "title" => in_title = false,
                _ => {}
            },
            Node::Text(text) if in_format => format.push_str(text),
            Node::Text(text) if in_value && in_title => title.push_str(text),
            Node::Text(text) if in_value => {
                if let (Some(series), Some(role)) = (series.last_mut(), role) {
                    match role {
                        Role::Name => series.name.push_str(text),
                        Role::Category => series.categories.entry(index).or_default().push_str(text),
                        Role::Value => {
                            let shown = text.trim().parse().map(|value| sheets::show_number(&format, value));
                            series.values.insert(index, shown.unwrap_or_else(|_| text.to_owned()));
                        }
                    }
                }
            }
            Node::Text(_) => {}
        }
        Ok(())
    })?;
    let mut parts = Vec::new();
    if !title.trim().is_empty() {
        parts.push(Part::Paragraph(title));
    }
    series.retain(|series| !series.values.is_empty());
    let points: BTreeSet<u32> =
        series.iter().flat_map(|series| series.values.keys().chain(series.categories.keys())).copied().collect();
    // Series that have few points in common would be a table of empty cells.
    let tables: Vec<&[Series]> =
        if series.len().saturating_mul(points.len()) > MAX_CELLS { series.chunks(1).collect() } else { vec![&series] };
    for series in tables {
        let Some(first) = series.first() else {
            continue;
        };
        let mut rows = vec![vec![String::new()]];
        rows[0].extend(series.iter().map(|series| series.name.clone()));
        let points: BTreeSet<u32> =
            series.iter().flat_map(|series| series.values.keys().chain(series.categories.keys())).copied().collect();
        for point in points {
            let category = first.categories.get(&point).cloned().unwrap_or_else(|| (u64::from(point) + 1).to_string());
            let values = series.iter().map(|series| series.values.get(&point).cloned().unwrap_or_default());
            rows.push(std::iter::once(category).chain(values).collect());
        }
        parts.push(Part::Table(rows));
    }
    Ok(parts)
}
