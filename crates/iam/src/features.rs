//! What IAM does for a whole organization: central management of its members' root users ("Centrally manage root
//! access for member accounts").

use std::collections::BTreeSet;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::Fault;
use mastic_kernel::ports::OrganizationPlace;
use mastic_kernel::{Ctx, Registry};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::access;

/// IAM as a service that organizations trust.
const SERVICE: &str = "iam.amazonaws.com";

/// The features that are on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Features {
    on: BTreeSet<String>,
}

impl Record for Features {
    const VERSION: u16 = 1;
}

/// By the organization's id.
const FEATURES: Keyspace<String, Features> = Keyspace::new("iam.organization_features");

/// Serves the operations.
pub(crate) fn register(registry: &mut Registry) {
    registry.on::<op::ListOrganizationsFeatures, _, _>(
        |_, _| access::everywhere::<op::ListOrganizationsFeatures>(),
        |ctx, _| std::future::ready(list(&ctx)),
    );
    registry.on::<op::EnableOrganizationsRootCredentialsManagement, _, _>(
        |_, _| access::everywhere::<op::EnableOrganizationsRootCredentialsManagement>(),
        |ctx, _| async move {
            let (organization_id, enabled_features) =
                switch(&ctx, t::FeatureType::RootCredentialsManagement, true).await?;
            Ok(t::EnableOrganizationsRootCredentialsManagementResponse { organization_id, enabled_features })
        },
    );
    registry.on::<op::DisableOrganizationsRootCredentialsManagement, _, _>(
        |_, _| access::everywhere::<op::DisableOrganizationsRootCredentialsManagement>(),
        |ctx, _| async move {
            let (organization_id, enabled_features) =
                switch(&ctx, t::FeatureType::RootCredentialsManagement, false).await?;
            Ok(t::DisableOrganizationsRootCredentialsManagementResponse { organization_id, enabled_features })
        },
    );
    registry.on::<op::EnableOrganizationsRootSessions, _, _>(
        |_, _| access::everywhere::<op::EnableOrganizationsRootSessions>(),
        |ctx, _| async move {
            let (organization_id, enabled_features) =
                switch(&ctx, t::FeatureType::RootSessions, true).await?;
            Ok(t::EnableOrganizationsRootSessionsResponse { organization_id, enabled_features })
        },
    );
    registry.on::<op::DisableOrganizationsRootSessions, _, _>(
        |_, _| access::everywhere::<op::DisableOrganizationsRootSessions>(),
        |ctx, _| async move {
            let (organization_id, enabled_features) =
                switch(&ctx, t::FeatureType::RootSessions, false).await?;
            Ok(t::DisableOrganizationsRootSessionsResponse { organization_id, enabled_features })
        },
    );
}

/// The organization that the caller's account manages, and that lets IAM work for it.
fn managed(ctx: &Ctx) -> Result<OrganizationPlace, Fault> {
    let account = ctx.account()?;
    let place = match ctx.kernel().organizations() {
        Some(organizations) => organizations.place(account)?,
        None => None,
    };
    let refused =
        |code: &str, why: &str| Err(Fault::sender(code, format!("The request was rejected because {why}")));
    let Some(place) = place else {
        return refused("OrganizationNotFoundException", "no organization is associated with your account.");
    };
    if place.management != *account {
        return refused(
            "AccountNotManagementOrDelegatedAdministratorException",
            "the account making the request is not the management account or delegated administrator account for \
             centralized root access.",
        );
    }
    if !place.all_features {
        return refused(
            "OrganizationNotInAllFeaturesModeException",
            "your organization does not have All features enabled.",
        );
    }
    if !place.trusted.iter().any(|service| service == SERVICE) {
        return refused(
            "ServiceAccessNotEnabledException",
            "trusted access is not enabled for IAM in Organizations.",
        );
    }
    Ok(place)
}

/// The features as answers carry them.
fn shown(features: &Features) -> Option<Vec<t::FeatureType>> {
    let all = [t::FeatureType::RootCredentialsManagement, t::FeatureType::RootSessions];
    Some(all.into_iter().filter(|feature| features.on.contains(feature.as_str())).collect())
}

fn list(ctx: &Ctx) -> Result<t::ListOrganizationsFeaturesResponse, Fault> {
    let organization = managed(ctx)?.organization;
    let features = ctx.read(|tx| FEATURES.get(tx, organization.as_str()))?.unwrap_or_default();
    Ok(t::ListOrganizationsFeaturesResponse {
        enabled_features: shown(&features),
        organization_id: Some(organization),
    })
}

/// Switches a feature: the organization, and what is on then.
async fn switch(
    ctx: &Ctx,
    feature: t::FeatureType,
    on: bool,
) -> Result<(Option<String>, Option<Vec<t::FeatureType>>), Fault> {
    let organization = managed(ctx)?.organization;
    ctx.write(move |tx| {
        let mut features = FEATURES.get(tx, organization.as_str())?.unwrap_or_default();
        if on {
            features.on.insert(feature.as_str().to_owned());
        } else {
            features.on.remove(feature.as_str());
        }
        FEATURES.put(tx, organization.as_str(), &features)?;
        Ok((Some(organization), shown(&features)))
    })
    .await
}
