//! Tables without lines, as wide as the output: some columns give way by wrapping, some by not being shown.

use anstyle::{AnsiColor, Color, Style};
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Width};

use super::{plain, width};

/// Between two columns.
const GAP: u16 = 2;
/// What a column that wraps keeps at least, where its content is longer.
const WRAPPED_MIN: u16 = 12;

/// How a column behaves where there is too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Stays as it is: ids and numbers, which one copies.
    Kept(&'static str),
    Wrapped(&'static str),
    /// Not shown, the last one first.
    Spared(&'static str),
}

impl Column {
    const fn title(self) -> &'static str {
        match self {
            Self::Kept(title) | Self::Wrapped(title) | Self::Spared(title) => title,
        }
    }
}

/// Rows under titles. A column of which every cell is empty is not shown.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// The cells of a row, in the order of the columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = (Style, String)>) {
        self.rows.push(cells.into_iter().map(|(style, text)| (style, plain(&text).into_owned())).collect());
    }

    pub fn rendered(mut self) -> String {
        self.leave_out(|table, column| table.rows.iter().all(|row| row[column].1.is_empty()));
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).enforce_styling();
        table.style_text_only();
        table.set_header(self.columns.iter().map(|column| cell(Style::new().bold(), column.title())));
        for row in &self.rows {
            table.add_row(row.iter().map(|(style, text)| cell(*style, text)));
        }
        self.fit(&mut table);
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        lines.concat()
    }

    fn leave_out(&mut self, is_left_out: impl Fn(&Self, usize) -> bool) {
        for column in (0..self.columns.len()).rev() {
            if is_left_out(self, column) {
                self.columns.remove(column);
                self.rows.iter_mut().for_each(|row| drop(row.remove(column)));
            }
        }
    }

    fn fit(&self, table: &mut comfy_table::Table) {
        let widths = table.column_max_content_widths();
        let last = widths.len() - 1;
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == last { 0 } else { GAP }));
        }
        let Some(room) = width() else {
            table.set_content_arrangement(ContentArrangement::Disabled);
            return;
        };
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
        let mut spared = vec![false; widths.len()];
        let needed = |spared: &[bool]| -> usize {
            let columns = self.columns.iter().zip(&widths).zip(spared).filter(|(_, spared)| !**spared);
            columns.map(|((column, width), _)| least(*column, *width) + usize::from(GAP)).sum()
        };
        for (index, column) in self.columns.iter().enumerate().rev() {
            spared[index] = matches!(column, Column::Spared(_)) && needed(&spared) > room + usize::from(GAP);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_constraint(match self.columns[index] {
                Column::Wrapped(_) => {
                    let least = widths[index].min(WRAPPED_MIN) + GAP;
                    ColumnConstraint::LowerBoundary(Width::Fixed(least))
                }
                _ if spared[index] => ColumnConstraint::Hidden,
                _ => ColumnConstraint::ContentWidth,
            });
        }
    }
}

fn least(column: Column, width: u16) -> usize {
    usize::from(if matches!(column, Column::Wrapped(_)) { width.min(WRAPPED_MIN) } else { width })
}

fn cell(style: Style, text: &str) -> Cell {
    let mut cell = Cell::new(text);
    for (effect, attribute) in
        [(anstyle::Effects::BOLD, Attribute::Bold), (anstyle::Effects::DIMMED, Attribute::Dim)]
    {
        if style.get_effects().contains(effect) {
            cell = cell.add_attribute(attribute);
        }
    }
    match style.get_fg_color() {
        Some(Color::Ansi(color)) => cell.fg(table_color(color)),
        _ => cell,
    }
}

/// The colours of our styles.
fn table_color(color: AnsiColor) -> comfy_table::Color {
    match color {
        AnsiColor::Cyan => comfy_table::Color::DarkCyan,
        AnsiColor::Green => comfy_table::Color::DarkGreen,
        AnsiColor::Red => comfy_table::Color::DarkRed,
        AnsiColor::Yellow => comfy_table::Color::DarkYellow,
        _ => comfy_table::Color::Reset,
    }
}
