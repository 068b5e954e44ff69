//! Settings of sources and targets that are databases.

use mastic_jdbc::Engine;

use super::ColumnType;

/// A database as a node names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabasePlace {
    /// The connection's name.
    pub connection: String,
    /// The database to use instead of the connection's own.
    pub database: Option<String>,
    /// The kind of database that the node is for, if it says so.
    pub engine: Option<Engine>,
}

/// What is read or written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table as SQL names it: `public.flights`.
    Table(String),
    /// A table by the parts of its name, each meant literally.
    Named(Vec<String>),
    /// The rows of a query.
    Query(String),
}

/// Settings of a source that is a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSource {
    /// The database.
    pub place: DatabasePlace,
    /// What is read of it.
    pub relation: Relation,
    /// A condition, in the database's SQL, that rows must meet.
    pub filter: Option<String>,
    /// How reading is shared out.
    pub parts: Option<Parts>,
    /// JDBC types whose columns are read as other types, in Glue's grammar.
    pub types: Vec<ColumnType>,
    /// By which rows a run with bookmarks knows those that earlier runs have read.
    pub keys: BookmarkKeys,
}

/// Columns whose values grow, or shrink, from row to row as rows are added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookmarkKeys {
    /// The columns; the table's primary key if there are none.
    pub columns: Vec<String>,
    /// Whether the values shrink.
    pub descending: bool,
}

/// How the rows of a source are told apart, so that several connections read them side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    /// By a column of whole numbers, in ranges of one width from bound to bound; the first and the last are open.
    Range {
        /// The column.
        column: String,
        /// The lower bound.
        lower: i64,
        /// The upper bound.
        upper: i64,
        /// How many parts there are.
        count: u64,
    },
    /// By an expression in the database's SQL that answers whole numbers.
    Number {
        /// The expression.
        expression: String,
        /// How many parts there are.
        count: u64,
    },
    /// By a column of any type.
    Hash {
        /// The column.
        column: String,
        /// How many parts there are.
        count: u64,
    },
}

/// Settings of a target that is a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseTarget {
    /// The table.
    pub table: DatabaseTable,
    /// What becomes of the rows that are there.
    pub action: Action,
    /// SQL that runs before rows are written.
    pub before: Option<String>,
    /// SQL that runs after they were.
    pub after: Option<String>,
}

/// A table that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseTable {
    /// As a table of the catalog tells it.
    Catalog {
        /// The catalog's database.
        database: String,
        /// The catalog's table.
        table: String,
        /// Another table of the same database, as SQL names it.
        instead: Option<String>,
    },
    /// Of a connection's database.
    Place(DatabasePlace, Relation),
}

/// What becomes of the rows that are in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// They stay.
    Append,
    /// They go.
    Truncate,
    /// They go with their table, which is made anew.
    Replace,
    /// Those with the same keys as a new row go.
    Upsert(Vec<String>),
    /// They are merged with the new ones.
    Merge(TableMerge),
}

/// How rows are merged into a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMerge {
    /// The table that holds the new rows until then; it has a name of its own if it is missing.
    pub staging: Option<Vec<String>>,
    /// What is done with them.
    pub how: MergeHow,
}

/// What a merge does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeHow {
    /// By columns whose values are the same.
    Keys {
        /// The columns.
        keys: Vec<String>,
        /// Whether a row that is met is deleted; else it gets the new one's values.
        delete: bool,
        /// Whether rows that meet none are added.
        insert: bool,
    },
    /// By the author's own statement.
    Clause(String),
}
