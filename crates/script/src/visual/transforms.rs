//! Nodes that make frames of frames.

use std::collections::{BTreeMap, BTreeSet};

use super::filter;
use super::frame::{field, fields, from_df, steps};
use super::graph::{Graph, relationalizes};
use super::helpers::Helper;
use super::node::{Node, Settings};
use super::writer::{Import, Writer};
use super::{Outcome, mapping, quality, recipe, sensitive};
use crate::python::{Py, is_identifier, quoted};

/// The group of what no other group takes.
const OTHERS: &str = "default_group";

pub(super) fn write(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    match node.kind.as_str() {
        "ApplyMapping" => mapping::write(writer, node, &graph.input(node)?),
        "SelectFields" => paths(writer, graph, node, "SelectFields"),
        "DropFields" => paths(writer, graph, node, "DropFields"),
        "SplitFields" => paths(writer, graph, node, "SplitFields"),
        "RenameField" => rename(writer, graph, node),
        "Spigot" => spigot(writer, graph, node),
        "Join" => join(writer, graph, node),
        "SelectFromCollection" => pick(writer, graph, node),
        "FillMissingValues" => fill(writer, graph, node),
        "Filter" => {
            let input = graph.input(node)?;
            let known = node.inputs.first().map(|id| graph.columns(id)).unwrap_or_default();
            let f = filter::lambda(writer, &known, node)?;
            apply(writer, node, "Filter.apply", [("frame", Py::code(input)), ("f", f)]);
            Ok(())
        }
        "CustomCode" => custom(writer, graph, node),
        "SparkSQL" => sql(writer, graph, node),
        "DropNullFields" => drop_nulls(writer, graph, node),
        "Merge" => merge(writer, graph, node),
        "Union" => union(writer, graph, node),
        "PIIDetection" => sensitive::write(writer, node, &graph.input(node)?),
        "Aggregate" => aggregate(writer, graph, node),
        "DropDuplicates" => distinct(writer, graph, node),
        "Route" => route(writer, graph, node),
        "DynamicTransform" => dynamic(writer, graph, node),
        "EvaluateDataQuality" => quality::single(writer, node, &graph.input(node)?),
        "EvaluateDataQualityMultiFrame" => quality::several(writer, graph, node),
        "Recipe" => recipe::write(writer, node, &graph.input(node)?),
        other => Err(format!("Nodes of the kind {other} have no script.")),
    }
}

