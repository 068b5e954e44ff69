use super::{
    ArrowSource, AvroSource, CatalogSource, Compression, CsvWriting, DatabaseSource, DatabaseTarget,
    DeltaSource, DeltaTarget, DynamicTransform, ExcelSource, Format, IcebergSource, OrcSource, Sampling,
    XmlSource,
};
use super::{IcebergTarget, LakeMode, Merge, PiiDetection, Predicate, RecipeStep, Spigot};
use std::ops::RangeInclusive;

/// A column, or a field nested in it: `["address", "city"]`.
pub type FieldPath = Vec<String>;

/// What a node does, with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Reads CSV files.
    Csv(CsvSource),
    /// Reads JSON files.
    Json(JsonSource),
    /// Reads Parquet files.
    Parquet(ParquetSource),
    /// Reads Excel workbooks.
    Excel(ExcelSource),
    /// Reads Avro files.
    Avro(AvroSource),
    /// Reads ORC files.
    Orc(OrcSource),
    /// Reads XML files.
    Xml(XmlSource),
    /// Reads what Spark has handed over.
    Arrow(ArrowSource),
    /// Reads a catalog table.
    Catalog(CatalogSource),
    /// Reads a database.
    Database(DatabaseSource),
    /// Reads an Iceberg table.
    Iceberg(IcebergSource),
    /// Reads a Delta Lake table.
    Delta(DeltaSource),
    /// Renames, casts and picks fields.
    ApplyMapping(Vec<Mapping>),
    /// Keeps the named fields.
    SelectFields(Vec<FieldPath>),
    /// Leaves out the named fields.
    DropFields(Vec<FieldPath>),
    /// Gives one field another place.
    RenameField {
        /// Where it is.
        from: FieldPath,
        /// Where it goes.
        to: FieldPath,
    },
    /// Keeps the rows that meet the conditions.
    Filter(Filter),
    /// Keeps the rows of which a script's function says so.
    Where(Predicate),
    /// Joins two inputs.
    Join(Join),
    /// Groups and aggregates.
    Aggregate(Aggregate),
    /// Keeps one row of those equal in the named fields, or in all if none is named.
    DropDuplicates(Vec<FieldPath>),
    /// Puts two inputs under each other, column by column.
    Union(UnionType),
    /// Runs a query over the inputs.
    Sql(SqlQuery),
    /// Fills the gaps of one column.
    FillMissingValues {
        /// The column with gaps.
        imputed: FieldPath,
        /// The name of the filled column.
        filled: Option<String>,
    },
    /// Leaves out columns that hold nothing.
    DropNullFields(NullRules),
    /// Writes a sample of its rows and passes all of them on.
    Spigot(Spigot),
    /// A collection of two: the named fields, and the others.
    SplitFields(Vec<FieldPath>),
    /// A collection: the rows of each group, by the group's name, then those that no group takes.
    Route(Vec<(String, Filter)>),
    /// A collection of tables without nested values: what is at the root, then one for each array.
    Relationalize {
        /// The first table's name, with which the names of the others begin.
        root: String,
    },
    /// The member with this number of a collection, counted from 0.
    SelectFromCollection(usize),
    /// The rows of one input, and those of the other that have no row with the same keys in the first.
    Merge(Merge),
    /// Finds personal data, and hides it.
    PiiDetection(PiiDetection),
    /// A visual transform by the name of its function.
    Dynamic(DynamicTransform),
    /// Steps of data preparation, one after the other.
    Recipe(Vec<RecipeStep>),
    /// Writes files.
    S3Target(S3Target),
    /// Writes into a catalog table.
    CatalogTarget(CatalogTarget),
    /// Writes into a database.
    DatabaseTarget(DatabaseTarget),
    /// Writes an Iceberg table.
    IcebergTarget(IcebergTarget),
    /// Writes a Delta Lake table.
    DeltaTarget(DeltaTarget),
}

impl Kind {
    /// Whether the node writes.
    #[must_use]
    pub fn is_target(&self) -> bool {
        matches!(
            self,
            Self::S3Target(_)
                | Self::CatalogTarget(_)
                | Self::DatabaseTarget(_)
                | Self::IcebergTarget(_)
                | Self::DeltaTarget(_)
        )
    }

    /// Whether the node looks at its input twice.
    pub(crate) fn reads_twice(&self) -> bool {
        matches!(self, Self::IcebergTarget(target) if matches!(target.mode, LakeMode::Upsert(_)))
    }

