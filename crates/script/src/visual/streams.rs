//! Streams, which a script reads batch by batch ("Streaming ETL jobs" and the connections to Kinesis and Kafka in the
//! Developer Guide).

use mastic_shape::Value;

use super::Outcome;
use super::node::Node;
use super::writer::{Import, Writer};
use crate::python::Py;

/// Options of Kinesis by the names of the model.
const KINESIS: &[(&str, &str)] = &[
    ("streamName", "StreamName"),
    ("streamARN", "StreamArn"),
    ("endpointUrl", "EndpointUrl"),
    ("classification", "Classification"),
    ("delimiter", "Delimiter"),
    ("startingPosition", "StartingPosition"),
    ("startingTimestamp", "StartingTimestamp"),
    ("maxFetchTimeInMs", "MaxFetchTimeInMs"),
    ("maxFetchRecordsPerShard", "MaxFetchRecordsPerShard"),
    ("maxRecordPerRead", "MaxRecordPerRead"),
    ("addIdleTimeBetweenReads", "AddIdleTimeBetweenReads"),
    ("idleTimeBetweenReadsInMs", "IdleTimeBetweenReadsInMs"),
    ("describeShardInterval", "DescribeShardInterval"),
    ("numRetries", "NumRetries"),
    ("retryIntervalMs", "RetryIntervalMs"),
    ("maxRetryIntervalMs", "MaxRetryIntervalMs"),
    ("avoidEmptyBatches", "AvoidEmptyBatches"),
    ("awsSTSRoleARN", "RoleArn"),
    ("awsSTSSessionName", "RoleSessionName"),
    ("addRecordTimestamp", "AddRecordTimestamp"),
    ("emitConsumerLagMetrics", "EmitConsumerLagMetrics"),
    ("fanoutConsumerARN", "FanoutConsumerARN"),
];

/// The same of Kafka.
const KAFKA: &[(&str, &str)] = &[
    ("connectionName", "ConnectionName"),
    ("bootstrap.servers", "BootstrapServers"),
    ("security.protocol", "SecurityProtocol"),
    ("topicName", "TopicName"),
    ("assign", "Assign"),
    ("subscribePattern", "SubscribePattern"),
    ("classification", "Classification"),
    ("delimiter", "Delimiter"),
    ("startingOffsets", "StartingOffsets"),
    ("endingOffsets", "EndingOffsets"),
    ("startingTimestamp", "StartingTimestamp"),
    ("pollTimeoutMs", "PollTimeoutMs"),
    ("numRetries", "NumRetries"),
    ("retryIntervalMs", "RetryIntervalMs"),
    ("maxOffsetsPerTrigger", "MaxOffsetsPerTrigger"),
    ("minPartitions", "MinPartitions"),
    ("includeHeaders", "IncludeHeaders"),
    ("addRecordTimestamp", "AddRecordTimestamp"),
    ("emitConsumerLagMetrics", "EmitConsumerLagMetrics"),
];

pub(super) fn write(writer: &mut Writer, node: &Node) -> Outcome {
    writer.import(Import::DynamicFrame);
    writer.parameter("TempDir");
    let kafka = node.kind.ends_with("KafkaSource");
    let kind = if kafka { "kafka" } else { "kinesis" };
    let mut options = vec![("typeOfData", Py::str(kind))];
    options.extend(given(node, if kafka { KAFKA } else { KINESIS }));
    if node.is("DetectSchema") {
        options.push(("inferSchema", Py::str("true")));
    }
    let frame = format!("dataframe_{}", node.variable);
    let context = ("transformation_ctx", Py::str(&frame));
    let call = if node.kind.starts_with("Catalog") {
        let named = [
            ("database", Py::str(node.required("Database")?)),
            ("table_name", Py::str(node.required("Table")?)),
            ("additional_options", Py::dict(options)),
            context,
        ];
        Py::call("glueContext.create_data_frame.from_catalog", named)
    } else {
        let named = [("connection_type", Py::str(kind)), ("connection_options", Py::dict(options)), context];
        Py::call("glueContext.create_data_frame.from_options", named)
    };
    writer.assign(&frame, &call);
    writer.stream(node, &frame, node.whole("WindowSize").unwrap_or(100))
}

fn given(node: &Node, names: &[(&'static str, &str)]) -> Vec<(&'static str, Py)> {
    let text = |value: &Value| match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Str(text) if !text.is_empty() => Some(text.clone()),
        Value::Time(moment) => Some(moment.to_string()),
        _ => None,
    };
    let option = |(key, name): &(&'static str, &str)| {
        Some((*key, Py::Str(text(node.value(&format!("StreamingOptions.{name}"))?)?)))
    };
    names.iter().filter_map(option).collect()
}