/// `variable = function(..., transformation_ctx="variable")`
fn apply(
    writer: &mut Writer,
    node: &Node,
    function: &str,
    named: impl IntoIterator<Item = (&'static str, Py)>,
) {
    let context = [("transformation_ctx", Py::str(&node.variable))];
    writer.assign(&node.variable, &Py::call(function, named.into_iter().chain(context)));
}

fn paths(writer: &mut Writer, graph: &Graph, node: &Node, class: &str) -> Outcome {
    let paths = fields(&node.paths("Paths"))?;
    let named = [("frame", Py::code(graph.input(node)?)), ("paths", paths)];
    apply(writer, node, &format!("{class}.apply"), named);
    Ok(())
}

fn rename(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    let named = [
        ("frame", Py::code(graph.input(node)?)),
        ("old_name", Py::str(field(&node.texts("SourcePath"))?)),
        ("new_name", Py::str(field(&node.texts("TargetPath"))?)),
    ];
    apply(writer, node, "RenameField.apply", named);
    Ok(())
}

fn spigot(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    let topk = node.whole("Topk").map(|topk| ("topk", Py::Int(topk)));
    let prob = node.number("Prob").map(|prob| ("prob", Py::code(format!("{prob:?}"))));
    let named = [
        ("frame", Py::code(graph.input(node)?)),
        ("path", Py::str(node.required("Path")?)),
        ("options", Py::dict(topk.into_iter().chain(prob))),
    ];
    apply(writer, node, "Spigot.apply", named);
    Ok(())
}

fn join(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    let (left, right) = graph.both(node)?;
    let [first, second] = node.inputs.as_slice() else { return Ok(()) };
    let sides = node.items("Columns");
    let keys = |nth: usize, input: &str| -> Outcome<Vec<Vec<String>>> {
        // An input joined with itself has both its keys under one id.
        let of: Vec<&Settings> = sides.iter().filter(|side| side.text("From") == Some(input)).collect();
        let side = if first == second { of.get(nth) } else { of.first() };
        side.map(|side| side.paths("Keys"))
            .filter(|keys| !keys.is_empty() && keys.iter().all(|key| !key.is_empty()))
            .ok_or_else(|| format!("Its input {input} has no keys."))
    };
    let (keys1, keys2) = (keys(0, first)?, keys(1, second)?);
    if keys1.len() != keys2.len() {
        return Err("Both sides need the same number of keys.".to_owned());
    }
    let kind = node.required("JoinType")?;
    let apart = graph.columns(first).disjoint(&graph.columns(second));
    let plain = keys1.iter().chain(&keys2).all(|key| steps(key).len() == 1);
    if kind == "equijoin" && apart && plain {
        let named = [
            ("frame1", Py::code(left)),
            ("frame2", Py::code(right)),
            ("keys1", fields(&keys1)?),
            ("keys2", fields(&keys2)?),
        ];
        apply(writer, node, "Join.apply", named);
        return Ok(());
    }
    writer.helper(Helper::Join);
    let nested = |keys: &[Vec<String>]| Py::List(keys.iter().map(|key| Py::strings(steps(key))).collect());
    let named = [
        ("frame1", Py::code(left)),
        ("frame2", Py::code(right)),
        ("keys1", nested(&keys1)),
        ("keys2", nested(&keys2)),
        ("joinType", Py::str(if kind == "equijoin" { "inner" } else { kind })),
    ];
    helped(writer, node, "sparkJoin", named);
    Ok(())
}

/// A call of one of the script's own functions.
fn helped(
    writer: &mut Writer,
    node: &Node,
    function: &str,
    named: impl IntoIterator<Item = (&'static str, Py)>,
) {
    let context = [("transformation_ctx", Py::str(&node.variable))];
    let named = named.into_iter().chain(context).collect();
    writer.assign(&node.variable, &Py::Call(function.to_owned(), vec![Py::code("glueContext")], named));
}

fn pick(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    let [input] = node.inputs.as_slice() else {
        return Err(format!("It needs 1 input and has {}.", node.inputs.len()));
    };
    let source = graph.read(input)?;
    if !graph.is_collection(input) {
        return Err(format!("Its input '{}' makes no collection of frames.", source.name));
    }
    let index = node.whole("Index").unwrap_or_default();
    let name = usize::try_from(index).ok().and_then(|index| group_name(source, index));
    let key = match name {
        Some(name) => Py::str(name),
        None => Py::code(format!("list({}.keys())[{index}]", source.variable)),
    };
    apply(writer, node, "SelectFromCollection.apply", [("dfc", Py::code(&source.variable)), ("key", key)]);
    Ok(())
}

fn fill(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.import(Import::FillMissing);
    let imputed = node.required("ImputedPath")?;
    let filled = node.text("FilledPath").map_or_else(|| format!("{imputed}_filled"), str::to_owned);
    let named = [
        ("frame", Py::code(graph.input(node)?)),
        ("missing_values_column", Py::str(imputed)),
        ("output_column", Py::str(filled)),
    ];
    apply(writer, node, "FillMissingValues.apply", named);
    Ok(())
}

fn custom(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    let named = node.required("ClassName")?;
    if !is_identifier(named) {
        return Err(format!("{named} is no name of a function in Python."));
    }
    writer.import(Import::Collection);
    let code = node.required("Code")?.replace("\r\n", "\n");
    let code = code.trim_matches('\n').trim_end();
    let whole = code.lines().any(|line| line.starts_with("def ") || line.starts_with("async def "));
    let class = writer.name(named);
    let text = if whole {
        if class != named {
            return Err(format!("Another node defines {named}."));
        }
        code.to_owned()
    } else {
        let indented =
            code.lines().filter(|line| !line.trim().is_empty()).all(|line| line.starts_with([' ', '\t']));
        let body: Vec<String> = code
            .lines()
            .map(|line| if indented || line.is_empty() { line.to_owned() } else { format!("    {line}") })
            .collect();
        format!("def {class}(glueContext, dfc) -> DynamicFrameCollection:\n{}", body.join("\n"))
    };
    writer.function(node, text);
    if node.inputs.is_empty() {
        return Err("It needs an input.".to_owned());
    }
    if let [only] = node.inputs.as_slice()
        && graph.is_collection(only)
    {
        let source = graph.read(only)?;
        writer.code(format!("{} = {class}(glueContext, {})", node.variable, source.variable));
        return Ok(());
    }
    let frames = node.inputs.iter().map(|input| {
        let variable = graph.frame(input)?;
        Ok((variable.clone(), Py::code(variable)))
    });
    let frames = Py::dict(frames.collect::<Outcome<Vec<_>>>()?);
    let collection =
        Py::Call("DynamicFrameCollection".to_owned(), vec![frames, Py::code("glueContext")], vec![]);
    writer.assign(&node.variable, &Py::Call(class, vec![Py::code("glueContext"), collection], vec![]));
    Ok(())
}

fn sql(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.helper(Helper::SqlQuery);
    let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alias in node.items("SqlAliases") {
        let from = alias.required("From")?.to_owned();
        aliases.entry(from).or_default().push(alias.required("Alias")?.to_owned());
    }
    let mut mapping = Vec::new();
    for input in &node.inputs {
        let frame = graph.frame(input)?;
        let own = aliases.get(input).ok_or_else(|| format!("Its input {input} has no SQL alias."))?;
        mapping.extend(own.iter().map(|alias| (alias.clone(), Py::code(&frame))));
    }
    if mapping.is_empty() {
        return Err("It needs an input.".to_owned());
    }
    let query = writer.query();
    writer.text(&query, node.required("SqlQuery")?.trim().trim_end_matches(';'));
    let named = [("query", Py::code(&query)), ("mapping", Py::dict(mapping))];
    helped(writer, node, "sparkSqlQuery", named);
    casts(writer, &node.variable, &node.schema());
    Ok(())
}

/// Columns that the author declared take their declared types.
pub(super) fn casts(writer: &mut Writer, variable: &str, schema: &[(String, String)]) {
    let simple = |of: &&(String, String)| {
        !of.1.contains(['<', ' ']) && !["struct", "array", "map"].contains(&of.1.as_str())
    };
    let specs: Vec<Py> = schema
        .iter()
        .filter(simple)
        .map(|(name, of)| Py::Tuple(vec![Py::str(name), Py::str(format!("cast:{of}"))]))
        .collect();
    if !specs.is_empty() {
        writer.assign(variable, &Py::call(format!("{variable}.resolveChoice"), [("specs", Py::List(specs))]));
    }
}

fn drop_nulls(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.helper(Helper::DropNulls);
    let boxed = |name: &str| node.is(&format!("NullCheckBoxList.{name}"));
    let (mut texts, mut numbers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    texts.extend(boxed("IsEmpty").then(|| quoted("")));
    texts.extend(boxed("IsNullString").then(|| quoted("null")));
    numbers.extend(boxed("IsNegOne").then(|| "-1".to_owned()));
    for one in node.items("NullTextList") {
        let value = one.text("Value").unwrap_or_default();
        match one.required("Datatype.Id")? {
            "string" | "char" | "varchar" => texts.push(quoted(value)),
            "byte" | "tinyint" | "short" | "smallint" | "int" | "integer" | "long" | "bigint" => {
                let whole = value.trim().parse::<i64>();
                numbers.push(whole.map_err(|_| format!("{value} is no whole number."))?.to_string());
            }
            of => {
                let value = filter::number(value.trim()).map_or_else(|| Py::str(value), Py::Code);
                others.push(Py::Tuple(vec![value, Py::str(of)]));
            }
        }
    }
    let set = |items: &[String]| {
        Py::code(if items.is_empty() { "set()".to_owned() } else { format!("{{{}}}", items.join(", ")) })
    };
    let frame = ("frame", Py::code(graph.input(node)?));
    let named = [frame, ("nullStringSet", set(&texts)), ("nullIntegerSet", set(&numbers))];
    let others =
        Some(others).filter(|others| !others.is_empty()).map(|others| ("nullValues", Py::List(others)));
    helped(writer, node, "drop_nulls", named.into_iter().chain(others));
    Ok(())
}

fn merge(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    graph.both(node)?;
    let source = node.required("Source")?;
    let Some(stage) = node.inputs.iter().find(|input| *input != source) else {
        return Err("It needs a source and another input.".to_owned());
    };
    if !node.inputs.iter().any(|input| input == source) {
        return Err(format!("Its source {source} is none of its inputs."));
    }
    let named = [
        ("stage_dynamic_frame", Py::code(graph.frame(stage)?)),
        ("primary_keys", fields(&node.paths("PrimaryKeys"))?),
    ];
    apply(writer, node, &format!("{}.mergeDynamicFrame", graph.frame(source)?), named);
    Ok(())
}

fn union(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.helper(Helper::Union);
    let (first, second) = graph.both(node)?;
    let named = [
        ("unionType", Py::str(node.required("UnionType")?)),
        ("mapping", Py::dict([("source1", Py::code(first)), ("source2", Py::code(second))])),
    ];
    helped(writer, node, "sparkUnion", named);
    Ok(())
}

/// The name of an aggregate's column, as Spark has it.
pub(super) fn aggregate_name(function: &str, column: &str) -> String {
    match function.strip_suffix("Distinct") {
        Some(function) => format!("{function}(DISTINCT {column})"),
        None => format!("{function}({column})"),
    }
}

fn aggregate(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.helper(Helper::Aggregate);
    let mut known = BTreeSet::new();
    let mut computed: Vec<Py> = Vec::new();
    for one in node.items("Aggs") {
        let (column, function) = (field(&one.texts("Column"))?, one.required("AggFunc")?.to_owned());
        if known.insert((column.clone(), function.clone())) {
            computed.push(Py::strings([column, function]));
        }
    }
    if computed.is_empty() {
        return Err("It computes nothing.".to_owned());
    }
    let named = [
        ("parentFrame", Py::code(graph.input(node)?)),
        ("groups", fields(&node.paths("Groups"))?),
        ("aggs", Py::List(computed)),
    ];
    helped(writer, node, "sparkAggregate", named);
    Ok(())
}

fn distinct(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.import(Import::DynamicFrame);
    let input = graph.input(node)?;
    let paths = node.paths("Columns");
    let nested = paths.iter().any(|path| path.len() != 1);
    let rows = if paths.is_empty() {
        format!("{input}.toDF().dropDuplicates()")
    } else if nested {
        let keys: Vec<String> = (0..paths.len()).map(|n| format!("__key{n}")).collect();
        let mut rows = format!("{input}.toDF()");
        for (key, path) in keys.iter().zip(&paths) {
            rows = format!("{rows}.withColumn({}, SqlFuncs.col({}))", quoted(key), quoted(&field(path)?));
        }
        writer.import(Import::Functions);
        let dropped: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
        format!("{rows}.dropDuplicates({}).drop({})", Py::strings(&keys).flat(), dropped.join(", "))
    } else {
        format!("{input}.toDF().dropDuplicates({})", fields(&paths)?.flat())
    };
    writer.assign(&node.variable, &from_df(rows, &node.variable));
    Ok(())
}

/// The name of a route's group; rows of no group go to one more.
fn group_name(node: &Node, index: usize) -> Option<&str> {
    let groups = node.value("GroupFiltersList")?.as_list()?;
    match groups.get(index) {
        Some(group) => group.get("GroupName")?.as_str(),
        None => (index == groups.len()).then_some(OTHERS),
    }
}

fn route(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.helper(Helper::Route);
    let known = node.inputs.first().map(|id| graph.columns(id)).unwrap_or_default();
    let mut groups = Vec::new();
    let mut others = Vec::new();
    for group in node.items("GroupFiltersList") {
        let (word, conditions) = filter::conditions(writer, &known, &group)?;
        others.push(format!("not ({})", conditions.join(&format!(" {word} "))));
        groups.push(group_filter(group.required("GroupName")?, Py::Where(word, conditions)));
    }
    if groups.is_empty() {
        return Err("It has no group.".to_owned());
    }
    groups.push(group_filter(OTHERS, Py::Where("and", others)));
    let named = vec![("source_DyF", Py::code(graph.input(node)?)), ("group_filters", Py::List(groups))];
    writer
        .assign(&node.variable, &Py::Call("threadedRoute".to_owned(), vec![Py::code("glueContext")], named));
    Ok(())
}

fn group_filter(name: &str, filters: Py) -> Py {
    Py::call("GroupFilter", [("name", Py::str(name)), ("filters", filters)])
}

fn dynamic(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    if relationalizes(node) {
        let parameters = node.items("Parameters");
        let root = parameters.iter().find(|one| one.text("Name") == Some("rootTableName"));
        let root = root.and_then(|one| one.texts("Value").first().cloned());
        let named = [
            ("frame", Py::code(graph.input(node)?)),
            ("staging_path", writer.parameter("TempDir")),
            ("name", Py::Str(root.unwrap_or_else(|| "root".to_owned()))),
        ];
        apply(writer, node, "Relationalize.apply", named);
        return Ok(());
    }
    let function = node.required("FunctionName")?;
    let path = node.required("Path")?;
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    let module = file.strip_suffix(".py").unwrap_or(file);
    for name in [function, module] {
        if !is_identifier(name) {
            return Err(format!("{name} is no name of a function or module in Python."));
        }
    }
    writer.module(module);
    let mut given = Vec::new();
    for one in node.items("Parameters") {
        let name = one.required("Name")?;
        if !is_identifier(name) {
            return Err(format!("{name} is no name of a parameter in Python."));
        }
        let values = one.texts("Value");
        if values.is_empty() && one.is("IsOptional") {
            continue;
        }
        given.push(format!("{name}={}", argument(&one, &values)?));
    }
    writer.code(format!("{} = {}.{function}({})", node.variable, graph.input(node)?, given.join(", ")));
    Ok(())
}

fn argument(one: &Settings, values: &[String]) -> Outcome<String> {
    let of = one.required("Type")?;
    if of == "list" {
        let of = one.text("ListType").unwrap_or("str");
        let items = values.iter().map(|value| scalar(of, value)).collect::<Outcome<Vec<_>>>()?;
        return Ok(format!("[{}]", items.join(", ")));
    }
    match (of, values) {
        ("null", _) => Ok("None".to_owned()),
        (of, [value]) => scalar(of, value),
        (_, values) => Err(format!("A parameter has {} values.", values.len())),
    }
}

fn scalar(of: &str, value: &str) -> Outcome<String> {
    let trimmed = value.trim();
    let number = || filter::number(trimmed).ok_or_else(|| format!("{value} is no value of the type {of}."));
    match of {
        "int" => match trimmed.parse::<i64>() {
            Ok(whole) => Ok(whole.to_string()),
            Err(_) => Err(format!("{value} is no value of the type int.")),
        },
        "float" => number(),
        "complex" => Ok(format!("complex({})", quoted(trimmed))),
        "bool" => Ok(if trimmed.eq_ignore_ascii_case("true") { "True" } else { "False" }.to_owned()),
        "null" => Ok("None".to_owned()),
        _ => Ok(quoted(value)),
    }
}
