//! Connections: how to reach a data store. Passwords are sealed before they are stored, and nothing but
//! `GetConnection` and `GetConnections` gives them out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mastic_api_glue::glue::types::{
    BatchDeleteConnectionRequest, BatchDeleteConnectionResponse, ComputeEnvironment, Connection,
    ConnectionInput, ConnectionStatus, CreateConnectionRequest, CreateConnectionResponse,
    DeleteConnectionRequest, DeleteConnectionResponse, GetConnectionRequest, GetConnectionResponse,
    GetConnectionsFilter, GetConnectionsRequest, GetConnectionsResponse, UpdateConnectionRequest,
    UpdateConnectionResponse,
};
use mastic_core::{AccountId, Arn, Fault, Region, Secret, Timestamp};
use mastic_kernel::ports::ConnectionFacts;
use mastic_kernel::{Access, Call, Ctx, Kernel, Need, tags};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use crate::access::with_request_tags;
use crate::place::Place;
use crate::{connection_input, errors, paging, security};

/// Account, region, name. Not staged: a job run that changes it changes it at once.
const CONNECTIONS: Keyspace<(AccountId, Region, String), ConnectionRecord> = Keyspace::new("glue.connection");

/// What the names of properties begin with whose values the caller has encrypted.
const ENCRYPTED: &str = "ENCRYPTED_";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ConnectionRecord {
    /// Without passwords.
    connection: Connection,
    /// The passwords by property, sealed for their place.
    sealed: BTreeMap<String, String>,
}

impl Record for ConnectionRecord {
    const VERSION: u16 = 1;
}

/// Whether there is a connection of the name.
pub(crate) fn exists(tx: &ReadTx<'_>, place: &Place, name: &str) -> Result<bool, StoreError> {
    CONNECTIONS.contains(tx, &(&place.account, &place.region, name))
}

/// How much of passwords an answer has.
#[derive(Clone, Copy)]
enum Passwords {
    Hidden,
    Encrypted,
    Plain,
}

/// Whether a property's value must not lie in the store as it is.
fn is_password(property: &str) -> bool {
    property.ends_with("PASSWORD") && !property.starts_with(ENCRYPTED)
}

/// A connection as an input names it.
struct Target {
    place: Place,
    name: String,
}

impl Target {
    fn of(call: &Call, catalog_id: Option<&str>, name: &str) -> Result<Self, Fault> {
        Ok(Self { place: Place::of_account(call, catalog_id)?, name: name.to_owned() })
    }

    fn key(&self) -> (&AccountId, &Region, &str) {
        (&self.place.account, &self.place.region, &self.name)
    }

    fn arn(&self) -> Arn {
        self.place.arn_of(&format!("connection/{}", self.name))
    }

    /// What a property is sealed for.
    fn seal(&self, property: &str) -> String {
        let Place { account, region, .. } = &self.place;
        format!("{}/{account}/{region}/{}/{property}", CONNECTIONS.name(), self.name)
    }

