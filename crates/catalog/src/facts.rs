//! The catalog as plans of runs see it.

use std::collections::BTreeMap;

use mastic_core::Fault;
use mastic_hive::stored_name;
use mastic_kernel::Ctx;
use mastic_kernel::ports::{TableFacts, Tables};
use mastic_store::ReadTx;

use crate::keys::{DATABASES, PARTITIONS};
use crate::place::Place;
use crate::tables::Target;
use crate::{Catalog, connections, databases, security};

/// Partitions that are looked at for locations of their own.
const PARTITIONS_SEEN: usize = 1000;

/// Locations that are told.
const LOCATIONS: usize = 50;

impl Tables for Catalog {
    fn database(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault> {
        let place = Place::of(ctx.call(), None)?;
        let name = stored_name(name);
        ctx.read(|tx| Ok(DATABASES.contains(tx, &databases::key(&place, &name))?))
    }

    fn table(&self, ctx: &Ctx, database: &str, name: &str) -> Result<Option<TableFacts>, Fault> {
        let place = Place::of(ctx.call(), None)?;
        let target = Target { place, database: stored_name(database), table: stored_name(name) };
        ctx.read(|tx| {
            let record = match target.find(tx) {
                Ok(record) => record,
                Err(fault) if fault.code() == "EntityNotFoundException" => return Ok(None),
                Err(fault) => return Err(fault),
            };
            let own = record.input.storage_descriptor.as_ref().and_then(|found| found.location.clone());
            let mut locations: Vec<String> = own.into_iter().collect();
            let partitioned = !record.keys().is_empty();
            let partitions = PARTITIONS.scan_prefix(tx, (&target.place.account, record.id.as_str()));
            for row in partitions.take(PARTITIONS_SEEN) {
                let content = crate::partitions::open(&row?.1)?;
                let at = content.input.storage_descriptor.and_then(|found| found.location);
                let elsewhere = at.filter(|at| !locations.iter().any(|known| is_below(at, known)));
                locations.extend(elsewhere);
                if locations.len() == LOCATIONS {
                    break;
                }
            }
            let own = record.input.storage_descriptor.as_ref().and_then(|found| found.columns.as_deref());
            let columns = own.unwrap_or_default().iter().chain(record.keys());
            let columns =
                columns.map(|column| (column.name.clone(), column.r#type.clone().unwrap_or_default()));
            let parameters = record.input.parameters.as_ref();
            let connection = parameters.and_then(|parameters| parameters.get("connectionName")).cloned();
            let (lake, columns) = (lake(parameters), columns.collect());
            Ok(Some(TableFacts { locations, partitioned, connection, lake, columns }))
        })
    }

    fn table_id(&self, tx: &ReadTx<'_>, of: [&str; 4]) -> Result<Option<String>, Fault> {
        let [account, region, database, table] = of;
        let place = Place {
            account: account.parse().map_err(Fault::internal)?,
            region: region.parse().map_err(Fault::internal)?,
            catalog: String::new(),
        };
        match (Target { place, database: stored_name(database), table: stored_name(table) }).find(tx) {
            Ok(record) => Ok(Some(record.id)),
            Err(fault) if fault.code() == "EntityNotFoundException" => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn connection(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault> {
        let place = Place::of_account(ctx.call(), None)?;
        ctx.read(|tx| Ok(connections::exists(tx, &place, name)?))
    }

    fn security_configuration(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault> {
        let place = Place::of_account(ctx.call(), None)?;
        ctx.read(|tx| Ok(security::exists(tx, &place, name)?))
    }
}

fn is_below(location: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    location.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The format of a table that its parameters tell to be of one that knows its own files.
fn lake(parameters: Option<&BTreeMap<String, String>>) -> Option<String> {
    let keys = ["table_type", "spark.sql.sources.provider", "classification"];
    let mut told = keys.iter().filter_map(|key| parameters?.get(*key)).map(|text| text.to_ascii_lowercase());
    told.find(|text| ["iceberg", "delta", "hudi"].contains(&text.as_str()))
}
