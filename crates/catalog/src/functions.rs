//! User-defined functions: documents that Hive's clients keep in the catalog.

use std::collections::BTreeSet;

use mastic_api_glue::glue::types::{
    CreateUserDefinedFunctionRequest, CreateUserDefinedFunctionResponse, DeleteUserDefinedFunctionRequest,
    DeleteUserDefinedFunctionResponse, FunctionType, GetUserDefinedFunctionRequest,
    GetUserDefinedFunctionResponse, GetUserDefinedFunctionsRequest, GetUserDefinedFunctionsResponse,
    UpdateUserDefinedFunctionRequest, UpdateUserDefinedFunctionResponse, UserDefinedFunction,
    UserDefinedFunctionInput,
};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_hive::stored_name;
use mastic_kernel::{Access, Call, Ctx, Need};
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::keys::DATABASES;
use crate::place::Place;
use crate::{catalogs, databases, errors, paging};

/// Account, the database's id, name.
pub(crate) const FUNCTIONS: Keyspace<(AccountId, String, String), FunctionRecord> =
    Keyspace::new("glue.function").staged();

/// A user-defined function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FunctionRecord {
    created: Timestamp,
    input: UserDefinedFunctionInput,
}

impl Record for FunctionRecord {
    const VERSION: u16 = 1;
}

impl FunctionRecord {
    fn answer(self, at: &Function) -> UserDefinedFunction {
        let input = self.input;
        UserDefinedFunction {
            function_name: Some(at.name.clone()),
            database_name: Some(at.database.clone()),
            class_name: input.class_name,
            owner_name: input.owner_name,
            function_type: Some(input.function_type.unwrap_or(FunctionType::RegularFunction)),
            owner_type: input.owner_type,
            create_time: Some(self.created),
            resource_uris: Some(input.resource_uris.unwrap_or_default()),
            catalog_id: Some(at.place.id()),
        }
    }
}

/// A function as an input names it.
struct Function {
    place: Place,
    /// The stored name.
    database: String,
    name: String,
}

impl Function {
    fn of(call: &Call, catalog_id: Option<&str>, database: &str, name: &str) -> Result<Self, Fault> {
        let place = Place::of(call, catalog_id)?;
        Ok(Self { place, database: stored_name(database), name: name.to_owned() })
    }

    /// The function, its database and the catalog.
    fn needs(&self, action: &str) -> Access {
        let mut needs = self.place.needs(action);
        needs.push(Need::new(action, self.place.arn(&format!("database/{}", self.database))));
        needs.push(Need::new(action, arn(&self.place, &self.database, &self.name)));
        Access::All(needs)
    }

    /// The id of the function's database.
    fn home(&self, tx: &ReadTx<'_>) -> Result<String, Fault> {
        Ok(databases::find(tx, &self.place, &self.database)?.id)
    }

    fn key<'a>(&'a self, home: &'a str) -> (&'a AccountId, &'a str, &'a str) {
        (&self.place.account, home, &self.name)
    }

    fn find(&self, tx: &ReadTx<'_>, home: &str) -> Result<FunctionRecord, Fault> {
        FUNCTIONS.get(tx, &self.key(home))?.ok_or_else(|| errors::function_missing(&self.name))
    }
}

/// A function's ARN, of stored names.
pub(crate) fn arn(place: &Place, database: &str, name: &str) -> String {
    place.arn(&format!("userDefinedFunction/{database}/{name}"))
}

/// The functions of the database with this id.
pub(crate) fn names(tx: &ReadTx<'_>, place: &Place, home: &str) -> Result<Vec<String>, StoreError> {
    FUNCTIONS.scan_prefix(tx, (&place.account, home)).map(|row| Ok(row?.0.2)).collect()
}

fn name_of(input: &UserDefinedFunctionInput) -> Result<&str, Fault> {
    input.function_name.as_deref().ok_or_else(|| errors::invalid("FunctionName cannot be null"))
}

pub(crate) fn may_create(call: &Call, input: &CreateUserDefinedFunctionRequest) -> Result<Access, Fault> {
    let name = name_of(&input.function_input)?;
    let function = Function::of(call, input.catalog_id.as_deref(), &input.database_name, name)?;
    Ok(function.needs("glue:CreateUserDefinedFunction"))
}