    /// The record of an input that was checked.
    fn record(&self, ctx: &Ctx, input: ConnectionInput, created: Timestamp) -> ConnectionRecord {
        let (passwords, properties): (BTreeMap<_, _>, BTreeMap<_, _>) =
            input.connection_properties.into_iter().partition(|(property, _)| is_password(property));
        let (kernel, entropy) = (ctx.kernel(), ctx.entropy());
        let sealed = passwords.into_iter().map(|(property, password)| {
            let sealed = kernel.vault().seal(entropy, &self.seal(&property), password.as_bytes());
            (property, STANDARD.encode(sealed))
        });
        let environments = [
            (ComputeEnvironment::Spark, &input.spark_properties),
            (ComputeEnvironment::Athena, &input.athena_properties),
            (ComputeEnvironment::Python, &input.python_properties),
        ];
        let served: Vec<_> = environments
            .into_iter()
            .filter(|(_, properties)| properties.is_some())
            .map(|(environment, _)| environment)
            .collect();
        let compatible = input.validate_for_compute_environments.unwrap_or(served);
        let second = !compatible.is_empty() || input.authentication_configuration.is_some();
        let connection = Connection {
            name: Some(input.name),
            description: input.description,
            connection_type: input.connection_type,
            match_criteria: input.match_criteria,
            connection_properties: Some(properties),
            spark_properties: input.spark_properties,
            athena_properties: input.athena_properties,
            python_properties: input.python_properties,
            physical_connection_requirements: input.physical_connection_requirements,
            creation_time: Some(created),
            last_updated_time: Some(ctx.now()),
            last_updated_by: Some(ctx.caller().arn()),
            status: Some(ConnectionStatus::Ready),
            authentication_configuration: input
                .authentication_configuration
                .map(connection_input::authentication),
            connection_schema_version: Some(if second { 2 } else { 1 }),
            compatible_compute_environments: second.then_some(compatible),
            ..Connection::default()
        };
        ConnectionRecord { connection, sealed: sealed.collect() }
    }

    fn answer(
        &self,
        kernel: &Kernel,
        record: ConnectionRecord,
        passwords: Passwords,
        environment: Option<ComputeEnvironment>,
    ) -> Result<Connection, Fault> {
        let ConnectionRecord { mut connection, sealed } = record;
        let mut properties = connection.connection_properties.take().unwrap_or_default();
        let own = match environment {
            Some(ComputeEnvironment::Spark) => &connection.spark_properties,
            Some(ComputeEnvironment::Athena) => &connection.athena_properties,
            Some(ComputeEnvironment::Python) => &connection.python_properties,
            None => &None,
        };
        properties.extend(own.clone().unwrap_or_default());
        for (property, sealed) in sealed {
            match passwords {
                Passwords::Hidden => {}
                Passwords::Encrypted => {
                    properties.insert(format!("{ENCRYPTED}{property}"), sealed);
                }
                Passwords::Plain => {
                    let plain = self.open(kernel, &property, &sealed)?;
                    properties.insert(property, plain);
                }
            }
        }
        if matches!(passwords, Passwords::Hidden) {
            properties.retain(|property, _| !property.ends_with("PASSWORD"));
        }
        connection.connection_properties = Some(properties);
        Ok(connection)
    }

    fn open(&self, kernel: &Kernel, property: &str, sealed: &str) -> Result<String, Fault> {
        let place = self.seal(property);
        let plain = STANDARD.decode(sealed).ok().and_then(|sealed| kernel.vault().open(&place, &sealed).ok());
        plain.and_then(|plain| String::from_utf8(plain).ok()).ok_or_else(|| {
            Fault::internal(format!(
                "{place} cannot be opened: the master key does not fit this data directory, or the record was altered"
            ))
        })
    }

    fn remove(&self, tx: &mut WriteTx<'_>) -> Result<(), Fault> {
        if !CONNECTIONS.delete(tx, &self.key())? {
            return Err(errors::connection_missing(&self.name));
        }
        Ok(tags::delete(tx, &self.arn())?)
    }
}

/// The connections of this name, or pattern, and the catalog.
pub(crate) fn needs(
    call: &Call,
    action: &str,
    catalog_id: Option<&str>,
    names: &[impl AsRef<str>],
) -> Result<Vec<Need>, Fault> {
    let place = Place::of_account(call, catalog_id)?;
    let mut needs = place.needs(action);
    needs.extend(
        names.iter().map(|name| Need::new(action, place.arn(&format!("connection/{}", name.as_ref())))),
    );
    Ok(needs)
}

pub(crate) fn may_create(call: &Call, input: &CreateConnectionRequest) -> Result<Access, Fault> {
    let tags = input.tags.iter().flatten().collect();
    let name = [&input.connection_input.name];
    let needs = needs(call, "glue:CreateConnection", input.catalog_id.as_deref(), &name)?;
    Ok(Access::All(needs.into_iter().map(|need| with_request_tags(need, &tags)).collect()))
}

