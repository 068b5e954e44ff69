//! Functions that scripts bring along, each where a node needs it.

use super::writer::Import;

/// A function of the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    SqlQuery,
    Union,
    Aggregate,
    Join,
    DropNulls,
    Route,
    Typed,
    PartitionKeys,
}

impl Helper {
    pub(super) fn imports(self) -> Vec<Import> {
        match self {
            Self::SqlQuery | Self::Union => vec![Import::DynamicFrame],
            Self::Aggregate | Self::Join => vec![Import::DynamicFrame, Import::Functions],
            Self::DropNulls => vec![Import::DynamicFrame, Import::Functions],
            Self::Route => vec![Import::Collection],
            Self::Typed => vec![Import::Datetime, Import::Decimal],
            Self::PartitionKeys => vec![Import::Regex],
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::SqlQuery => SQL_QUERY,
            Self::Union => UNION,
            Self::Aggregate => AGGREGATE,
            Self::Join => JOIN,
            Self::DropNulls => DROP_NULLS,
            Self::Route => ROUTE,
            Self::Typed => TYPED,
            Self::PartitionKeys => PARTITION_KEYS,
        }
    }
}

const SQL_QUERY: &str = "\
def sparkSqlQuery(glueContext, query, mapping, transformation_ctx) -> DynamicFrame:
    for alias, frame in mapping.items():
        frame.toDF().createOrReplaceTempView(alias)
    answer = glueContext.spark_session.sql(query)
    return DynamicFrame.fromDF(answer, glueContext, transformation_ctx)";

const UNION: &str = "\
def sparkUnion(glueContext, unionType, mapping, transformation_ctx) -> DynamicFrame:
    first, second = (frame.toDF() for frame in mapping.values())
    together = first.union(second)
    if unionType == \"DISTINCT\":
        together = together.distinct()
    return DynamicFrame.fromDF(together, glueContext, transformation_ctx)";

const AGGREGATE: &str = "\
def sparkAggregate(glueContext, parentFrame, groups, aggs, transformation_ctx) -> DynamicFrame:
    columns = []
    for column, func in aggs:
        name = f\"{func}({column})\"
        if func.endswith(\"Distinct\"):
            name = f\"{func.removesuffix('Distinct')}(DISTINCT {column})\"
        columns.append(getattr(SqlFuncs, func)(column).alias(name))
    answer = parentFrame.toDF().groupBy(*groups).agg(*columns)
    return DynamicFrame.fromDF(answer, glueContext, transformation_ctx)";

const JOIN: &str = "\
def sparkJoin(glueContext, frame1, frame2, keys1, keys2, joinType, transformation_ctx) -> DynamicFrame:
    # Columns of the second frame that the first has too are prefixed.
    left, right = frame1.toDF(), frame2.toDF()
    taken, names = set(left.columns), {}
    for column in right.columns:
        name = column
        while name in taken:
            name = \"right_\" + name
        taken.add(name)
        names[column] = name
    right = right.toDF(*names.values())

    def key(frame, path):
        column = frame[\"`\" + path[0].replace(\"`\", \"``\") + \"`\"]
        for field in path[1:]:
            column = column.getField(field)
        return column

    conditions = [
        key(left, first) == key(right, [names.get(second[0], second[0]), *second[1:]])
        for first, second in zip(keys1, keys2)
    ]
    return DynamicFrame.fromDF(left.join(right, conditions, joinType), glueContext, transformation_ctx)";

const DROP_NULLS: &str = "\
def drop_nulls(
    glueContext, frame, nullStringSet, nullIntegerSet, transformation_ctx, nullValues=()
) -> DynamicFrame:
    # Leaves out every column that holds nothing but nulls and what counts as such.
    data = frame.toDF()
    counts = []
    for name, kind in data.dtypes:
        column = SqlFuncs.col(\"`\" + name.replace(\"`\", \"``\") + \"`\")
        nulls = [value for value, of in nullValues if of == kind]
        if kind == \"string\":
            nulls += list(nullStringSet)
        elif kind in (\"tinyint\", \"smallint\", \"int\", \"bigint\"):
            nulls += list(nullIntegerSet)
        if nulls:
            column = SqlFuncs.when(~column.isin(nulls), column)
        counts.append(SqlFuncs.count(column))
    found = data.agg(*counts).first()
    empty = [name for name, count in zip(data.columns, found) if count == 0]
    return DynamicFrame.fromDF(data.drop(*empty), glueContext, transformation_ctx)";

const ROUTE: &str = "\
class GroupFilter:
    def __init__(self, name, filters):
        self.name = name
        self.filters = filters


def threadedRoute(glueContext, source_DyF, group_filters) -> DynamicFrameCollection:
    groups = {group.name: source_DyF.filter(f=group.filters) for group in group_filters}
    return DynamicFrameCollection(groups, glueContext)";

const TYPED: &str = "\
def typed(constant, value):
    # The constant as a value of the field's type, which only the data tells.
    text = constant.strip()
    if isinstance(value, bool):
        return text.lower() in (\"true\", \"t\", \"yes\", \"y\", \"1\")
    if isinstance(value, datetime.datetime):
        time = datetime.datetime.fromisoformat(text)
        return (time - (time.utcoffset() or datetime.timedelta())).replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return datetime.datetime.fromisoformat(text).date()
    if isinstance(value, decimal.Decimal):
        return decimal.Decimal(text)
    if isinstance(value, (int, float)):
        return int(text) if text.lstrip(\"+-\").isdigit() else float(text)
    return constant";

const PARTITION_KEYS: &str = "\
def partitionKeys(frame):
    # Mappings that keep the keys of partitions; fields of files without a header have numbers.
    names = [field.name for field in frame.schema().fields]
    keys = [name for name in names if not re.fullmatch(\"col[0-9]+\", name)]
    return [(name, \"string\", name, \"string\") for name in keys]";
