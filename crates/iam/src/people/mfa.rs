//! Virtual MFA devices ("Assign a virtual MFA device in the AWS Management Console", and the devices'
//! operations in the IAM API Reference).

use std::collections::{BTreeMap, HashMap};

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Arn, Fault, Secret, Timestamp};
use mastic_kernel::{Ctx, Kernel};
use mastic_shape::Blob;
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::guesses::Guard;
use super::person::Person;
use super::{qr, totp};
use crate::faults::{conflict, denied, invalid_input, no_such, quota, validation};
use crate::page::Page;
use crate::records::{USERS, User};
use crate::sealed::Sealed;
use crate::{names, tags, users};

/// Devices that one person may have ("IAM and AWS STS quotas").
const MOST: usize = 8;

/// Base32 letters of a seed: 40 bytes.
const SEED: usize = 64;

/// Wrong codes before further ones have to wait.
const FREE_GUESSES: u32 = 5;

/// A virtual device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Device {
    created: Timestamp,
    /// In Base32, sealed.
    seed: Sealed,
    tags: BTreeMap<String, String>,
    enabled: Option<Enabled>,
}

/// A device that belongs to somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Enabled {
    /// [`Person::key`].
    owner: String,
    at: Timestamp,
    /// The step of the last code used: no code counts twice.
    last: i64,
    /// Steps that the device's clock is ahead of ours.
    drift: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {}

impl Record for Device {
    const VERSION: u16 = 1;
}

impl Record for Mark {
    const VERSION: u16 = 1;
}

/// Account and serial number, which is the device's ARN.
const DEVICES: Keyspace<(AccountId, String), Device> = Keyspace::new("iam.mfa");
/// Account, owner, serial number.
const OWNED: Keyspace<(AccountId, String, String), Mark> = Keyspace::new("iam.mfa_owned");

fn place(serial: &str) -> String {
    format!("{}/{serial}/seed", DEVICES.name())
}

impl Device {
    fn seed(&self, kernel: &Kernel, serial: &str) -> Result<Vec<u8>, Fault> {
        let seed = self.seed.open(kernel, &place(serial))?;
        totp::from_base32(seed.reveal()).ok_or_else(|| Fault::internal(format!("{serial} has no seed")))
    }
}

fn missing(serial: &str) -> Fault {
    no_such(format!("VirtualMFADevice with serial number {serial} doesn't exist."))
}

fn not_of_user() -> Fault {
    no_such("MFA Device invalid for user.")
}

fn wrong_codes() -> Fault {
    Fault::sender("InvalidAuthenticationCode", "Authentication code for device is not valid").with_status(403)
}

fn need(tx: &ReadTx<'_>, account: &AccountId, serial: &str) -> Result<Device, Fault> {
    let hardware =
        serial.starts_with("arn:") && [":u2f/", ":sms-mfa/"].iter().any(|kind| serial.contains(kind));
    if hardware || !serial.starts_with("arn:") {
        return Err(invalid_input(format!(
            "Mastic knows virtual MFA devices only, whose serial number is an ARN of the form \
             arn:aws:iam::account:mfa/name; security keys, hardware tokens and text messages are not supported: {serial}"
        )));
    }
    DEVICES.get(tx, &(account, serial))?.ok_or_else(|| missing(serial))
}

/// The device, which must be this person's.
fn owned(
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
    serial: &str,
) -> Result<(Device, Enabled), Fault> {
    let device = need(tx, account, serial)?;
    let enabled = device.enabled.clone().filter(|enabled| enabled.owner == person.key);
    Ok((device, enabled.ok_or_else(not_of_user)?))
}

/// The serial numbers of a person's devices.
pub(crate) fn serials(
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
) -> Result<Vec<String>, StoreError> {
    let rows = OWNED.scan_prefix(tx, (account, person.key.as_str()));
    rows.map(|row| row.map(|((_, _, serial), _)| serial)).collect()
}