    /// Whether the node reads.
    pub(crate) fn is_source(&self) -> bool {
        *self.input_count().end() == 0
    }

    /// How many frames the node answers, if it answers a collection and knows that from its settings.
    pub(crate) fn collection(&self) -> Option<RangeInclusive<usize>> {
        match self {
            Self::SplitFields(_) => Some(2..=2),
            Self::Route(groups) => Some(groups.len() + 1..=groups.len() + 1),
            Self::Relationalize { .. } => Some(1..=usize::MAX),
            _ => None,
        }
    }

    /// Where a source of files finds them.
    pub(crate) fn files(&self) -> Option<&S3Files> {
        match self {
            Self::Csv(source) => Some(&source.files),
            Self::Json(source) => Some(&source.files),
            Self::Parquet(source) => Some(&source.files),
            Self::Excel(source) => Some(&source.files),
            Self::Avro(source) => Some(&source.files),
            Self::Orc(source) => Some(&source.files),
            Self::Xml(source) => Some(&source.files),
            _ => None,
        }
    }

    pub(crate) fn input_count(&self) -> RangeInclusive<usize> {
        match self {
            Self::Csv(_)
            | Self::Json(_)
            | Self::Parquet(_)
            | Self::Excel(_)
            | Self::Catalog(_)
            | Self::Database(_) => 0..=0,
            Self::Avro(_) | Self::Orc(_) | Self::Xml(_) | Self::Arrow(_) => 0..=0,
            Self::Iceberg(_) | Self::Delta(_) => 0..=0,
            Self::Join(_) | Self::Union(_) | Self::Merge(_) => 2..=2,
            Self::Sql(_) => 1..=usize::MAX,
            _ => 1..=1,
        }
    }
}

/// Where an S3 source finds its files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct S3Files {
    /// Files, folders or glob patterns: `s3://bucket/key`.
    pub paths: Vec<String>,
    /// Glob patterns of what to leave out.
    pub exclusions: Vec<String>,
    /// Whether sub-folders are read.
    pub recurse: bool,
    /// The compression of files whose name does not tell it.
    pub compression: Option<Codec>,
    /// Read at most so many files.
    pub bounded_files: Option<u64>,
    /// Read at most so many bytes.
    pub bounded_size: Option<u64>,
    /// With a bookmark, how long ago a file counts as new enough for `max_files_in_band`, in milliseconds.
    pub max_band: Option<u64>,
    /// With a bookmark, read at most so many of the files of the last `max_band`; the others wait.
    pub max_files_in_band: Option<u64>,
    /// Read some of the files only.
    pub sample: Option<Sampling>,
}

/// The compression of a whole text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// `.gz`
    Gzip,
    /// `.bz2`
    Bzip2,
}

/// A column's name and its type in Glue's grammar.
pub type ColumnType = (String, String);

/// Settings of a CSV source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvSource {
    /// The files.
    pub files: S3Files,
    /// How their text is cut.
    pub format: CsvFormat,
    /// The types of columns, by name if there are headers, else by position; other columns are text.
    pub schema: Option<Vec<ColumnType>>,
}

/// The byte that stands for `«` while CSV is cut: the separator of files, which text does not have.
pub(crate) const QUILLEMET: u8 = 0x1c;

/// How CSV text is cut into fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    /// Between fields.
    pub separator: u8,
    /// Around fields.
    pub quote: Option<u8>,
    /// Whether the quote is written `«`, which `quote` stands for.
    pub quillemet: bool,
    /// Before a character that is meant literally.
    pub escape: Option<u8>,
    /// Whether an escaped `n`, `r`, `t` or `0` is the control character of that name.
    pub letters: bool,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Lines to leave out at the start of each file, after the header if there is one.
    pub skip: usize,
    /// Whether a quoted field may hold line ends.
    pub multiline: bool,
    /// Texts that stand for no value, in any column.
    pub nulls: Vec<String>,
}

impl Default for CsvFormat {
    fn default() -> Self {
        Self {
            separator: b',',
            quote: Some(b'"'),
            quillemet: false,
            escape: None,
            letters: false,
            header: true,
            skip: 0,
            multiline: false,
            nulls: vec![],
        }
    }
}

/// Settings of a JSON source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonSource {
    /// The files.
    pub files: S3Files,
    /// Where in a file the records are: `$[*]`, `$.a.b[*]`; nothing for lines or a top-level array.
    pub path: Option<String>,
    /// Whether a record may span lines.
    pub multiline: bool,
    /// The columns, if the author gave them; they are inferred from all data otherwise.
    pub schema: Option<Vec<ColumnType>>,
}

