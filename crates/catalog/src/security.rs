//! Security configurations, and the encryption settings of a catalog: documents so far ("Encryption security
//! configurations" and "Encrypting your Data Catalog" in the AWS Glue Developer Guide).

use mastic_api_glue::glue::types::{
    CatalogEncryptionMode, CloudWatchEncryptionMode, ConnectionPasswordEncryption,
    CreateSecurityConfigurationRequest, CreateSecurityConfigurationResponse, DataCatalogEncryptionSettings,
    DataQualityEncryptionMode, DeleteSecurityConfigurationRequest, DeleteSecurityConfigurationResponse,
    EncryptionAtRest, EncryptionConfiguration, GetDataCatalogEncryptionSettingsRequest,
    GetDataCatalogEncryptionSettingsResponse, GetSecurityConfigurationRequest,
    GetSecurityConfigurationResponse, GetSecurityConfigurationsRequest, GetSecurityConfigurationsResponse,
    JobBookmarksEncryptionMode, PutDataCatalogEncryptionSettingsRequest,
    PutDataCatalogEncryptionSettingsResponse, S3EncryptionMode, SecurityConfiguration,
};
use mastic_core::{AccountId, Fault, Region, Timestamp};
use mastic_kernel::{Access, Call, Ctx};
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::{errors, paging};

/// Account, region, name.
const CONFIGURATIONS: Keyspace<(AccountId, Region, String), ConfigurationRecord> =
    Keyspace::new("glue.security-configuration");

/// Account, region: the settings of its catalog.
const SETTINGS: Keyspace<(AccountId, Region), SettingsRecord> = Keyspace::new("glue.encryption-settings");

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ConfigurationRecord {
    created: Timestamp,
    encryption: EncryptionConfiguration,
}

impl Record for ConfigurationRecord {
    const VERSION: u16 = 1;
}

impl ConfigurationRecord {
    fn answer(self, name: String) -> SecurityConfiguration {
        SecurityConfiguration {
            name: Some(name),
            created_time_stamp: Some(self.created),
            encryption_configuration: Some(self.encryption),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SettingsRecord {
    settings: DataCatalogEncryptionSettings,
}

impl Record for SettingsRecord {
    const VERSION: u16 = 1;
}

/// Whether there is a security configuration of the name.
pub(crate) fn exists(tx: &ReadTx<'_>, place: &Place, name: &str) -> Result<bool, StoreError> {
    CONFIGURATIONS.contains(tx, &(&place.account, &place.region, name))
}

pub(crate) fn may_create(_: &Call, _: &CreateSecurityConfigurationRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:CreateSecurityConfiguration", "*"))
}

pub(crate) fn may_get(_: &Call, _: &GetSecurityConfigurationRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:GetSecurityConfiguration", "*"))
}

pub(crate) fn may_list(_: &Call, _: &GetSecurityConfigurationsRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:GetSecurityConfigurations", "*"))
}

pub(crate) fn may_delete(_: &Call, _: &DeleteSecurityConfigurationRequest) -> Result<Access, Fault> {
    Ok(Access::one("glue:DeleteSecurityConfiguration", "*"))
}

pub(crate) fn may_put_settings(
    call: &Call,
    input: &PutDataCatalogEncryptionSettingsRequest,
) -> Result<Access, Fault> {
    let place = Place::of_account(call, input.catalog_id.as_deref())?;
    Ok(Access::All(place.needs("glue:PutDataCatalogEncryptionSettings")))
}

pub(crate) fn may_get_settings(
    call: &Call,
    input: &GetDataCatalogEncryptionSettingsRequest,
) -> Result<Access, Fault> {
    let place = Place::of_account(call, input.catalog_id.as_deref())?;
    Ok(Access::All(place.needs("glue:GetDataCatalogEncryptionSettings")))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreateSecurityConfigurationRequest,
) -> Result<CreateSecurityConfigurationResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    keyed(&input.encryption_configuration)?;
    let record = ConfigurationRecord { created: ctx.now(), encryption: input.encryption_configuration };
    ctx.write(move |tx| {
        let key = (&place.account, &place.region, input.name.as_str());
        if !CONFIGURATIONS.insert_new(tx, &key, &record)? {
            return Err(errors::exists("Security configuration"));
        }
        let created_timestamp = Some(record.created);
        Ok(CreateSecurityConfigurationResponse { name: Some(input.name), created_timestamp })
    })
    .await
}

/// Whether every mode that takes a key of KMS has one.
fn keyed(configuration: &EncryptionConfiguration) -> Result<(), Fault> {
    let missing = |name: &str, mode: &str, key: Option<&String>| {
        if key.is_none_or(String::is_empty) {
            Err(errors::invalid(format!("kmsKeyArn can not be empty for {name} {mode}")))
        } else {
            Ok(())
        }
    };
    for s3 in configuration.s3_encryption.iter().flatten() {
        if s3.s3_encryption_mode == Some(S3EncryptionMode::SseKms) {
            missing("s3EncryptionMode", "SSE_KMS", s3.kms_key_arn.as_ref())?;
        }
    }
    if let Some(logs) = &configuration.cloud_watch_encryption
        && logs.cloud_watch_encryption_mode == Some(CloudWatchEncryptionMode::SseKms)
    {
        missing("cloudWatchEncryptionMode", "SSE_KMS", logs.kms_key_arn.as_ref())?;
    }
    if let Some(bookmarks) = &configuration.job_bookmarks_encryption
        && bookmarks.job_bookmarks_encryption_mode == Some(JobBookmarksEncryptionMode::CseKms)
    {
        missing("jobBookmarksEncryptionMode", "CSE_KMS", bookmarks.kms_key_arn.as_ref())?;
    }
    if let Some(quality) = &configuration.data_quality_encryption
        && quality.data_quality_encryption_mode == Some(DataQualityEncryptionMode::SseKms)
    {
        missing("dataQualityEncryptionMode", "SSE_KMS", quality.kms_key_arn.as_ref())?;
    }
    Ok(())
}

pub(crate) async fn get(
    ctx: Ctx,
    input: GetSecurityConfigurationRequest,
) -> Result<GetSecurityConfigurationResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    let key = (&place.account, &place.region, input.name.as_str());
    let found = ctx.read(|tx| CONFIGURATIONS.get(tx, &key))?;
    let found = found.ok_or_else(|| errors::security_configuration_missing(&input.name))?;
    Ok(GetSecurityConfigurationResponse { security_configuration: Some(found.answer(input.name)) })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: GetSecurityConfigurationsRequest,
) -> Result<GetSecurityConfigurationsResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    let size = paging::size(input.max_results, paging::NAMES_A_PAGE);
    let mut range = CONFIGURATIONS.prefix((&place.account, &place.region));
    if let Some(last) = paging::position::<String>(input.next_token.as_deref())? {
        range = range.after(&(&place.account, &place.region, last.as_str()));
    }
    let (page, next_token) = ctx.read(|tx| {
        let rows = CONFIGURATIONS.scan(tx, range).map(|row| {
            let ((_, _, name), record) = row?;
            Ok((name, record))
        });
        paging::take(rows, size, |(name, _)| name.clone())
    })?;
    let configurations = page.into_iter().map(|(name, record)| record.answer(name)).collect();
    Ok(GetSecurityConfigurationsResponse { security_configurations: Some(configurations), next_token })
}

