//! Tables for the terminal.

/// Lines of a table: a heading, a rule, rows. Columns of numbers (or nothing) are set to the right.
pub fn render(heading: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|h| h.chars().count())).max().unwrap_or_default()
    };
    let number = |column: usize| {
        let numeric = |cell: &String| cell.is_empty() || cell.parse::<f64>().is_ok();
        !rows.is_empty() && rows.iter().all(|row| row.get(column).is_some_and(numeric))
    };
    let columns: Vec<(usize, bool)> = (0..heading.len()).map(|c| (width(c), number(c))).collect();
    let line = |cells: Vec<&str>| {
        let set = cells.iter().zip(&columns).map(|(cell, (width, right))| {
            if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("  {}", set.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rule: Vec<String> = columns.iter().map(|(width, _)| "─".repeat(*width)).collect();
    let mut lines = vec![line(heading.to_vec()), line(rule.iter().map(String::as_str).collect())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines
}

/// Rows of simple CSV: cells are without quotes or wholly quoted.
pub fn parse_csv(text: &str) -> Vec<Vec<String>> {
    text.lines().filter(|line| !line.is_empty()).map(cells).collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().into_iter().for_each(|cell| cell.push(letter)),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right() {
        let rows = parse_csv("Alaska,9.5\n\"Air, Inc.\",10\n");
        assert_eq!(
            render(&["airline", "delay"], &rows),
            ["  airline    delay", "  ─────────  ─────", "  Alaska       9.5", "  Air, Inc.     10"]
        );
    }
}