/// Settings of a Parquet source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParquetSource {
    /// The files.
    pub files: S3Files,
}

/// One line of ApplyMapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// The field read.
    pub from: FieldPath,
    /// Its new name.
    pub to: String,
    /// Its new type in Glue's grammar; the old one stays if it is missing.
    pub to_type: Option<String>,
    /// Whether the field is left out.
    pub dropped: bool,
    /// The mapping of a struct's fields, or of the structs in an array.
    pub children: Vec<Mapping>,
}

/// Settings of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Whether one condition is enough.
    pub any: bool,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// One condition of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How the operands are compared.
    pub operation: Comparison,
    /// Whether the answer is turned round.
    pub negated: bool,
    /// One operand for `IsNull`, else two.
    pub operands: Vec<Operand>,
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `EQ`
    Equal,
    /// `LT`
    Less,
    /// `GT`
    Greater,
    /// `LTE`
    LessOrEqual,
    /// `GTE`
    GreaterOrEqual,
    /// `REGEX`: the pattern matches from the start of the text.
    Regex,
    /// `ISNULL`
    IsNull,
}

/// What a filter compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(FieldPath),
    /// A value, typed by the field that it is compared with.
    Constant(String),
}

/// Settings of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Which rows are kept.
    pub kind: JoinKind,
    /// The left input's keys.
    pub left: Vec<FieldPath>,
    /// The right input's keys, in the same order.
    pub right: Vec<FieldPath>,
}

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// `equijoin`
    Inner,
    /// `left`
    Left,
    /// `right`
    Right,
    /// `outer`
    Outer,
    /// `leftsemi`
    LeftSemi,
    /// `leftanti`
    LeftAnti,
}

/// Settings of an aggregation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The fields that make a group.
    pub groups: Vec<FieldPath>,
    /// What is computed per group: field and function.
    pub aggregates: Vec<(FieldPath, AggregateFunction)>,
}

/// An aggregate function, by Spark's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// `avg`
    Avg,
    /// `countDistinct`
    CountDistinct,
    /// `count`
    Count,
    /// `first`
    First,
    /// `last`
    Last,
    /// `kurtosis`
    Kurtosis,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `skewness`
    Skewness,
    /// `stddev_samp`
    StddevSamp,
    /// `stddev_pop`
    StddevPop,
    /// `sum`
    Sum,
    /// `sumDistinct`
    SumDistinct,
    /// `var_samp`
    VarSamp,
    /// `var_pop`
    VarPop,
}

/// Whether a union keeps equal rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnionType {
    /// It does.
    All,
    /// It keeps one of them.
    Distinct,
}

/// Settings of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlQuery {
    /// The text.
    pub query: String,
    /// Node id and the table name that the query uses for it.
    pub aliases: Vec<(String, String)>,
    /// The columns that the author declared: the answer is cast to them by name.
    pub schema: Option<Vec<ColumnType>>,
}

/// What DropNullFields takes for nothing, besides null.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NullRules {
    /// Empty text.
    pub empty: bool,
    /// The text `null`.
    pub null_text: bool,
    /// The number -1.
    pub minus_one: bool,
    /// Further values with the type to which they apply.
    pub values: Vec<ColumnType>,
}

/// Settings of an S3 target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Target {
    /// The folder: `s3://bucket/prefix/`.
    pub path: String,
    /// The format.
    pub format: Format,
    /// How CSV is written.
    pub csv: CsvWriting,
    /// The compression; the format's own if it is missing (text: none, others: Snappy).
    pub compression: Option<Compression>,
    /// How many files there shall be in a folder.
    pub files: Option<usize>,
    /// The columns that become folders.
    pub partition_keys: Vec<FieldPath>,
    /// The table to create or update.
    pub table: Option<TargetTable>,
}

/// The table that an S3 target keeps up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// Whether its columns follow the data.
    pub update: UpdateBehavior,
}

/// What happens to a table whose data has other columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateBehavior {
    /// New columns are added.
    UpdateInDatabase,
    /// Only new partitions are added.
    Log,
}

/// Settings of a catalog target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogTarget {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The columns that become folders; the table's own if empty.
    pub partition_keys: Vec<FieldPath>,
    /// Whether columns and partitions of the table follow the data.
    pub update: Option<UpdateBehavior>,
}
