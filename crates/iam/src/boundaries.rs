//! Permissions boundaries of users and roles.

use mastic_api_iam::iam::types as t;
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::entities::{self, BOUNDARY};
use crate::faults::no_such;
use crate::policies;
use crate::records::{Base, Entity};

/// A boundary as answers carry it.
pub(crate) fn shown(base: &Base) -> Option<t::AttachedPermissionsBoundary> {
    base.boundary.as_ref().map(|arn| t::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(t::PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn.clone()),
    })
}

/// Sets the boundary in place of the one before.
pub(crate) async fn put<E: Entity>(ctx: Ctx, name: String, boundary: String) -> Result<(), Fault> {
    entities::change::<E>(&ctx, name, move |tx, account, entity| {
        entities::must_be_open(entity)?;
        policies::must_be_boundary(tx, account, &boundary)?;
        let base = entity.base_mut();
        if let Some(old) = &base.boundary {
            entities::unmark::<E>(tx, account, old, BOUNDARY, &base.name)?;
        }
        entities::mark::<E>(tx, account, &boundary, BOUNDARY, &base.name)?;
        base.boundary = Some(boundary);
        Ok(())
    })
    .await
    .map(drop)
}

/// Takes the boundary away.
pub(crate) async fn delete<E: Entity>(ctx: Ctx, name: String) -> Result<(), Fault> {
    entities::change::<E>(&ctx, name, move |tx, account, entity| {
        entities::must_be_open(entity)?;
        let base = entity.base_mut();
        let Some(old) = base.boundary.take() else {
            return Err(no_such(format!("The {} {} has no permissions boundary.", E::KIND, base.name)));
        };
        entities::unmark::<E>(tx, account, &old, BOUNDARY, &base.name)?;
        Ok(())
    })
    .await
    .map(drop)
}
