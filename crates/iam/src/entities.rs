//! What users, groups and roles are asked alike: found, made, listed, changed, deleted.

use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::faults::{conflict, exists, no_entity, protected, quota};
use crate::names::{find, folded};
use crate::page::{Listed, Page};
use crate::records::{Entity, Mark, USES};
use crate::{gone, policies, trust};

/// Where a managed policy is used as what it says; the words are `PolicyUsageFilter`'s.
pub(crate) const PERMISSIONS: &str = "PermissionsPolicy";
/// Where it is used as a boundary.
pub(crate) const BOUNDARY: &str = "PermissionsBoundary";

/// The user, group or role of this name.
pub(crate) fn need<E: Entity>(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<E, Fault> {
    find(tx, account, name)?.ok_or_else(|| no_entity(E::KIND, name))
}

/// That the caller's account may change it.
pub(crate) fn must_be_open<E: Entity>(entity: &E) -> Result<(), Fault> {
    if entity.protected() { Err(protected(E::KIND, &entity.base().name)) } else { Ok(()) }
}

/// Stores it under its name.
pub(crate) fn save<E: Entity>(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    entity: &E,
) -> Result<(), StoreError> {
    E::SPACE.put(tx, &(account, folded(&entity.base().name)), entity)
}

/// Makes a new one; the boundary that it has must be a policy.
pub(crate) async fn create<E: Entity>(ctx: &Ctx, entity: E) -> Result<E, Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let base = entity.base();
        if let Some(boundary) = &base.boundary {
            policies::must_be_boundary(tx, &account, boundary)?;
            mark::<E>(tx, &account, boundary, BOUNDARY, &base.name)?;
        }
        if let Some(document) = entity.trust() {
            trust::bind(tx, &account, &base.name, document)?;
        }
        if E::SPACE.contains(tx, &(&account, folded(&base.name)))? {
            return Err(exists(E::KIND, &base.name));
        }
        if E::SPACE.count(tx, E::SPACE.prefix((&account,)))? >= E::ACCOUNT_QUOTA as u64 {
            return Err(quota(E::ACCOUNT_QUOTA_NAME, E::ACCOUNT_QUOTA));
        }
        save(tx, &account, &entity)?;
        Ok(entity)
    })
    .await
}

/// Reads one.
pub(crate) fn get<E: Entity>(ctx: &Ctx, name: &str) -> Result<E, Fault> {
    let account = ctx.account()?;
    ctx.read(|tx| need(tx, account, name))
}

/// Changes one in place; its name stays.
pub(crate) async fn change<E: Entity>(
    ctx: &Ctx,
    name: String,
    work: impl FnOnce(&mut WriteTx<'_>, &AccountId, &mut E) -> Result<(), Fault> + Send + 'static,
) -> Result<E, Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let mut entity = need::<E>(tx, &account, &name)?;
        work(tx, &account, &mut entity)?;
        save(tx, &account, &entity)?;
        Ok(entity)
    })
    .await
}

/// Deletes one that nothing hangs on any more; `check` looks at what only its kind has.
pub(crate) async fn delete<E: Entity>(
    ctx: &Ctx,
    name: String,
    check: impl FnOnce(&mut WriteTx<'_>, &AccountId, &E) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (account, now) = (ctx.account()?.clone(), ctx.now());
    ctx.write(move |tx| {
        let entity = need::<E>(tx, &account, &name)?;
        check(tx, &account, &entity)?;
        let base = entity.base();
        if !base.attached.is_empty() {
            return Err(conflict("Cannot delete entity, must detach all policies first."));
        }
        if !base.inline.is_empty() {
            return Err(conflict("Cannot delete entity, must delete policies first."));
        }
        if let Some(boundary) = &base.boundary {
            unmark::<E>(tx, &account, boundary, BOUNDARY, &base.name)?;
        }
        if let Some(document) = entity.trust() {
            trust::unbind(tx, &account, &base.name, document)?;
        }
        trust::rewrite(tx, &base.arn(&account, E::KIND), &base.id, &base.id)?;
        E::SPACE.delete(tx, &(&account, folded(&name)))?;
        gone::note(tx, &base.id, now)?;
        Ok(())
    })
    .await
}

/// A page of those whose path begins with `prefix`, sorted by name.
pub(crate) fn list<E: Entity, T>(
    ctx: &Ctx,
    prefix: Option<&str>,
    page: &Page,
    show: impl Fn(&AccountId, &E) -> T,
) -> Result<Listed<T>, Fault> {
    let account = ctx.account()?;
    let prefix = prefix.unwrap_or("/");
    ctx.read(|tx| {
        let range = E::SPACE.prefix((account,));
        let range = match page.after() {
            Some(after) => range.after(&(account, after)),
            None => range,
        };
        let rows = E::SPACE.scan(tx, range).filter_map(|row| match row {
            Ok(((_, key), entity)) => {
                entity.base().path.starts_with(prefix).then(|| Ok((key, show(account, &entity))))
            }
            Err(error) => Some(Err(Fault::from(error))),
        });
        page.take(rows)
    })
}

/// Notes that a managed policy is used.
pub(crate) fn mark<E: Entity>(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    policy: &str,
    usage: &str,
    name: &str,
) -> Result<(), StoreError> {
    USES.put(tx, &(account, policy, usage, E::KIND, folded(name)), &Mark {})
}

/// Notes that it no longer is.
pub(crate) fn unmark<E: Entity>(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    policy: &str,
    usage: &str,
    name: &str,
) -> Result<(), StoreError> {
    USES.delete(tx, &(account, policy, usage, E::KIND, folded(name))).map(drop)
}

/// Gives one another name or path, with all that knows it by its name.
pub(crate) fn rename<E: Entity>(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    entity: &mut E,
    name: Option<String>,
    path: Option<String>,
) -> Result<(), Fault> {
    let old = entity.base().name.clone();
    let new = name.unwrap_or_else(|| old.clone());
    if folded(&new) != folded(&old) && E::SPACE.contains(tx, &(account, folded(&new)))? {
        return Err(exists(E::KIND, &new));
    }
    let base = entity.base_mut();
    base.name.clone_from(&new);
    if let Some(path) = path {
        base.path = path;
    }
    let uses: Vec<(String, &str)> = base
        .attached
        .iter()
        .map(|arn| (arn.clone(), PERMISSIONS))
        .chain(base.boundary.iter().map(|arn| (arn.clone(), BOUNDARY)))
        .collect();
    for (policy, usage) in uses {
        unmark::<E>(tx, account, &policy, usage, &old)?;
        mark::<E>(tx, account, &policy, usage, &new)?;
    }
    E::SPACE.delete(tx, &(account, folded(&old)))?;
    save(tx, account, entity)?;
    Ok(())
}