pub(crate) fn may_get(call: &Call, input: &GetConnectionRequest) -> Result<Access, Fault> {
    needs(call, "glue:GetConnection", input.catalog_id.as_deref(), &[&input.name]).map(Access::All)
}

/// A listing is one of all connections.
pub(crate) fn may_list(call: &Call, input: &GetConnectionsRequest) -> Result<Access, Fault> {
    needs(call, "glue:GetConnections", input.catalog_id.as_deref(), &["*"]).map(Access::All)
}

pub(crate) fn may_update(call: &Call, input: &UpdateConnectionRequest) -> Result<Access, Fault> {
    needs(call, "glue:UpdateConnection", input.catalog_id.as_deref(), &[&input.name]).map(Access::All)
}

pub(crate) fn may_delete(call: &Call, input: &DeleteConnectionRequest) -> Result<Access, Fault> {
    needs(call, "glue:DeleteConnection", input.catalog_id.as_deref(), &[&input.connection_name])
        .map(Access::All)
}

pub(crate) fn may_batch_delete(call: &Call, input: &BatchDeleteConnectionRequest) -> Result<Access, Fault> {
    needs(call, "glue:BatchDeleteConnection", input.catalog_id.as_deref(), &input.connection_name_list)
        .map(Access::All)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreateConnectionRequest,
) -> Result<CreateConnectionResponse, Fault> {
    let target = Target::of(ctx.call(), input.catalog_id.as_deref(), &input.connection_input.name)?;
    connection_input::check(&input.connection_input)?;
    let given = input.tags.unwrap_or_default();
    tags::check(&given)?;
    let record = target.record(&ctx, input.connection_input, ctx.now());
    ctx.write(move |tx| {
        if !CONNECTIONS.insert_new(tx, &target.key(), &record)? {
            return Err(errors::exists("Connection"));
        }
        tags::put(tx, &target.arn(), given)?;
        Ok(CreateConnectionResponse { create_connection_status: record.connection.status })
    })
    .await
}

pub(crate) async fn get(ctx: Ctx, input: GetConnectionRequest) -> Result<GetConnectionResponse, Fault> {
    let target = Target::of(ctx.call(), input.catalog_id.as_deref(), &input.name)?;
    let (found, encrypted) = ctx.read(|tx| {
        let found = CONNECTIONS.get(tx, &target.key())?;
        let found = found.ok_or_else(|| errors::connection_missing(&target.name))?;
        Ok::<_, Fault>((found, security::passwords_encrypted(tx, &target.place)?))
    })?;
    let passwords = shown(input.hide_password, encrypted);
    let environment = input.apply_override_for_compute_environment;
    let connection = target.answer(ctx.kernel(), found, passwords, environment)?;
    Ok(GetConnectionResponse { connection: Some(connection) })
}

/// A connection with its passwords, for who connects to it.
pub(crate) fn facts(ctx: &Ctx, catalog_id: Option<&str>, name: &str) -> Result<ConnectionFacts, Fault> {
    let target = Target::of(ctx.call(), catalog_id, name)?;
    let found = ctx.read(|tx| Ok::<_, Fault>(CONNECTIONS.get(tx, &target.key())?))?;
    let found = found.ok_or_else(|| errors::connection_missing(name))?;
    let connection = target.answer(ctx.kernel(), found, Passwords::Plain, None)?;
    let kind = connection.connection_type.map_or_else(String::new, |kind| kind.as_str().to_owned());
    Ok(ConnectionFacts {
        connection_type: kind,
        properties: Secret::new(connection.connection_properties.unwrap_or_default()),
        secret_arn: connection.authentication_configuration.and_then(|given| given.secret_arn),
    })
}

fn shown(hidden: Option<bool>, encrypted: bool) -> Passwords {
    match (hidden, encrypted) {
        (Some(true), _) => Passwords::Hidden,
        (_, true) => Passwords::Encrypted,
        _ => Passwords::Plain,
    }
}

