//! Tables on a terminal.

use std::fmt::Write as _;

/// Space between two columns.
const GAP: &str = "  ";

/// Rows of text under a heading, each column as wide as its widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table that so far has only its heading.
    pub(crate) fn new(heading: &[&str]) -> Self {
        Self { rows: vec![heading.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a row. Signs that would steer the terminal, which may come from any node, become spaces.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let harmless = |cell: String| match cell.contains(char::is_control) {
            true => cell.replace(char::is_control, " "),
            false => cell,
        };
        self.rows.push(cells.into_iter().map(harmless).collect());
    }

    /// The table, each line ending in a line feed and none in spaces.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // Writing to a string cannot fail.
                let _ = write!(line, "{cell:width$}{GAP}");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["NODE", "ROLE"]);
        table.row(["127.0.0.1:6379".to_owned(), "master".to_owned()]);
        table.row(["a\u{1b}\n".to_owned(), String::new()]);
        assert_eq!(table.render(), "NODE            ROLE\n127.0.0.1:6379  master\na\n");
    }
}
