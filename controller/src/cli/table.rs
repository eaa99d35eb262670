//! Prints columns as kubectl does: upper-case headers, three spaces, no borders.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// Spaces between two columns.
const GAP: usize = 3;

/// What stands where there is nothing.
pub(crate) const NONE: &str = "<none>";

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// In between: wait and see.
pub(crate) const CAUTION: Style = AnsiColor::Yellow.on_default();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// One field of a table, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A field as it is.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: one_line(&text.into()),
            style: Style::new(),
        }
    }

    /// A field that may be missing.
    pub(crate) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::new(NONE), |text| Self::new(text))
    }

    /// The same in colour.
    pub(crate) const fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A status as the condition Ready has it, in its colour.
pub(crate) fn ready(status: &str) -> Cell {
    let style = match status {
        "True" => GOOD,
        "False" => BAD,
        _ => CAUTION,
    };
    Cell::new(status).styled(style)
}

/// Rows under headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new<const N: usize>(headers: [&str; N]) -> Self {
        Self {
            rows: vec![headers.map(Cell::new).to_vec()],
        }
    }

    /// Adds a row; it has as many fields as there are headers.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(self.rows.first().map(Vec::len), Some(cells.len()));
        self.rows.push(cells);
    }

    /// The table's lines, each after so many spaces.
    pub(crate) fn render(&self, indent: usize) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.text.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            text.push_str(&render_row(row, &widths, indent));
        }
        text
    }
}

/// One line of a table whose other rows are not known yet: fields have at least these widths.
pub(crate) fn render_row(row: &[Cell], widths: &[usize], indent: usize) -> String {
    let mut line = " ".repeat(indent);
    for (position, cell) in row.iter().enumerate() {
        let Cell { text, style } = cell;
        line.extend([
            style.render().to_string().as_str(),
            text,
            style.render_reset().to_string().as_str(),
        ]);
        // Nothing follows the last field, so that lines wrap only when they must.
        if position + 1 < row.len() {
            let width = widths.get(position).copied().unwrap_or(0);
            let fill = width.saturating_sub(text.width());
            line.push_str(&" ".repeat(fill + GAP));
        }
    }
    line.push('\n');
    line
}

/// The text in one line, without what a terminal would obey: it comes from AWS and from users.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> String {
        anstream::adapter::strip_str(&table.render(0)).to_string()
    }

    #[test]
    fn columns_are_three_spaces_apart() {
        let mut table = Table::new(["NAME", "READY", "AGE"]);
        table.row(vec!["cfd".into(), ready("True"), "5m12s".into()]);
        table.row(vec!["long-name".into(), ready("Unknown"), "3d".into()]);
        assert_eq!(
            plain(&table),
            "NAME        READY     AGE\n\
             cfd         True      5m12s\n\
             long-name   Unknown   3d\n"
        );
    }

    #[test]
    fn colours_take_no_width() {
        let mut table = Table::new(["A", "B"]);
        table.row(vec![ready("True"), "x".into()]);
        table.row(vec!["True".into(), "x".into()]);
        let stripped = plain(&table);
        let lines: Vec<&str> = stripped.lines().collect();
        assert_eq!(lines[1], lines[2]);
        assert!(table.render(0).contains("\u{1b}["));
    }

    #[test]
    fn wide_and_combining_characters_keep_columns_aligned() {
        let mut table = Table::new(["A", "B"]);
        table.row(vec!["風洞".into(), "x".into()]);
        table.row(vec!["e\u{301}".into(), "x".into()]);
        assert_eq!(plain(&table), "A      B\n風洞   x\ne\u{301}      x\n");
    }

    #[test]
    fn a_field_is_one_line_and_harmless() {
        let cell = Cell::new("two\nlines \u{1b}[31mred\u{7}\n");
        assert_eq!(cell.text, "two lines  [31mred");
        assert_eq!(Cell::optional(None::<&str>).text, NONE);
    }
}