pub(crate) async fn delete(
    ctx: Ctx,
    input: DeleteSecurityConfigurationRequest,
) -> Result<DeleteSecurityConfigurationResponse, Fault> {
    let place = Place::of(ctx.call(), None)?;
    ctx.write(move |tx| {
        if CONFIGURATIONS.delete(tx, &(&place.account, &place.region, input.name.as_str()))? {
            Ok(DeleteSecurityConfigurationResponse {})
        } else {
            Err(errors::security_configuration_missing(&input.name))
        }
    })
    .await
}

pub(crate) async fn put_settings(
    ctx: Ctx,
    input: PutDataCatalogEncryptionSettingsRequest,
) -> Result<PutDataCatalogEncryptionSettingsResponse, Fault> {
    let place = Place::of_account(ctx.call(), input.catalog_id.as_deref())?;
    let given = input.data_catalog_encryption_settings;
    if given.connection_password_encryption.as_ref().is_some_and(|passwords| {
        passwords.return_connection_password_encrypted
            && passwords.aws_kms_key_id.as_ref().is_none_or(String::is_empty)
    }) {
        return Err(errors::invalid("A KMS key is required for the encryption of connection passwords."));
    }
    let role_missing = |at_rest: &EncryptionAtRest| {
        at_rest.catalog_encryption_mode == Some(CatalogEncryptionMode::SseKmsWithServiceRole)
            && at_rest.catalog_encryption_service_role.is_none()
    };
    if given.encryption_at_rest.as_ref().is_some_and(role_missing) {
        return Err(errors::invalid(
            "CatalogEncryptionServiceRole is required for the mode SSE-KMS-WITH-SERVICE-ROLE.",
        ));
    }
    let defaults = defaults();
    let settings = DataCatalogEncryptionSettings {
        encryption_at_rest: given.encryption_at_rest.or(defaults.encryption_at_rest),
        connection_password_encryption: given
            .connection_password_encryption
            .or(defaults.connection_password_encryption),
    };
    ctx.write(move |tx| {
        SETTINGS.put(tx, &(&place.account, &place.region), &SettingsRecord { settings })?;
        Ok(PutDataCatalogEncryptionSettingsResponse {})
    })
    .await
}

pub(crate) async fn get_settings(
    ctx: Ctx,
    input: GetDataCatalogEncryptionSettingsRequest,
) -> Result<GetDataCatalogEncryptionSettingsResponse, Fault> {
    let place = Place::of_account(ctx.call(), input.catalog_id.as_deref())?;
    let settings = ctx.read(|tx| settings(tx, &place))?;
    Ok(GetDataCatalogEncryptionSettingsResponse { data_catalog_encryption_settings: Some(settings) })
}

fn settings(tx: &ReadTx<'_>, place: &Place) -> Result<DataCatalogEncryptionSettings, Fault> {
    let found = SETTINGS.get(tx, &(&place.account, &place.region))?;
    Ok(found.map_or_else(defaults, |record| record.settings))
}

/// Those of a catalog that nobody has changed; what a change leaves out is so again, as Terraform relies on.
fn defaults() -> DataCatalogEncryptionSettings {
    DataCatalogEncryptionSettings {
        encryption_at_rest: Some(EncryptionAtRest {
            catalog_encryption_mode: Some(CatalogEncryptionMode::Disabled),
            ..EncryptionAtRest::default()
        }),
        connection_password_encryption: Some(ConnectionPasswordEncryption::default()),
    }
}

/// Whether passwords of connections are to be answered in encrypted form only.
pub(crate) fn passwords_encrypted(tx: &ReadTx<'_>, place: &Place) -> Result<bool, Fault> {
    let passwords = settings(tx, place)?.connection_password_encryption;
    Ok(passwords.is_some_and(|passwords| passwords.return_connection_password_encrypted))
}