pub(crate) fn may_get(call: &Call, input: &GetUserDefinedFunctionRequest) -> Result<Access, Fault> {
    let function =
        Function::of(call, input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    Ok(function.needs("glue:GetUserDefinedFunction"))
}

/// A listing is one of all functions.
pub(crate) fn may_list(call: &Call, input: &GetUserDefinedFunctionsRequest) -> Result<Access, Fault> {
    let database = input.database_name.as_deref().unwrap_or("*");
    let function = Function::of(call, input.catalog_id.as_deref(), database, "*")?;
    Ok(function.needs("glue:GetUserDefinedFunctions"))
}

pub(crate) fn may_update(call: &Call, input: &UpdateUserDefinedFunctionRequest) -> Result<Access, Fault> {
    let function =
        Function::of(call, input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    Ok(function.needs("glue:UpdateUserDefinedFunction"))
}

pub(crate) fn may_delete(call: &Call, input: &DeleteUserDefinedFunctionRequest) -> Result<Access, Fault> {
    let function =
        Function::of(call, input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    Ok(function.needs("glue:DeleteUserDefinedFunction"))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreateUserDefinedFunctionRequest,
) -> Result<CreateUserDefinedFunctionResponse, Fault> {
    let name = name_of(&input.function_input)?;
    let function = Function::of(ctx.call(), input.catalog_id.as_deref(), &input.database_name, name)?;
    let record = FunctionRecord { created: ctx.now(), input: input.function_input };
    ctx.write(move |tx| {
        let home = function.home(tx)?;
        if FUNCTIONS.insert_new(tx, &function.key(&home), &record)? {
            Ok(CreateUserDefinedFunctionResponse {})
        } else {
            Err(errors::exists("Function"))
        }
    })
    .await
}

pub(crate) async fn get(
    ctx: Ctx,
    input: GetUserDefinedFunctionRequest,
) -> Result<GetUserDefinedFunctionResponse, Fault> {
    let function =
        Function::of(ctx.call(), input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    let record = ctx.read(|tx| {
        let home = function.home(tx)?;
        function.find(tx, &home)
    })?;
    Ok(GetUserDefinedFunctionResponse { user_defined_function: Some(record.answer(&function)) })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: GetUserDefinedFunctionsRequest,
) -> Result<GetUserDefinedFunctionsResponse, Fault> {
    let place = Place::of(ctx.call(), input.catalog_id.as_deref())?;
    let wanted = names_matching(&input.pattern)?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let after = paging::position::<(String, String)>(input.next_token.as_deref())?;
    let (page, next_token) = ctx.read(|tx| {
        catalogs::check(tx, &place)?;
        let homes = homes(tx, &place, input.database_name.as_deref())?;
        let started = |database: &str| after.as_ref().is_none_or(|(last, _)| database >= last.as_str());
        let rows =
            homes.into_iter().filter(|(database, _)| started(database)).flat_map(|(database, home)| {
                let mut range = FUNCTIONS.prefix((&place.account, home.as_str()));
                if let Some((_, last)) = after.as_ref().filter(|(at, _)| *at == database) {
                    range = range.after(&(&place.account, home.as_str(), last.as_str()));
                }
                let place = place.clone();
                FUNCTIONS.scan(tx, range).map(move |row| {
                    let ((_, _, name), record) = row?;
                    Ok((Function { place: place.clone(), database: database.clone(), name }, record))
                })
            });
        let rows = rows.filter(|row: &Result<(Function, FunctionRecord), Fault>| match row {
            Ok((function, record)) => wanted.is_match(&function.name) && of_type(record, input.function_type),
            Err(_) => true,
        });
        paging::take(rows, size, |(function, _)| (function.database.clone(), function.name.clone()))
    })?;
    let functions = page.into_iter().map(|(function, record)| record.answer(&function)).collect();
    Ok(GetUserDefinedFunctionsResponse { user_defined_functions: Some(functions), next_token })
}

/// Names and ids of the databases to look into, in order.
fn homes(
    tx: &ReadTx<'_>,
    place: &Place,
    database: Option<&str>,
) -> Result<BTreeSet<(String, String)>, Fault> {
    if let Some(name) = database {
        let name = stored_name(name);
        let home = databases::find(tx, place, &name)?.id;
        return Ok(BTreeSet::from([(name, home)]));
    }
    let rows = DATABASES.scan_prefix(tx, (&place.account, &place.region, place.catalog.as_str()));
    rows.map(|row| {
        let ((_, _, _, name), record) = row?;
        Ok((name, record.id))
    })
    .collect()
}

fn of_type(record: &FunctionRecord, wanted: Option<FunctionType>) -> bool {
    wanted.is_none_or(|wanted| record.input.function_type.unwrap_or(FunctionType::RegularFunction) == wanted)
}

/// Hive's patterns: `*` stands for any characters and `|` for "or", in any case. What is a regular expression
/// already, such as `.*`, stays one.
fn names_matching(pattern: &str) -> Result<Regex, Fault> {
    let source = if pattern.contains(".*") { pattern.to_owned() } else { pattern.replace('*', ".*") };
    Regex::new(&format!("(?i)^(?:{source})$"))
        .map_err(|_| errors::invalid(format!("Pattern is not valid: {pattern}")))
}

pub(crate) async fn update(
    ctx: Ctx,
    input: UpdateUserDefinedFunctionRequest,
) -> Result<UpdateUserDefinedFunctionResponse, Fault> {
    let function =
        Function::of(ctx.call(), input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    let changed = input.function_input;
    if changed.function_name.as_ref().is_some_and(|name| *name != function.name) {
        return Err(errors::invalid("The name of a function cannot be changed."));
    }
    ctx.write(move |tx| {
        let home = function.home(tx)?;
        let record = FunctionRecord { input: changed, ..function.find(tx, &home)? };
        FUNCTIONS.put(tx, &function.key(&home), &record)?;
        Ok(UpdateUserDefinedFunctionResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteUserDefinedFunctionRequest,
) -> Result<DeleteUserDefinedFunctionResponse, Fault> {
    let function =
        Function::of(ctx.call(), input.catalog_id.as_deref(), &input.database_name, &input.function_name)?;
    ctx.write(move |tx| {
        let home = function.home(tx)?;
        if FUNCTIONS.delete(tx, &function.key(&home))? {
            Ok(DeleteUserDefinedFunctionResponse {})
        } else {
            Err(errors::function_missing(&function.name))
        }
    })
    .await
}