/// How many devices there are in the account, and how many of them belong to somebody.
pub(crate) fn counts(tx: &ReadTx<'_>, account: &AccountId) -> Result<(u64, u64), StoreError> {
    Ok((DEVICES.count(tx, DEVICES.prefix((account,)))?, OWNED.count(tx, OWNED.prefix((account,)))?))
}

/// Refuses to delete a user who has a device.
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, person: &Person) -> Result<(), Fault> {
    if serials(tx, account, person)?.is_empty() {
        return Ok(());
    }
    Err(conflict("Cannot delete entity, must delete MFA device first."))
}

/// The tags of the device of this ARN, for conditions on `aws:ResourceTag`.
pub(crate) fn tags_of(tx: &ReadTx<'_>, arn: &Arn) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let Some(account) = arn.account_id() else { return Ok(None) };
    Ok(DEVICES.get(tx, &(&account, arn.as_str()))?.map(|device| device.tags))
}

/// Checks a code of a device of the caller (`SerialNumber` and `TokenCode` of STS) and uses it up.
///
/// # Errors
/// AWS's `AccessDenied` for a device that is not the caller's or a code that is wrong, used, too old or one
/// guess too many.
pub(crate) async fn verify(ctx: &Ctx, serial: &str, code: &str) -> Result<(), Fault> {
    let unknown = || {
        denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
             valid and associated with this user. ",
        )
    };
    let person = Person::calling(ctx.caller()).ok_or_else(unknown)?;
    let (account, kernel, now) = (ctx.account()?.clone(), ctx.kernel().clone(), ctx.now());
    let (serial, code) = (serial.to_owned(), code.to_owned());
    // The failure is counted in the same transaction, which therefore must succeed.
    let passed = ctx
        .write(move |tx| {
            if !serials(tx, &account, &person)?.contains(&serial) {
                return Err(unknown());
            }
            accept(tx, &kernel, &account, &person, &[serial], &code, now)
        })
        .await?;
    if passed {
        return Ok(());
    }
    Err(denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "))
}

/// Whether the code is one of these devices of the person; uses it up, or counts the failure.
pub(crate) fn accept(
    tx: &mut WriteTx<'_>,
    kernel: &Kernel,
    account: &AccountId,
    person: &Person,
    serials: &[String],
    code: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let guard = Guard::new(format!("mfa/{account}/{}", person.key), FREE_GUESSES);
    if guard.closed(tx, now)? {
        return Ok(false);
    }
    let step = totp::step(now);
    for serial in serials {
        let (device, enabled) = owned(tx, account, person, serial)?;
        let seed = device.seed(kernel, serial)?;
        let Some(matched) = totp::accepted(&seed, code, step, enabled.drift, enabled.last) else { continue };
        let enabled = Some(Enabled { last: matched, drift: matched - step, ..enabled });
        DEVICES.put(tx, &(account, serial), &Device { enabled, ..device })?;
        guard.passed(tx)?;
        return Ok(true);
    }
    guard.failed(tx, now)?;
    Ok(false)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateVirtualMFADeviceRequest,
) -> Result<t::CreateVirtualMFADeviceResponse, Fault> {
    let account = ctx.account()?.clone();
    let name = input.virtual_mfa_device_name;
    let path = input.path.as_deref().unwrap_or("/");
    let serial = names::arn(&account, "mfa", path, &name).to_string();
    if serial.len() > 256 {
        return Err(validation(
            "The ARN of an MFA device has 256 characters at most: name and path are too long.",
        ));
    }
    let tags = tags::read(input.tags.unwrap_or_default())?;
    let seed = Secret::new(names::base32(SEED, ctx.entropy()));
    let device = Device {
        created: ctx.now(),
        seed: Sealed::new(ctx.kernel(), &place(&serial), &seed),
        tags: tags.clone(),
        enabled: None,
    };
    let uri = format!("otpauth://totp/Mastic:{name}@{account}?secret={}&issuer=Mastic", seed.reveal());
    let image =
        qr::png(&uri).ok_or_else(|| validation("The name of the device is too long for a QR code."))?;
    let key = serial.clone();
    ctx.write(move |tx| {
        if DEVICES.insert_new(tx, &(&account, key.as_str()), &device)? {
            return Ok(());
        }
        let text = "MFADevice entity at the same path and name already exists.";
        Err(Fault::sender("EntityAlreadyExists", text).with_status(409))
    })
    .await?;
    Ok(t::CreateVirtualMFADeviceResponse {
        virtual_mfa_device: t::VirtualMFADevice {
            serial_number: serial,
            base32_string_seed: Some(Blob(seed.reveal().clone().into_bytes())),
            qr_code_png: Some(Blob(image)),
            tags: tags::shown_if_any(&tags),
            ..t::VirtualMFADevice::default()
        },
    })
}

