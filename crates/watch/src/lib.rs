//! CloudWatch Logs: log groups, their streams, and the events in them.
//!
//! A group and a stream each have a number drawn when they are made, and events lie under these numbers:
//! deleting unlinks the name in one short transaction, what lay under the number is cleared afterwards a
//! piece at a time, and a new group of the same name never shows what an old one held.

mod access;
mod events;
mod expiry;
mod faults;
mod filter;
mod groups;
mod pattern;
mod place;
mod position;
mod put;
mod records;
mod sink;
mod streams;
mod tags;

use std::sync::Arc;

use mastic_api_watch::logs::{SERVICE, op};
use mastic_core::Fault;
use mastic_kernel::{Background, Registry};

/// The service. It keeps no state of its own but the context of its background work.
pub struct Watch {
    background: Background,
}

impl Watch {
    /// The service, over the context in which it sweeps and takes the lines of runs.
    #[must_use]
    pub fn new(background: Background) -> Arc<Self> {
        Arc::new(Self { background })
    }

    /// Registers the service and its operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&SERVICE);
        registry.on::<op::CreateLogGroup, _, _>(access::create_log_group, groups::create);
        registry.on::<op::DeleteLogGroup, _, _>(
            |call, input| access::group(call, "DeleteLogGroup", &input.log_group_name),
            groups::delete,
        );
        registry.on::<op::DescribeLogGroups, _, _>(|call, _| access::groups(call), groups::describe);
        registry.on::<op::PutRetentionPolicy, _, _>(
            |call, input| access::group(call, "PutRetentionPolicy", &input.log_group_name),
            groups::put_retention,
        );
        registry.on::<op::DeleteRetentionPolicy, _, _>(
            |call, input| access::group(call, "DeleteRetentionPolicy", &input.log_group_name),
            groups::delete_retention,
        );
        registry.on::<op::CreateLogStream, _, _>(
            |call, input| {
                access::stream(call, "CreateLogStream", &input.log_group_name, &input.log_stream_name)
            },
            streams::create,
        );
        registry.on::<op::DeleteLogStream, _, _>(
            |call, input| {
                access::stream(call, "DeleteLogStream", &input.log_group_name, &input.log_stream_name)
            },
            streams::delete,
        );
        registry.on::<op::DescribeLogStreams, _, _>(access::describe_log_streams, streams::describe);
        registry.on::<op::PutLogEvents, _, _>(
            |call, input| access::stream(call, "PutLogEvents", &input.log_group_name, &input.log_stream_name),
            put::put,
        );
        registry.on::<op::GetLogEvents, _, _>(access::get_log_events, events::get);
        registry.on::<op::FilterLogEvents, _, _>(access::filter_log_events, filter::filter);
        registry.on::<op::TagResource, _, _>(access::tag_resource, tags::tag);
        registry.on::<op::UntagResource, _, _>(access::untag_resource, tags::untag);
        registry.on::<op::ListTagsForResource, _, _>(access::list_tags_for_resource, tags::list);
    }

    /// Drops events past their group's retention, and finishes deletions that were cut short. To be
    /// called now and then; reading hides expired events meanwhile.
    ///
    /// # Errors
    /// If the store cannot be read or written; the next sweep goes on.
    pub async fn sweep(&self) -> Result<(), Fault> {
        expiry::sweep(&self.background).await
    }
}
