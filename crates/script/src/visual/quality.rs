//! Data quality ("EvaluateDataQuality" in the Developer Guide).

use super::Outcome;
use super::graph::Graph;
use super::node::Node;
use super::writer::{Import, Writer};
use crate::python::{Py, quoted};

/// Judges one frame: what comes out is the frame itself, or what each rule found.
pub(super) fn single(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    writer.import(Import::Quality);
    let ruleset = ruleset(writer, node)?;
    let results = node.text("Output") == Some("EvaluationResults");
    let outcome = if results { node.variable.clone() } else { format!("{}_results", node.variable) };
    let call = Py::call(
        "EvaluateDataQuality.apply",
        [
            ("frame", Py::code(input)),
            ("ruleset", Py::code(ruleset)),
            ("publishing_options", publishing(node)),
        ],
    );
    writer.assign(&outcome, &call);
    if !results {
        writer.code(format!("{} = {input}", node.variable));
    }
    stop(writer, node, &outcome);
    Ok(())
}

/// Judges a frame together with others; what comes out are its rows, their outcomes, and those of the rules.
pub(super) fn several(writer: &mut Writer, graph: &Graph, node: &Node) -> Outcome {
    writer.import(Import::Quality);
    let named = node.map("AdditionalDataSources");
    let primary = node.inputs.iter().find(|input| !named.iter().any(|(_, id)| id == *input));
    let Some(primary) = primary.or_else(|| node.inputs.first()) else {
        return Err("It needs an input.".to_owned());
    };
    let input = graph.frame(primary)?;
    let ruleset = ruleset(writer, node)?;
    let mut options: Vec<(String, Py)> =
        node.map("AdditionalOptions").into_iter().map(|(key, value)| (key, Py::Str(value))).collect();
    for (key, value) in [("observations.scope", "ALL"), ("performanceTuning.caching", "CACHE_NOTHING")] {
        if !options.iter().any(|(known, _)| known == key) {
            options.push((key.to_owned(), Py::str(value)));
        }
    }
    let mut arguments = vec![("frame", Py::code(input))];
    if !named.is_empty() {
        let sources = named.iter().map(|(alias, id)| Ok((alias.clone(), Py::code(graph.frame(id)?))));
        arguments.push(("additional_data_sources", Py::dict(sources.collect::<Outcome<Vec<_>>>()?)));
    }
    arguments.extend([
        ("ruleset", Py::code(ruleset)),
        ("publishing_options", publishing(node)),
        ("additional_options", Py::dict(options)),
    ]);
    writer.assign(&node.variable, &Py::call("EvaluateDataQuality().process_rows", arguments));
    let outcomes = format!("{}[EvaluateDataQuality.DATA_QUALITY_RULE_OUTCOMES_KEY]", node.variable);
    stop(writer, node, &outcomes);
    Ok(())
}

/// Checks what a target is about to write.
pub(super) fn of_target(writer: &mut Writer, node: &Node, frame: &str) {
    if !node.is("AutoDataQuality.IsEnabled") {
        return;
    }
    writer.import(Import::Quality);
    let ruleset = writer.default_ruleset();
    let context = node.text("AutoDataQuality.EvaluationContext").unwrap_or(&node.variable);
    let publishing = Py::dict([
        ("dataQualityEvaluationContext", Py::str(context)),
        ("enableDataQualityResultsPublishing", Py::Bool(true)),
    ]);
    let options = Py::dict([
        ("dataQualityResultsPublishing.strategy", Py::str("BEST_EFFORT")),
        ("observations.scope", Py::str("ALL")),
    ]);
    let call = Py::call(
        "EvaluateDataQuality().process_rows",
        [
            ("frame", Py::code(frame)),
            ("ruleset", ruleset),
            ("publishing_options", publishing),
            ("additional_options", options),
        ],
    );
    writer.call(&call);
}

fn ruleset(writer: &mut Writer, node: &Node) -> Outcome<String> {
    let name = format!("{}_ruleset", node.variable);
    writer.text(&name, node.required("Ruleset")?);
    Ok(name)
}

fn publishing(node: &Node) -> Py {
    let context = node.text("PublishingOptions.EvaluationContext").unwrap_or(&node.variable);
    let mut options = vec![("dataQualityEvaluationContext", Py::str(context))];
    let flags = [
        ("enableDataQualityCloudWatchMetrics", "PublishingOptions.CloudWatchMetricsEnabled"),
        ("enableDataQualityResultsPublishing", "PublishingOptions.ResultsPublishingEnabled"),
    ];
    options.extend(flags.into_iter().filter_map(|(key, name)| Some((key, Py::Bool(node.flag(name)?)))));
    let prefix = node.text("PublishingOptions.ResultsS3Prefix");
    options.extend(prefix.map(|prefix| ("resultsS3Prefix", Py::str(prefix))));
    Py::dict(options)
}

/// Fails the job where a rule failed, at once or after everything is written.
fn stop(writer: &mut Writer, node: &Node, outcomes: &str) {
    let Some(when) = node.text("StopJobOnFailureOptions.StopJobOnFailureTiming") else { return };
    let message = format!("The job failed due to failing DQ rules for node: {}", node.variable);
    let check = format!(
        "assert {outcomes}.filter(lambda rule: rule[\"Outcome\"] == \"Failed\").count() == 0, {}",
        quoted(&message)
    );
    match when {
        "Immediate" => writer.code(check),
        _ => writer.check(check),
    }
}