pub(crate) async fn enable(ctx: Ctx, input: t::EnableMFADeviceRequest) -> Result<(), Fault> {
    let (account, kernel, now) = (ctx.account()?.clone(), ctx.kernel().clone(), ctx.now());
    let caller = ctx.caller().clone();
    ctx.write(move |tx| {
        let serial = input.serial_number;
        let person = Person::asked(tx, &caller, &account, Some(&input.user_name))?;
        let device = need(tx, &account, &serial)?;
        if device.enabled.is_some() {
            return Err(
                Fault::sender("EntityAlreadyExists", "MFA Device is already in use.").with_status(409)
            );
        }
        if serials(tx, &account, &person)?.len() >= MOST {
            return Err(quota("MFADevicesPerUser", MOST));
        }
        let (first, second) = (&input.authentication_code1, &input.authentication_code2);
        let seed = device.seed(&kernel, &serial)?;
        let step = totp::step(now);
        let last = totp::consecutive(&seed, first, second, step, i64::MIN).ok_or_else(wrong_codes)?;
        OWNED.put(tx, &(&account, person.key.as_str(), serial.as_str()), &Mark {})?;
        let enabled = Some(Enabled { owner: person.key, at: now, last, drift: last - step });
        Ok(DEVICES.put(tx, &(&account, serial.as_str()), &Device { enabled, ..device })?)
    })
    .await
}

pub(crate) async fn resync(ctx: Ctx, input: t::ResyncMFADeviceRequest) -> Result<(), Fault> {
    let (account, kernel, now) = (ctx.account()?.clone(), ctx.kernel().clone(), ctx.now());
    let caller = ctx.caller().clone();
    ctx.write(move |tx| {
        let serial = input.serial_number;
        let person = Person::asked(tx, &caller, &account, Some(&input.user_name))?;
        let (device, enabled) = owned(tx, &account, &person, &serial)?;
        let (first, second) = (&input.authentication_code1, &input.authentication_code2);
        let seed = device.seed(&kernel, &serial)?;
        let step = totp::step(now);
        let last = totp::consecutive(&seed, first, second, step, enabled.last).ok_or_else(wrong_codes)?;
        let enabled = Some(Enabled { last, drift: last - step, ..enabled });
        Ok(DEVICES.put(tx, &(&account, serial.as_str()), &Device { enabled, ..device })?)
    })
    .await
}

