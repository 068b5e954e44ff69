//! Every operation and who serves it.

use std::sync::Arc;

use mastic_api_iam::organizations::{SERVICE, op};
use mastic_core::Fault;
use mastic_kernel::{Access, Call, Registry};

use crate::{
    Organizations, accounts, attachments, delegation, handshakes, organization, policies, tags, units,
};

/// Every handler asks for itself, through [`crate::access`]: which ARNs a call is about depends on the organization.
fn per_entry<I>(_: &Call, _: &I) -> Result<Access, Fault> {
    Ok(Access::PerEntry)
}

impl Organizations {
    /// Registers the service's operations.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&SERVICE);
        register_organization(registry);
        register_units(registry);
        register_accounts(registry);
        register_policies(registry);
        register_attachments(registry);
        register_handshakes(registry);
        register_delegation(registry);
        register_tags(registry);
    }
}

fn register_organization(registry: &mut Registry) {
    registry.on::<op::EnablePolicyType, _, _>(per_entry, organization::enable_policy_type);
    registry.on::<op::DisablePolicyType, _, _>(per_entry, organization::disable_policy_type);
    registry.on::<op::CreateOrganization, _, _>(per_entry, organization::create);
    registry.on::<op::DescribeOrganization, _, _>(per_entry, organization::describe);
    registry.on::<op::DeleteOrganization, _, _>(per_entry, organization::delete);
    registry.on::<op::ListRoots, _, _>(per_entry, organization::list_roots);
}

fn register_units(registry: &mut Registry) {
    registry.on::<op::CreateOrganizationalUnit, _, _>(per_entry, units::create);
    registry.on::<op::DescribeOrganizationalUnit, _, _>(per_entry, units::describe);
    registry.on::<op::UpdateOrganizationalUnit, _, _>(per_entry, units::update);
    registry.on::<op::DeleteOrganizationalUnit, _, _>(per_entry, units::delete);
    registry.on::<op::ListOrganizationalUnitsForParent, _, _>(per_entry, units::list);
    registry.on::<op::ListChildren, _, _>(per_entry, units::list_children);
    registry.on::<op::ListParents, _, _>(per_entry, units::list_parents);
}

fn register_accounts(registry: &mut Registry) {
    registry.on::<op::CreateAccount, _, _>(per_entry, accounts::create);
    registry.on::<op::DescribeCreateAccountStatus, _, _>(per_entry, accounts::describe_creation);
    registry.on::<op::ListCreateAccountStatus, _, _>(per_entry, accounts::list_creations);
    registry.on::<op::DescribeAccount, _, _>(per_entry, accounts::describe);
    registry.on::<op::ListAccounts, _, _>(per_entry, accounts::list);
    registry.on::<op::ListAccountsForParent, _, _>(per_entry, accounts::list_for_parent);
    registry.on::<op::MoveAccount, _, _>(per_entry, accounts::move_account);
    registry.on::<op::RemoveAccountFromOrganization, _, _>(per_entry, accounts::remove);
    registry.on::<op::LeaveOrganization, _, _>(per_entry, accounts::leave);
    registry.on::<op::CloseAccount, _, _>(per_entry, accounts::close);
}

fn register_policies(registry: &mut Registry) {
    registry.on::<op::CreatePolicy, _, _>(per_entry, policies::create);
    registry.on::<op::DescribePolicy, _, _>(per_entry, policies::describe);
    registry.on::<op::UpdatePolicy, _, _>(per_entry, policies::update);
    registry.on::<op::DeletePolicy, _, _>(per_entry, policies::delete);
    registry.on::<op::ListPolicies, _, _>(per_entry, policies::list);
}

fn register_attachments(registry: &mut Registry) {
    registry.on::<op::AttachPolicy, _, _>(per_entry, attachments::attach);
    registry.on::<op::DetachPolicy, _, _>(per_entry, attachments::detach);
    registry.on::<op::ListPoliciesForTarget, _, _>(per_entry, attachments::list_for_target);
    registry.on::<op::ListTargetsForPolicy, _, _>(per_entry, attachments::list_targets);
}

fn register_handshakes(registry: &mut Registry) {
    registry.on::<op::AcceptHandshake, _, _>(per_entry, handshakes::accept);
    registry.on::<op::CancelHandshake, _, _>(per_entry, handshakes::cancel);
    registry.on::<op::DeclineHandshake, _, _>(per_entry, handshakes::decline);
    registry.on::<op::DescribeHandshake, _, _>(per_entry, handshakes::describe);
    registry.on::<op::InviteAccountToOrganization, _, _>(per_entry, handshakes::invite);
    registry.on::<op::EnableAllFeatures, _, _>(per_entry, handshakes::enable_all_features);
    registry.on::<op::ListHandshakesForAccount, _, _>(per_entry, handshakes::list_for_account);
    registry.on::<op::ListHandshakesForOrganization, _, _>(per_entry, handshakes::list_for_organization);
}

fn register_delegation(registry: &mut Registry) {
    registry.on::<op::EnableAWSServiceAccess, _, _>(per_entry, delegation::enable_service);
    registry.on::<op::DisableAWSServiceAccess, _, _>(per_entry, delegation::disable_service);
    registry.on::<op::ListAWSServiceAccessForOrganization, _, _>(per_entry, delegation::list_services);
    registry.on::<op::RegisterDelegatedAdministrator, _, _>(per_entry, delegation::register);
    registry.on::<op::DeregisterDelegatedAdministrator, _, _>(per_entry, delegation::deregister);
    registry.on::<op::ListDelegatedAdministrators, _, _>(per_entry, delegation::list_administrators);
    registry.on::<op::ListDelegatedServicesForAccount, _, _>(per_entry, delegation::list_services_of);
    registry.on::<op::PutResourcePolicy, _, _>(per_entry, delegation::put_policy);
    registry.on::<op::DescribeResourcePolicy, _, _>(per_entry, delegation::describe_policy);
    registry.on::<op::DeleteResourcePolicy, _, _>(per_entry, delegation::delete_policy);
}

fn register_tags(registry: &mut Registry) {
    registry.on::<op::TagResource, _, _>(per_entry, tags::tag);
    registry.on::<op::UntagResource, _, _>(per_entry, tags::untag);
    registry.on::<op::ListTagsForResource, _, _>(per_entry, tags::list);
}
