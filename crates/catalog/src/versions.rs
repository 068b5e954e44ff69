//! Versions of tables: the current one and those that updates archived, the newest first.

use std::iter;

use mastic_api_glue::glue::types::{
    BatchDeleteTableVersionRequest, BatchDeleteTableVersionResponse, DeleteTableVersionRequest,
    DeleteTableVersionResponse, GetTableVersionRequest, GetTableVersionResponse, GetTableVersionsRequest,
    GetTableVersionsResponse, TableVersion, TableVersionError,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::WriteTx;

use crate::keys::VERSIONS;
use crate::records::TableRecord;
use crate::tables::Target;
use crate::{errors, paging};

pub(crate) async fn get(ctx: Ctx, input: GetTableVersionRequest) -> Result<GetTableVersionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let wanted = input.version_id.as_deref().map(number).transpose()?;
    let record = ctx.read(|tx| {
        let current = target.find(tx)?;
        match wanted {
            Some(version) if version != current.version => VERSIONS
                .get(tx, &(&target.place.account, current.id.as_str(), version))?
                .ok_or_else(errors::version_missing),
            _ => Ok(current),
        }
    })?;
    Ok(GetTableVersionResponse { table_version: Some(answer(&target, record)) })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: GetTableVersionsRequest,
) -> Result<GetTableVersionsResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let after = paging::position::<u64>(input.next_token.as_deref())?;
    let (page, next_token) = ctx.read(|tx| {
        let current = target.find(tx)?;
        let mut range = VERSIONS.prefix((&target.place.account, current.id.as_str()));
        if let Some(last) = after {
            range = range.before(&(&target.place.account, current.id.as_str(), last));
        }
        let archived = VERSIONS.scan_reverse(tx, range).map(|row| Ok(row?.1));
        let newest = iter::once(Ok(current)).filter(|_| after.is_none());
        paging::take(newest.chain(archived), size, |record| record.version)
    })?;
    let versions = page.into_iter().map(|record| answer(&target, record)).collect();
    Ok(GetTableVersionsResponse { table_versions: Some(versions), next_token })
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteTableVersionRequest,
) -> Result<DeleteTableVersionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let current = target.find(tx)?;
        remove(tx, &target, &current, &input.version_id)?;
        Ok(DeleteTableVersionResponse {})
    })
    .await
}

pub(crate) async fn batch_delete(
    ctx: Ctx,
    input: BatchDeleteTableVersionRequest,
) -> Result<BatchDeleteTableVersionResponse, Fault> {
    let target = Target::followed(&ctx, &input)?;
    ctx.write(move |tx| {
        let current = target.find(tx)?;
        let mut errors = Vec::new();
        for version_id in input.version_ids {
            if let Err(fault) = remove(tx, &target, &current, &version_id) {
                errors.push(TableVersionError {
                    table_name: Some(target.table.clone()),
                    version_id: Some(version_id),
                    error_detail: Some(errors::detail(fault)?),
                });
            }
        }
        Ok(BatchDeleteTableVersionResponse { errors: Some(errors) })
    })
    .await
}

fn remove(tx: &mut WriteTx<'_>, target: &Target, current: &TableRecord, id: &str) -> Result<(), Fault> {
    let version = number(id)?;
    if version == current.version {
        return Err(errors::invalid("The current version of a table cannot be deleted."));
    }
    if VERSIONS.delete(tx, &(&target.place.account, current.id.as_str(), version))? {
        Ok(())
    } else {
        Err(errors::version_missing())
    }
}

fn number(id: &str) -> Result<u64, Fault> {
    id.parse().map_err(|_| errors::invalid(format!("\"{id}\" is not an integer.")))
}

fn answer(target: &Target, record: TableRecord) -> TableVersion {
    let version_id = Some(record.version.to_string());
    TableVersion { table: Some(record.answer(&target.place, &target.database)), version_id }
}