pub(crate) async fn deactivate(ctx: Ctx, input: t::DeactivateMFADeviceRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let caller = ctx.caller().clone();
    ctx.write(move |tx| {
        let serial = input.serial_number;
        let person = Person::asked(tx, &caller, &account, input.user_name.as_deref())?;
        let (device, _) = owned(tx, &account, &person, &serial)?;
        OWNED.delete(tx, &(&account, person.key.as_str(), serial.as_str()))?;
        Ok(DEVICES.put(tx, &(&account, serial.as_str()), &Device { enabled: None, ..device })?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteVirtualMFADeviceRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let serial = input.serial_number;
        if need(tx, &account, &serial)?.enabled.is_some() {
            return Err(conflict("MFA VirtualDevice in use. Must deactivate first."));
        }
        DEVICES.delete(tx, &(&account, serial.as_str()))?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListMFADevicesRequest,
) -> Result<t::ListMFADevicesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let person = Person::asked(tx, ctx.caller(), account, input.user_name.as_deref())?;
        let rows = serials(tx, account, &person)?.into_iter().map(|serial| {
            let (_, enabled) = owned(tx, account, &person, &serial)?;
            let shown = t::MFADevice {
                user_name: person.name.clone(),
                serial_number: serial.clone(),
                enable_date: enabled.at,
            };
            Ok((serial, shown))
        });
        let listed = page.take(rows)?;
        Ok(t::ListMFADevicesResponse {
            mfa_devices: listed.items,
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

pub(crate) async fn get(ctx: Ctx, input: t::GetMFADeviceRequest) -> Result<t::GetMFADeviceResponse, Fault> {
    let account = ctx.account()?;
    ctx.read(|tx| {
        let person = Person::asked(tx, ctx.caller(), account, input.user_name.as_deref())?;
        let (_, enabled) = owned(tx, account, &person, &input.serial_number)?;
        Ok(t::GetMFADeviceResponse {
            user_name: Some(person.name),
            serial_number: input.serial_number,
            enable_date: Some(enabled.at),
            certifications: None,
        })
    })
}

pub(crate) async fn list_virtual(
    ctx: Ctx,
    input: t::ListVirtualMFADevicesRequest,
) -> Result<t::ListVirtualMFADevicesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let wanted = match input.assignment_status {
        None | Some(t::AssignmentStatusType::Any) => None,
        Some(t::AssignmentStatusType::Assigned) => Some(true),
        Some(t::AssignmentStatusType::Unassigned) => Some(false),
    };
    let listed = ctx.read(|tx| {
        let range = DEVICES.prefix((account,));
        let rows = DEVICES.scan(tx, range).map(|row| row.map_err(Fault::from));
        let rows = rows.filter(|row| {
            row.as_ref().map_or(true, |(_, device)| wanted.is_none_or(|on| device.enabled.is_some() == on))
        });
        page.take(rows.map(|row| row.map(|((_, serial), device)| (serial.clone(), (serial, device)))))
    })?;
    let owners = if listed.items.iter().any(|(_, device)| device.enabled.is_some()) {
        ctx.read(|tx| by_id(tx, account))?
    } else {
        HashMap::new()
    };
    let mut shown = Vec::new();
    for (serial, device) in listed.items {
        let user = match &device.enabled {
            Some(enabled) if enabled.owner == super::person::ROOT => Some(users::root(&ctx, account)?),
            Some(enabled) => owners.get(&enabled.owner).map(|user| users::shown(account, user)),
            None => None,
        };
        shown.push(t::VirtualMFADevice {
            serial_number: serial,
            user,
            enable_date: device.enabled.map(|enabled| enabled.at),
            ..t::VirtualMFADevice::default()
        });
    }
    Ok(t::ListVirtualMFADevicesResponse {
        virtual_mfa_devices: shown,
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}

/// The users of an account by their unique ids.
fn by_id(tx: &ReadTx<'_>, account: &AccountId) -> Result<HashMap<String, User>, StoreError> {
    let users = USERS.scan_prefix(tx, (account,));
    users.map(|row| row.map(|(_, user)| (user.base.id.clone(), user))).collect()
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagMFADeviceRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(ctx, input.serial_number, |device| tags::merge(&mut device.tags, added)).await
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagMFADeviceRequest) -> Result<(), Fault> {
    change(ctx, input.serial_number, move |device| {
        tags::remove(&mut device.tags, &input.tag_keys);
        Ok(())
    })
    .await
}

async fn change(
    ctx: Ctx,
    serial: String,
    work: impl FnOnce(&mut Device) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let mut device = need(tx, &account, &serial)?;
        work(&mut device)?;
        Ok(DEVICES.put(tx, &(&account, serial.as_str()), &device)?)
    })
    .await
}

pub(crate) async fn list_tags(
    ctx: Ctx,
    input: t::ListMFADeviceTagsRequest,
) -> Result<t::ListMFADeviceTagsResponse, Fault> {
    let account = ctx.account()?;
    let device = ctx.read(|tx| need(tx, account, &input.serial_number))?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&device.tags))?;
    Ok(t::ListMFADeviceTagsResponse { tags: page.items, is_truncated: page.truncated, marker: page.marker })
}
