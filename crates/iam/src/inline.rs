//! Inline policies of users, groups and roles.

use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_policy::DocumentKind;

use crate::faults::{limit, no_such};
use crate::page::{Listed, Page};
use crate::records::Entity;
use crate::{documents, entities};

fn missing<E: Entity>(policy: &str) -> Fault {
    no_such(format!("The {} policy with name {policy} cannot be found.", E::KIND))
}

/// Stores a policy in place of any other of its name.
pub(crate) async fn put<E: Entity>(
    ctx: Ctx,
    name: String,
    policy: String,
    document: String,
) -> Result<(), Fault> {
    documents::check(&document, DocumentKind::Identity)?;
    entities::change::<E>(&ctx, name, move |_, _, entity| {
        entities::must_be_open(entity)?;
        let base = entity.base_mut();
        base.inline.insert(policy, document);
        let size: usize = base.inline.values().map(|document| documents::size(document)).sum();
        if size > E::INLINE_QUOTA {
            let (most, kind) = (E::INLINE_QUOTA, E::KIND);
            return Err(limit(format!(
                "Maximum policy size of {most} bytes exceeded for {kind} {}",
                base.name
            )));
        }
        Ok(())
    })
    .await
    .map(drop)
}

/// The entity's name and the document, URL-encoded.
pub(crate) fn get<E: Entity>(ctx: &Ctx, name: &str, policy: &str) -> Result<(String, String), Fault> {
    let entity = entities::get::<E>(ctx, name)?;
    let base = entity.base();
    let document = base.inline.get(policy).ok_or_else(|| missing::<E>(policy))?;
    Ok((base.name.clone(), documents::encoded(document)))
}

/// Deletes a policy.
pub(crate) async fn delete<E: Entity>(ctx: Ctx, name: String, policy: String) -> Result<(), Fault> {
    entities::change::<E>(&ctx, name, move |_, _, entity| {
        entities::must_be_open(entity)?;
        match entity.base_mut().inline.remove(&policy) {
            Some(_) => Ok(()),
            None => Err(missing::<E>(&policy)),
        }
    })
    .await
    .map(drop)
}

/// A page of the policies' names.
pub(crate) fn list<E: Entity>(ctx: &Ctx, name: &str, page: &Page) -> Result<Listed<String>, Fault> {
    let entity = entities::get::<E>(ctx, name)?;
    page.take(entity.base().inline.keys().map(|policy| Ok((policy.clone(), policy.clone()))))
}
