//! What each operation needs: the resource and all its ancestors ("Specifying Glue resource ARNs" in the
//! AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    BatchDeleteTableRequest, CreateDatabaseRequest, GetDatabasesRequest, GetTablesRequest, GetTagsRequest,
    SearchTablesRequest, TagResourceRequest, UntagResourceRequest,
};
use mastic_core::Fault;
use mastic_hive::stored_name;
use mastic_kernel::{Access, Call, Need};

use crate::arguments::{OnDatabase, OnTable};
use crate::place::Place;

pub(crate) fn of_database<I: OnDatabase>(call: &Call, input: &I) -> Result<Access, Fault> {
    Ok(Access::All(database_needs(call, input)?.0))
}

pub(crate) fn of_table<I: OnTable>(call: &Call, input: &I) -> Result<Access, Fault> {
    let table = stored_name(input.table()?);
    tables_needs(call, input, [table.as_str()])
}

/// Creating a database can depend on the tags that it is to have.
pub(crate) fn create_database(call: &Call, input: &CreateDatabaseRequest) -> Result<Access, Fault> {
    let (needs, _) = database_needs(call, input)?;
    let tags = input.tags.iter().flatten().collect::<BTreeMap<_, _>>();
    Ok(Access::All(needs.into_iter().map(|need| with_request_tags(need, &tags)).collect()))
}

/// A listing is one of all databases.
pub(crate) fn get_databases(call: &Call, input: &GetDatabasesRequest) -> Result<Access, Fault> {
    let place = Place::of(call, input.catalog_id.as_deref())?;
    let mut needs = place.needs("glue:GetDatabases");
    needs.push(Need::new("glue:GetDatabases", place.arn("database/*")));
    Ok(Access::All(needs))
}

/// A listing is one of all tables of the database.
pub(crate) fn get_tables(call: &Call, input: &GetTablesRequest) -> Result<Access, Fault> {
    tables_needs(call, input, ["*"])
}

pub(crate) fn batch_delete_table(call: &Call, input: &BatchDeleteTableRequest) -> Result<Access, Fault> {
    let names: Vec<String> = input.tables_to_delete.iter().map(|name| stored_name(name)).collect();
    tables_needs(call, input, names.iter().map(String::as_str))
}

/// The handler asks again for each table that it is about to answer.
pub(crate) fn search_tables(call: &Call, input: &SearchTablesRequest) -> Result<Access, Fault> {
    let place = Place::of(call, input.catalog_id.as_deref())?;
    Ok(Access::All(place.needs(SEARCH)))
}

/// The action of `SearchTables`.
pub(crate) const SEARCH: &str = "glue:SearchTables";

pub(crate) fn tag_resource(_: &Call, input: &TagResourceRequest) -> Result<Access, Fault> {
    let tags = input.tags_to_add.iter().collect();
    let need = Need::new("glue:TagResource", &input.resource_arn);
    Ok(Access::All(vec![with_request_tags(need, &tags)]))
}

pub(crate) fn untag_resource(_: &Call, input: &UntagResourceRequest) -> Result<Access, Fault> {
    let need = Need::new("glue:UntagResource", &input.resource_arn);
    Ok(Access::All(vec![need.with("aws:TagKeys", &input.tags_to_remove)]))
}

pub(crate) fn get_tags(_: &Call, input: &GetTagsRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:GetTags", &input.resource_arn))
}

pub(crate) fn with_request_tags(need: Need, tags: &BTreeMap<&String, &String>) -> Need {
    if tags.is_empty() {
        return need;
    }
    let need = need.with("aws:TagKeys", tags.keys().copied());
    tags.iter().fold(need, |need, (key, value)| need.with(format!("aws:RequestTag/{key}"), [*value]))
}

fn database_needs<I: OnDatabase>(call: &Call, input: &I) -> Result<(Vec<Need>, Place), Fault> {
    let place = Place::of(call, input.catalog_id())?;
    let database = place.arn(&format!("database/{}", stored_name(input.database())));
    let mut needs = place.needs(I::ACTION);
    needs.push(Need::new(I::ACTION, database));
    Ok((needs, place))
}

fn tables_needs<'a, I: OnDatabase>(
    call: &Call,
    input: &I,
    tables: impl IntoIterator<Item = &'a str>,
) -> Result<Access, Fault> {
    let (mut needs, place) = database_needs(call, input)?;
    let database = stored_name(input.database());
    needs.extend(tables.into_iter().map(|table| Need::new(I::ACTION, table_arn(&place, &database, table))));
    Ok(Access::All(needs))
}

/// A table's ARN, of stored names.
pub(crate) fn table_arn(place: &Place, database: &str, table: &str) -> String {
    place.arn(&format!("table/{database}/{table}"))
}
