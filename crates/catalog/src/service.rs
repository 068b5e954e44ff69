use std::convert::Infallible;
use std::sync::Arc;

use mastic_api_glue::glue::{SERVICE, op};
use mastic_core::Fault;
use mastic_kernel::{Background, Registry};

use crate::access::{self, of_database, of_table};
use crate::events::EVENTS;
use crate::keys::INDEXES;
use crate::{
    backfill, batch, catalogs, connection_test, connections, databases, events, functions, indexes, orphans,
    partitions, policies, search, security, statistics, tables, tags, usage_profiles, versions,
};

/// The Data Catalog as a service.
#[derive(Debug, Default)]
pub struct Catalog;

impl Catalog {
    /// The service; it has no state outside the store.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self)
    }

    /// Makes Glue known and registers the operations of its catalog.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&SERVICE);

        registry.on::<op::CreateCatalog, _, _>(catalogs::may_create, catalogs::create);
        registry.on::<op::GetCatalog, _, _>(catalogs::may_get, catalogs::get);
        registry.on::<op::GetCatalogs, _, _>(catalogs::may_list, catalogs::list);
        registry.on::<op::UpdateCatalog, _, _>(catalogs::may_update, catalogs::update);
        registry.on::<op::DeleteCatalog, _, _>(catalogs::may_delete, catalogs::delete);

        registry.on::<op::CreateDatabase, _, _>(access::create_database, databases::create);
        registry.on::<op::GetDatabase, _, _>(of_database, databases::get);
        registry.on::<op::GetDatabases, _, _>(access::get_databases, databases::list);
        registry.on::<op::UpdateDatabase, _, _>(of_database, databases::update);
        registry.on::<op::DeleteDatabase, _, _>(of_database, databases::delete);

        registry.on::<op::CreateTable, _, _>(of_table, tables::create);
        registry.on::<op::GetTable, _, _>(of_table, tables::get);
        registry.on::<op::GetTables, _, _>(access::get_tables, tables::list);
        registry.on::<op::UpdateTable, _, _>(of_table, tables::update);
        registry.on::<op::DeleteTable, _, _>(of_table, tables::delete);
        registry.on::<op::BatchDeleteTable, _, _>(access::batch_delete_table, tables::batch_delete);
        registry.on::<op::SearchTables, _, _>(access::search_tables, search::search);

        registry.on::<op::GetTableVersion, _, _>(of_table, versions::get);
        registry.on::<op::GetTableVersions, _, _>(of_table, versions::list);
        registry.on::<op::DeleteTableVersion, _, _>(of_table, versions::delete);
        registry.on::<op::BatchDeleteTableVersion, _, _>(of_table, versions::batch_delete);

        registry.on::<op::CreatePartition, _, _>(of_table, partitions::create);
        registry.on_value::<op::GetPartition, _, _>(of_table, partitions::get);
        registry.on_value::<op::GetPartitions, _, _>(of_table, partitions::list);
        registry.on::<op::UpdatePartition, _, _>(of_table, partitions::update);
        registry.on::<op::DeletePartition, _, _>(of_table, partitions::delete);
        registry.on::<op::BatchCreatePartition, _, _>(of_table, batch::create);
        registry.on_value::<op::BatchGetPartition, _, _>(of_table, batch::get);
        registry.on::<op::BatchUpdatePartition, _, _>(of_table, batch::update);
        registry.on::<op::BatchDeletePartition, _, _>(of_table, batch::delete);

        registry.on::<op::CreatePartitionIndex, _, _>(of_table, indexes::create);
        registry.on::<op::DeletePartitionIndex, _, _>(of_table, indexes::delete);
        registry.on::<op::GetPartitionIndexes, _, _>(of_table, indexes::list);

        registry.on::<op::GetColumnStatisticsForTable, _, _>(of_table, statistics::get_for_table);
        registry.on::<op::UpdateColumnStatisticsForTable, _, _>(of_table, statistics::update_for_table);
        registry.on::<op::DeleteColumnStatisticsForTable, _, _>(of_table, statistics::delete_for_table);
        registry.on::<op::GetColumnStatisticsForPartition, _, _>(of_table, statistics::get_for_partition);
        registry
            .on::<op::UpdateColumnStatisticsForPartition, _, _>(of_table, statistics::update_for_partition);
        registry
            .on::<op::DeleteColumnStatisticsForPartition, _, _>(of_table, statistics::delete_for_partition);

        registry.on::<op::CreateUserDefinedFunction, _, _>(functions::may_create, functions::create);
        registry.on::<op::GetUserDefinedFunction, _, _>(functions::may_get, functions::get);
        registry.on::<op::GetUserDefinedFunctions, _, _>(functions::may_list, functions::list);
        registry.on::<op::UpdateUserDefinedFunction, _, _>(functions::may_update, functions::update);
        registry.on::<op::DeleteUserDefinedFunction, _, _>(functions::may_delete, functions::delete);

        registry.on::<op::CreateConnection, _, _>(connections::may_create, connections::create);
        registry.on::<op::GetConnection, _, _>(connections::may_get, connections::get);
        registry.on::<op::GetConnections, _, _>(connections::may_list, connections::list);
        registry.on::<op::UpdateConnection, _, _>(connections::may_update, connections::update);
        registry.on::<op::DeleteConnection, _, _>(connections::may_delete, connections::delete);
        registry.on::<op::TestConnection, _, _>(connection_test::may_test, connection_test::test);
        registry
            .on::<op::BatchDeleteConnection, _, _>(connections::may_batch_delete, connections::batch_delete);

        registry.on::<op::CreateSecurityConfiguration, _, _>(security::may_create, security::create);
        registry.on::<op::GetSecurityConfiguration, _, _>(security::may_get, security::get);
        registry.on::<op::GetSecurityConfigurations, _, _>(security::may_list, security::list);
        registry.on::<op::DeleteSecurityConfiguration, _, _>(security::may_delete, security::delete);
        registry.on::<op::PutDataCatalogEncryptionSettings, _, _>(
            security::may_put_settings,
            security::put_settings,
        );
        registry.on::<op::GetDataCatalogEncryptionSettings, _, _>(
            security::may_get_settings,
            security::get_settings,
        );

        registry.on::<op::CreateUsageProfile, _, _>(usage_profiles::may_create, usage_profiles::create);
        registry.on::<op::GetUsageProfile, _, _>(usage_profiles::may_get, usage_profiles::get);
        registry.on::<op::ListUsageProfiles, _, _>(usage_profiles::may_list, usage_profiles::list);
        registry.on::<op::UpdateUsageProfile, _, _>(usage_profiles::may_update, usage_profiles::update);
        registry.on::<op::DeleteUsageProfile, _, _>(usage_profiles::may_delete, usage_profiles::delete);

        registry.on::<op::PutResourcePolicy, _, _>(policies::may_put, policies::put);
        registry.on::<op::GetResourcePolicy, _, _>(policies::may_get, policies::get);
        registry.on::<op::GetResourcePolicies, _, _>(policies::may_list, policies::list);
        registry.on::<op::DeleteResourcePolicy, _, _>(policies::may_delete, policies::delete);

        registry.on::<op::TagResource, _, _>(access::tag_resource, tags::add);
        registry.on::<op::UntagResource, _, _>(access::untag_resource, tags::remove);
        registry.on::<op::GetTags, _, _>(access::get_tags, tags::get);
    }

    /// Removes what deletions of large databases and tables, and those of job runs, left behind unreachable. To be
    /// called at start and now and then.
    ///
    /// # Errors
    /// When the store cannot be read or written; calling it again goes on.
    pub async fn sweep(&self, background: &Background) -> Result<(), Fault> {
        orphans::sweep(background).await
    }

    /// Does what calls leave to be done, whenever something is: builds partition indexes and tells of changes. It
    /// ends with a fault only; calling it again goes on.
    ///
    /// # Errors
    /// When the store cannot be read or written, or who is told of a change fails.
    pub async fn work(&self, background: &Background) -> Result<Infallible, Fault> {
        let mut seen = 0;
        loop {
            events::deliver(background).await?;
            backfill::settle(background).await?;
            seen = background.changed(&[EVENTS.name(), INDEXES.name()], seen).await;
        }
    }
}
