use mastic_hive::HiveType;

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// It holds rows.
    Table,
    /// A query stands behind it.
    View,
}

/// A table or view of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFound {
    /// The schema that it is in; none where databases have no schemas.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub kind: TableKind,
    /// What people wrote about it.
    pub comment: Option<String>,
    /// Its columns, in their order.
    pub columns: Vec<ColumnFound>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFound {
    /// Its name.
    pub name: String,
    /// Its type as the database writes it.
    pub raw_type: String,
    /// Its type as Glue has it.
    pub ty: HiveType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it is of the primary key.
    pub primary_key: bool,
    /// What people wrote about it.
    pub comment: Option<String>,
}

/// Rows of (table, column), table by table, as tables.
pub(crate) fn gather(rows: impl IntoIterator<Item = (TableFound, ColumnFound)>) -> Vec<TableFound> {
    let mut tables: Vec<TableFound> = Vec::new();
    for (table, column) in rows {
        match tables.last_mut() {
            Some(last) if last.schema == table.schema && last.name == table.name => last.columns.push(column),
            _ => tables.push(TableFound { columns: vec![column], ..table }),
        }
    }
    tables
}

/// Text that says something.
pub(crate) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
