//! Tables, which are drawn with signs or written as lists.

use super::inline;

/// A table of `=` signs, under which the columns stand.
pub(super) fn simple_table(lines: &[&str], at: usize) -> Option<(Vec<Vec<String>>, usize)> {
    let is_border = |line: &str| {
        let line = line.trim();
        line.starts_with('=') && line.contains(' ') && line.chars().all(|c| c == '=' || c == ' ')
    };
    let border = lines.get(at).filter(|line| is_border(line))?;
    let mut starts = Vec::new();
    let mut before = ' ';
    for (column, c) in border.chars().enumerate() {
        if c == '=' && before != '=' {
            starts.push(column);
        }
        before = c;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut borders = 1;
    for (index, line) in lines.iter().enumerate().skip(at + 1) {
        if is_border(line) {
            borders += 1;
            let next_blank = lines.get(index + 1).is_none_or(|next| next.trim().is_empty());
            if borders >= 3 || next_blank {
                return Some((rows, index + 1));
            }
            continue;
        }
        // Lines below cells that span columns.
        if line.trim().is_empty() || line.trim().chars().all(|c| c == '-' || c == ' ') {
            continue;
        }
        let chars: Vec<char> = line.chars().collect();
        let cells: Vec<String> = starts
            .iter()
            .enumerate()
            .map(|(n, start)| {
                let end = starts.get(n + 1).copied().unwrap_or(chars.len()).min(chars.len());
                let cell: String = chars.get(*start..end.max(*start)).unwrap_or_default().iter().collect();
                inline(cell.trim())
            })
            .collect();
        match rows.last_mut() {
            // A row without a first cell goes on with the one above.
            Some(last) if cells.first().is_some_and(String::is_empty) => {
                last.iter_mut().zip(&cells).for_each(|(cell, more)| cell.push_str(&format!(" {more}")));
            }
            _ => rows.push(cells),
        }
    }
    None
}

/// A table drawn with `+---+` and `|`. One whose cells span columns is not taken apart.
pub(super) fn grid_table(lines: &[&str], at: usize) -> Option<(Vec<Vec<String>>, usize)> {
    let border = lines.get(at)?.trim();
    if !border.starts_with("+-") || !border.chars().all(|c| matches!(c, '+' | '-')) {
        return None;
    }
    let places: Vec<usize> = border.char_indices().filter(|(_, c)| *c == '+').map(|(at, _)| at).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = vec![String::new(); places.len() - 1];
    let mut end = at + 1;
    for line in &lines[at + 1..] {
        let line = line.trim();
        let chars: Vec<char> = line.chars().collect();
        if line.starts_with('+') && line.chars().all(|c| matches!(c, '+' | '-' | '=')) {
            rows.push(row.iter().map(|cell| inline(cell.trim())).collect());
            row.iter_mut().for_each(String::clear);
        } else if line.starts_with('|') && places.iter().all(|place| chars.get(*place) == Some(&'|')) {
            for (n, cell) in row.iter_mut().enumerate() {
                cell.push(' ');
                cell.extend(&chars[places[n] + 1..places[n + 1]]);
            }
        } else if line.starts_with('|') || line.starts_with('+') {
            return None;
        } else {
            break;
        }
        end += 1;
    }
    Some((rows, end))
}

/// A table written as a list of lists.
pub(super) fn list_table(body: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in body.lines() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix("* - ").or_else(|| (trimmed == "* -").then_some("")) {
            rows.push(vec![inline(rest)]);
        } else if let (Some(rest), Some(row)) = (trimmed.strip_prefix('-'), rows.last_mut()) {
            row.push(inline(rest.trim()));
        } else if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
            cell.push_str(&format!(" {}", inline(trimmed)));
        }
    }
    rows
}
