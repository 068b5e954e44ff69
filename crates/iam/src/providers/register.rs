//! What the operations on identity providers ask of their caller, and who serves them.

use mastic_api_iam::iam::op;
use mastic_kernel::Registry;

use super::{oidc, saml};
use crate::access;

/// Serves the operations on identity providers.
pub(crate) fn register(registry: &mut Registry) {
    register_oidc(registry);
    register_saml(registry);
}

fn register_oidc(registry: &mut Registry) {
    registry.on::<op::CreateOpenIDConnectProvider, _, _>(
        |call, i| {
            let name = (None, oidc::bare(&i.url));
            access::creating::<op::CreateOpenIDConnectProvider>(
                call,
                "oidc-provider",
                name,
                i.tags.as_ref(),
                None,
            )
        },
        oidc::create,
    );
    registry.on::<op::GetOpenIDConnectProvider, _, _>(
        |call, i| access::on_policy::<op::GetOpenIDConnectProvider>(call, &i.open_id_connect_provider_arn),
        oidc::get,
    );
    registry.on::<op::ListOpenIDConnectProviders, _, _>(
        |_, _| access::everywhere::<op::ListOpenIDConnectProviders>(),
        oidc::list,
    );
    registry.on::<op::DeleteOpenIDConnectProvider, _, _>(
        |call, i| access::on_policy::<op::DeleteOpenIDConnectProvider>(call, &i.open_id_connect_provider_arn),
        oidc::delete,
    );
    registry.on::<op::UpdateOpenIDConnectProviderThumbprint, _, _>(
        |call, i| {
            access::on_policy::<op::UpdateOpenIDConnectProviderThumbprint>(
                call,
                &i.open_id_connect_provider_arn,
            )
        },
        oidc::update_thumbprints,
    );
    registry.on::<op::AddClientIDToOpenIDConnectProvider, _, _>(
        |call, i| {
            access::on_policy::<op::AddClientIDToOpenIDConnectProvider>(call, &i.open_id_connect_provider_arn)
        },
        oidc::add_client,
    );
    registry.on::<op::RemoveClientIDFromOpenIDConnectProvider, _, _>(
        |call, i| {
            access::on_policy::<op::RemoveClientIDFromOpenIDConnectProvider>(
                call,
                &i.open_id_connect_provider_arn,
            )
        },
        oidc::remove_client,
    );
    registry.on::<op::TagOpenIDConnectProvider, _, _>(
        |call, i| {
            access::tagging_policy::<op::TagOpenIDConnectProvider>(
                call,
                &i.open_id_connect_provider_arn,
                &i.tags,
            )
        },
        oidc::tag,
    );
    registry.on::<op::UntagOpenIDConnectProvider, _, _>(
        |call, i| {
            access::untagging_policy::<op::UntagOpenIDConnectProvider>(
                call,
                &i.open_id_connect_provider_arn,
                &i.tag_keys,
            )
        },
        oidc::untag,
    );
    registry.on::<op::ListOpenIDConnectProviderTags, _, _>(
        |call, i| {
            access::on_policy::<op::ListOpenIDConnectProviderTags>(call, &i.open_id_connect_provider_arn)
        },
        oidc::list_tags,
    );
}

fn register_saml(registry: &mut Registry) {
    registry.on::<op::CreateSAMLProvider, _, _>(
        |call, i| {
            let name = (None, i.name.as_str());
            access::creating::<op::CreateSAMLProvider>(call, "saml-provider", name, i.tags.as_ref(), None)
        },
        saml::create,
    );
    registry.on::<op::UpdateSAMLProvider, _, _>(
        |call, i| access::on_policy::<op::UpdateSAMLProvider>(call, &i.saml_provider_arn),
        saml::update,
    );
    registry.on::<op::GetSAMLProvider, _, _>(
        |call, i| access::on_policy::<op::GetSAMLProvider>(call, &i.saml_provider_arn),
        saml::get,
    );
    registry
        .on::<op::ListSAMLProviders, _, _>(|_, _| access::everywhere::<op::ListSAMLProviders>(), saml::list);
    registry.on::<op::DeleteSAMLProvider, _, _>(
        |call, i| access::on_policy::<op::DeleteSAMLProvider>(call, &i.saml_provider_arn),
        saml::delete,
    );
    registry.on::<op::TagSAMLProvider, _, _>(
        |call, i| access::tagging_policy::<op::TagSAMLProvider>(call, &i.saml_provider_arn, &i.tags),
        saml::tag,
    );
    registry.on::<op::UntagSAMLProvider, _, _>(
        |call, i| access::untagging_policy::<op::UntagSAMLProvider>(call, &i.saml_provider_arn, &i.tag_keys),
        saml::untag,
    );
    registry.on::<op::ListSAMLProviderTags, _, _>(
        |call, i| access::on_policy::<op::ListSAMLProviderTags>(call, &i.saml_provider_arn),
        saml::list_tags,
    );
}