pub(crate) async fn list(ctx: Ctx, input: GetConnectionsRequest) -> Result<GetConnectionsResponse, Fault> {
    let place = Place::of_account(ctx.call(), input.catalog_id.as_deref())?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let filter = input.filter.unwrap_or_default();
    let mut range = CONNECTIONS.prefix((&place.account, &place.region));
    if let Some(last) = paging::position::<String>(input.next_token.as_deref())? {
        range = range.after(&(&place.account, &place.region, last.as_str()));
    }
    let (page, next_token, encrypted) = ctx.read(|tx| {
        let rows = CONNECTIONS.scan(tx, range).map(|row| {
            let ((_, _, name), record) = row?;
            Ok((Target { place: place.clone(), name }, record))
        });
        let rows = rows.filter(|row: &Result<(Target, ConnectionRecord), Fault>| {
            row.as_ref().map_or(true, |(_, record)| matches(&record.connection, &filter))
        });
        let (page, token) = paging::take(rows, size, |(target, _)| target.name.clone())?;
        Ok::<_, Fault>((page, token, security::passwords_encrypted(tx, &place)?))
    })?;
    let passwords = shown(input.hide_password, encrypted);
    let connections =
        page.into_iter().map(|(target, record)| target.answer(ctx.kernel(), record, passwords, None));
    Ok(GetConnectionsResponse { connection_list: Some(connections.collect::<Result<_, _>>()?), next_token })
}

/// Whether a connection has all criteria that are asked for, and is of the type and schema.
fn matches(connection: &Connection, filter: &GetConnectionsFilter) -> bool {
    let own = connection.match_criteria.as_deref().unwrap_or_default();
    filter.match_criteria.iter().flatten().all(|wanted| own.contains(wanted))
        && (filter.connection_type.is_none() || filter.connection_type == connection.connection_type)
        && (filter.connection_schema_version.is_none()
            || filter.connection_schema_version == connection.connection_schema_version)
}

pub(crate) async fn update(
    ctx: Ctx,
    input: UpdateConnectionRequest,
) -> Result<UpdateConnectionResponse, Fault> {
    let target = Target::of(ctx.call(), input.catalog_id.as_deref(), &input.name)?;
    if input.connection_input.name != target.name {
        return Err(errors::invalid("The name of a connection cannot be changed."));
    }
    connection_input::check(&input.connection_input)?;
    let mut record = target.record(&ctx, input.connection_input, ctx.now());
    ctx.write(move |tx| {
        let before = CONNECTIONS.get(tx, &target.key())?;
        let before = before.ok_or_else(|| errors::connection_missing(&target.name))?;
        record.connection.creation_time = before.connection.creation_time;
        CONNECTIONS.put(tx, &target.key(), &record)?;
        Ok(UpdateConnectionResponse {})
    })
    .await
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteConnectionRequest,
) -> Result<DeleteConnectionResponse, Fault> {
    let target = Target::of(ctx.call(), input.catalog_id.as_deref(), &input.connection_name)?;
    ctx.write(move |tx| target.remove(tx)).await?;
    Ok(DeleteConnectionResponse {})
}

pub(crate) async fn batch_delete(
    ctx: Ctx,
    input: BatchDeleteConnectionRequest,
) -> Result<BatchDeleteConnectionResponse, Fault> {
    let place = Place::of_account(ctx.call(), input.catalog_id.as_deref())?;
    ctx.write(move |tx| {
        let (mut succeeded, mut failed) = (Vec::new(), BTreeMap::new());
        for name in input.connection_name_list {
            let target = Target { place: place.clone(), name };
            match target.remove(tx) {
                Ok(()) => succeeded.push(target.name),
                Err(fault) => {
                    failed.insert(target.name, errors::detail(fault)?);
                }
            }
        }
        Ok(BatchDeleteConnectionResponse { succeeded: Some(succeeded), errors: Some(failed) })
    })
    .await
}
