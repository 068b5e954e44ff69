use super::FieldPath;

/// Settings of a spigot.
#[derive(Debug, Clone, PartialEq)]
pub struct Spigot {
    /// The folder of the sample: `s3://bucket/prefix/`.
    pub path: String,
    /// At most so many rows.
    pub top: Option<u64>,
    /// The probability of each row, from 0 to 1.
    pub probability: Option<f64>,
}

/// Settings of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The id of the input whose rows give way; the other one's are staged.
    pub source: String,
    /// The fields by which rows are the same.
    pub keys: Vec<FieldPath>,
}

/// Settings of a search for personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct PiiDetection {
    /// What happens where something is found.
    pub action: PiiAction,
    /// The kinds of data looked for, by their names in AWS's documentation.
    pub entities: Vec<String>,
    /// The column that tells what was found in a row.
    pub output: Option<String>,
    /// The part of the rows that is looked at to find columns, from 0 to 1.
    pub sample: Option<f64>,
    /// The part of a column's values that must be found for it to count.
    pub threshold: Option<f64>,
    /// What stands in the place of what was found.
    pub mask: Option<String>,
    /// The character that hides each one of a text partly.
    pub redact: Option<String>,
    /// A pattern of what to hide within what was found.
    pub pattern: Option<String>,
    /// Characters that stay at the left.
    pub left: usize,
    /// Characters that stay at the right.
    pub right: usize,
    /// How much must speak for a find.
    pub sensitivity: Sensitivity,
}

/// What a search for personal data does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PiiAction {
    /// Tells of each row what was found.
    RowAudit,
    /// Puts a hash in the place of each find.
    RowHashing,
    /// Puts one text in the place of each find.
    RowMasking,
    /// Hides most characters of each find.
    RowPartialMasking,
    /// Tells of each column what it holds.
    ColumnAudit,
    /// Hashes all values of columns that hold personal data.
    ColumnHashing,
    /// Masks all values of columns that hold personal data.
    ColumnMasking,
}

/// How much must speak for a find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensitivity {
    /// The form suffices.
    High,
    /// Forms that many other things have need a word nearby, or in the column's name.
    Low,
}

/// Settings of a visual transform that has its own function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicTransform {
    /// The function's name.
    pub function: String,
    /// Its parameters with their values.
    pub parameters: Vec<(String, Vec<String>)>,
}

/// A step of a recipe (AWS Glue DataBrew developer guide: "Recipe step and function reference").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeStep {
    /// The operation's name.
    pub operation: String,
    /// Its parameters.
    pub parameters: Vec<(String, String)>,
    /// What must all be true of a row for the step to touch it.
    pub conditions: Vec<RecipeCondition>,
}

/// A condition of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeCondition {
    /// The condition's name.
    pub condition: String,
    /// What it compares with.
    pub value: Option<String>,
    /// The column that it is about.
    pub column: String,
}
