//! Every operation with what it asks of its caller and who serves it.

use std::sync::Arc;

use mastic_api_iam::iam::{self, op, types as t};
use mastic_api_iam::sts::op as sts_op;
use mastic_api_mastic::mastic::{self, op as mastic_op};
use mastic_kernel::{Access, Registry};

use crate::page::Page;
use crate::records::{Group, Role, User};
use crate::{
    Iam, access, accounts, attachments, boundaries, details, explain, features, groups, inline, keys,
    last_accessed, linked, organization_report, people, policies, preflight, profiles, providers, roles,
    simulate, sts, users, versions,
};

impl Iam {
    /// Serves every operation of IAM, STS and the account service that is implemented.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.service(&iam::SERVICE);
        sts::register(self, registry);
        registry.service(&mastic::SERVICE);
        register_users(registry);
        register_groups(registry);
        register_roles(registry);
        register_policies(registry);
        register_attachments(registry);
        register_inline(registry);
        profiles::register(registry);
        linked::register(registry);
        details::register(self, registry);
        people::register(self, registry);
        simulate::register(self, registry);
        last_accessed::register(self, registry);
        providers::register(registry);
        features::register(registry);
        organization_report::register(self, registry);
        self.register_with_state(registry);
    }

    /// Those that need more than the store.
    fn register_with_state(self: &Arc<Self>, registry: &mut Registry) {
        let iam = Arc::clone(self);
        registry.on::<op::GetRole, _, _>(
            |call, i| access::on::<op::GetRole>(call, "role", &i.role_name),
            move |ctx, i| std::future::ready(roles::get(&iam, &ctx, &i)),
        );
        let iam = Arc::clone(self);
        registry.on::<op::GetAccessKeyLastUsed, _, _>(
            |_, _| Ok(Access::PerEntry),
            move |ctx, i| std::future::ready(keys::last_used(&iam, &ctx, &i)),
        );
        registry.on::<sts_op::DecodeAuthorizationMessage, _, _>(
            |_, _| access::everywhere::<sts_op::DecodeAuthorizationMessage>(),
            |ctx, i| std::future::ready(explain::decode(&ctx, &i)),
        );
        registry.on::<mastic_op::CreateAccount, _, _>(
            |_, _| access::everywhere::<mastic_op::CreateAccount>(),
            accounts::create,
        );
        registry.on::<mastic_op::ListAccounts, _, _>(
            |_, _| access::everywhere::<mastic_op::ListAccounts>(),
            accounts::list,
        );
        let iam = Arc::clone(self);
        registry.on::<mastic_op::SignIn, _, _>(
            |_, _| Ok(Access::Anybody),
            move |ctx, i| {
                let iam = Arc::clone(&iam);
                async move { people::sign_in::sign_in(&iam, ctx, i).await }
            },
        );
        let iam = Arc::clone(self);
        registry.on::<mastic_op::Preflight, _, _>(preflight::access, move |ctx, i| {
            let iam = Arc::clone(&iam);
            async move { preflight::preflight(&iam, ctx, i).await }
        });
        let iam = Arc::clone(self);
        registry.on::<mastic_op::ExplainRequest, _, _>(
            |_, _| access::everywhere::<mastic_op::ExplainRequest>(),
            move |ctx, i| {
                let iam = Arc::clone(&iam);
                async move { explain::explain(&iam, ctx, i).await }
            },
        );
    }
}

fn register_users(registry: &mut Registry) {
    registry.on::<op::CreateUser, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.user_name.as_str());
            access::creating::<op::CreateUser>(
                call,
                "user",
                name,
                i.tags.as_ref(),
                i.permissions_boundary.as_ref(),
            )
        },
        users::create,
    );
    registry.on::<op::GetUser, _, _>(
        |call, i| access::on_user::<op::GetUser>(call, i.user_name.as_ref()),
        users::get,
    );
    registry.on::<op::UpdateUser, _, _>(
        |call, i| access::on::<op::UpdateUser>(call, "user", &i.user_name),
        users::update,
    );
    registry.on::<op::DeleteUser, _, _>(
        |call, i| access::on::<op::DeleteUser>(call, "user", &i.user_name),
        users::delete,
    );
    registry.on::<op::ListUsers, _, _>(
        |call, i| access::listing::<op::ListUsers>(call, "user", i.path_prefix.as_ref()),
        users::list,
    );
    registry.on::<op::TagUser, _, _>(
        |call, i| access::tagging::<op::TagUser>(call, "user", &i.user_name, &i.tags),
        users::tag,
    );
    registry.on::<op::UntagUser, _, _>(
        |call, i| access::untagging::<op::UntagUser>(call, "user", &i.user_name, &i.tag_keys),
        users::untag,
    );
    registry.on::<op::ListUserTags, _, _>(
        |call, i| access::on::<op::ListUserTags>(call, "user", &i.user_name),
        users::list_tags,
    );
    registry.on::<op::ListGroupsForUser, _, _>(
        |call, i| access::on::<op::ListGroupsForUser>(call, "user", &i.user_name),
        groups::list_for_user,
    );
    registry.on::<op::CreateAccessKey, _, _>(
        |call, i| access::on_user::<op::CreateAccessKey>(call, i.user_name.as_ref()),
        keys::create,
    );
    registry.on::<op::ListAccessKeys, _, _>(
        |call, i| access::on_user::<op::ListAccessKeys>(call, i.user_name.as_ref()),
        keys::list,
    );
    registry.on::<op::UpdateAccessKey, _, _>(
        |call, i| access::on_user::<op::UpdateAccessKey>(call, i.user_name.as_ref()),
        keys::update,
    );
    registry.on::<op::DeleteAccessKey, _, _>(
        |call, i| access::on_user::<op::DeleteAccessKey>(call, i.user_name.as_ref()),
        keys::delete,
    );
}

fn register_groups(registry: &mut Registry) {
    registry.on::<op::CreateGroup, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.group_name.as_str());
            access::creating::<op::CreateGroup>(call, "group", name, None, None)
        },
        groups::create,
    );
    registry.on::<op::GetGroup, _, _>(
        |call, i| access::on::<op::GetGroup>(call, "group", &i.group_name),
        groups::get,
    );
    registry.on::<op::UpdateGroup, _, _>(
        |call, i| access::on::<op::UpdateGroup>(call, "group", &i.group_name),
        groups::update,
    );
    registry.on::<op::DeleteGroup, _, _>(
        |call, i| access::on::<op::DeleteGroup>(call, "group", &i.group_name),
        groups::delete,
    );
    registry.on::<op::ListGroups, _, _>(
        |call, i| access::listing::<op::ListGroups>(call, "group", i.path_prefix.as_ref()),
        groups::list,
    );
    registry.on::<op::AddUserToGroup, _, _>(
        |call, i| access::on::<op::AddUserToGroup>(call, "group", &i.group_name),
        groups::add_user,
    );
    registry.on::<op::RemoveUserFromGroup, _, _>(
        |call, i| access::on::<op::RemoveUserFromGroup>(call, "group", &i.group_name),
        groups::remove_user,
    );
}

fn register_roles(registry: &mut Registry) {
    registry.on::<op::CreateRole, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.role_name.as_str());
            access::creating::<op::CreateRole>(
                call,
                "role",
                name,
                i.tags.as_ref(),
                i.permissions_boundary.as_ref(),
            )
        },
        roles::create,
    );
    registry.on::<op::UpdateRole, _, _>(
        |call, i| access::on::<op::UpdateRole>(call, "role", &i.role_name),
        roles::update,
    );
    registry.on::<op::UpdateRoleDescription, _, _>(
        |call, i| access::on::<op::UpdateRoleDescription>(call, "role", &i.role_name),
        roles::update_description,
    );
    registry.on::<op::UpdateAssumeRolePolicy, _, _>(
        |call, i| access::on::<op::UpdateAssumeRolePolicy>(call, "role", &i.role_name),
        roles::update_trust,
    );
    registry.on::<op::DeleteRole, _, _>(
        |call, i| access::on::<op::DeleteRole>(call, "role", &i.role_name),
        roles::delete,
    );
    registry.on::<op::ListRoleTags, _, _>(
        |call, i| access::on::<op::ListRoleTags>(call, "role", &i.role_name),
        roles::list_tags,
    );
    registry.on::<op::ListRoles, _, _>(
        |call, i| access::listing::<op::ListRoles>(call, "role", i.path_prefix.as_ref()),
        roles::list,
    );
    registry.on::<op::TagRole, _, _>(
        |call, i| access::tagging::<op::TagRole>(call, "role", &i.role_name, &i.tags),
        roles::tag,
    );
    registry.on::<op::UntagRole, _, _>(
        |call, i| access::untagging::<op::UntagRole>(call, "role", &i.role_name, &i.tag_keys),
        roles::untag,
    );
}

fn register_policies(registry: &mut Registry) {
    registry.on::<op::CreatePolicy, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.policy_name.as_str());
            access::creating::<op::CreatePolicy>(call, "policy", name, i.tags.as_ref(), None)
        },
        policies::create,
    );
    registry.on::<op::GetPolicy, _, _>(
        |call, i| access::on_policy::<op::GetPolicy>(call, &i.policy_arn),
        policies::get,
    );
    registry.on::<op::DeletePolicy, _, _>(
        |call, i| access::on_policy::<op::DeletePolicy>(call, &i.policy_arn),
        policies::delete,
    );
    registry.on::<op::ListPolicies, _, _>(
        |call, i| access::listing::<op::ListPolicies>(call, "policy", i.path_prefix.as_ref()),
        policies::list,
    );
    registry.on::<op::TagPolicy, _, _>(
        |call, i| access::tagging_policy::<op::TagPolicy>(call, &i.policy_arn, &i.tags),
        policies::tag,
    );
    registry.on::<op::UntagPolicy, _, _>(
        |call, i| access::untagging_policy::<op::UntagPolicy>(call, &i.policy_arn, &i.tag_keys),
        policies::untag,
    );
    registry.on::<op::ListPolicyTags, _, _>(
        |call, i| access::on_policy::<op::ListPolicyTags>(call, &i.policy_arn),
        policies::list_tags,
    );
    registry.on::<op::CreatePolicyVersion, _, _>(
        |call, i| access::on_policy::<op::CreatePolicyVersion>(call, &i.policy_arn),
        versions::create,
    );
    registry.on::<op::GetPolicyVersion, _, _>(
        |call, i| access::on_policy::<op::GetPolicyVersion>(call, &i.policy_arn),
        versions::get,
    );
    registry.on::<op::ListPolicyVersions, _, _>(
        |call, i| access::on_policy::<op::ListPolicyVersions>(call, &i.policy_arn),
        versions::list,
    );
    registry.on::<op::DeletePolicyVersion, _, _>(
        |call, i| access::on_policy::<op::DeletePolicyVersion>(call, &i.policy_arn),
        versions::delete,
    );
    registry.on::<op::SetDefaultPolicyVersion, _, _>(
        |call, i| access::on_policy::<op::SetDefaultPolicyVersion>(call, &i.policy_arn),
        versions::set_default,
    );
    registry.on::<op::ListEntitiesForPolicy, _, _>(
        |call, i| access::on_policy::<op::ListEntitiesForPolicy>(call, &i.policy_arn),
        attachments::list_entities,
    );
}

fn register_attachments(registry: &mut Registry) {
    registry.on::<op::AttachUserPolicy, _, _>(
        |call, i| access::attaching::<op::AttachUserPolicy>(call, "user", &i.user_name, &i.policy_arn),
        |ctx, i| attachments::attach::<User>(ctx, i.user_name, i.policy_arn),
    );
    registry.on::<op::DetachUserPolicy, _, _>(
        |call, i| access::attaching::<op::DetachUserPolicy>(call, "user", &i.user_name, &i.policy_arn),
        |ctx, i| attachments::detach::<User>(ctx, i.user_name, i.policy_arn),
    );
    registry.on::<op::ListAttachedUserPolicies, _, _>(
        |call, i| access::on::<op::ListAttachedUserPolicies>(call, "user", &i.user_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = attachments::list::<User>(&ctx, &i.user_name, i.path_prefix.as_deref(), &page)?;
            Ok(t::ListAttachedUserPoliciesResponse {
                attached_policies: Some(listed.items),
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
    registry.on::<op::PutUserPermissionsBoundary, _, _>(
        |call, i| {
            access::bounding::<op::PutUserPermissionsBoundary>(
                call,
                "user",
                &i.user_name,
                &i.permissions_boundary,
            )
        },
        |ctx, i| boundaries::put::<User>(ctx, i.user_name, i.permissions_boundary),
    );
    registry.on::<op::DeleteUserPermissionsBoundary, _, _>(
        |call, i| access::on::<op::DeleteUserPermissionsBoundary>(call, "user", &i.user_name),
        |ctx, i| boundaries::delete::<User>(ctx, i.user_name),
    );
    registry.on::<op::AttachGroupPolicy, _, _>(
        |call, i| access::attaching::<op::AttachGroupPolicy>(call, "group", &i.group_name, &i.policy_arn),
        |ctx, i| attachments::attach::<Group>(ctx, i.group_name, i.policy_arn),
    );
    registry.on::<op::DetachGroupPolicy, _, _>(
        |call, i| access::attaching::<op::DetachGroupPolicy>(call, "group", &i.group_name, &i.policy_arn),
        |ctx, i| attachments::detach::<Group>(ctx, i.group_name, i.policy_arn),
    );
    registry.on::<op::ListAttachedGroupPolicies, _, _>(
        |call, i| access::on::<op::ListAttachedGroupPolicies>(call, "group", &i.group_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = attachments::list::<Group>(&ctx, &i.group_name, i.path_prefix.as_deref(), &page)?;
            Ok(t::ListAttachedGroupPoliciesResponse {
                attached_policies: Some(listed.items),
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
    registry.on::<op::AttachRolePolicy, _, _>(
        |call, i| access::attaching::<op::AttachRolePolicy>(call, "role", &i.role_name, &i.policy_arn),
        |ctx, i| attachments::attach::<Role>(ctx, i.role_name, i.policy_arn),
    );
    registry.on::<op::DetachRolePolicy, _, _>(
        |call, i| access::attaching::<op::DetachRolePolicy>(call, "role", &i.role_name, &i.policy_arn),
        |ctx, i| attachments::detach::<Role>(ctx, i.role_name, i.policy_arn),
    );
    registry.on::<op::ListAttachedRolePolicies, _, _>(
        |call, i| access::on::<op::ListAttachedRolePolicies>(call, "role", &i.role_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = attachments::list::<Role>(&ctx, &i.role_name, i.path_prefix.as_deref(), &page)?;
            Ok(t::ListAttachedRolePoliciesResponse {
                attached_policies: Some(listed.items),
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
    registry.on::<op::PutRolePermissionsBoundary, _, _>(
        |call, i| {
            access::bounding::<op::PutRolePermissionsBoundary>(
                call,
                "role",
                &i.role_name,
                &i.permissions_boundary,
            )
        },
        |ctx, i| boundaries::put::<Role>(ctx, i.role_name, i.permissions_boundary),
    );
    registry.on::<op::DeleteRolePermissionsBoundary, _, _>(
        |call, i| access::on::<op::DeleteRolePermissionsBoundary>(call, "role", &i.role_name),
        |ctx, i| boundaries::delete::<Role>(ctx, i.role_name),
    );
}

fn register_inline(registry: &mut Registry) {
    registry.on::<op::PutUserPolicy, _, _>(
        |call, i| access::on::<op::PutUserPolicy>(call, "user", &i.user_name),
        |ctx, i| inline::put::<User>(ctx, i.user_name, i.policy_name, i.policy_document),
    );
    registry.on::<op::GetUserPolicy, _, _>(
        |call, i| access::on::<op::GetUserPolicy>(call, "user", &i.user_name),
        |ctx, i| async move {
            let (user_name, policy_document) = inline::get::<User>(&ctx, &i.user_name, &i.policy_name)?;
            Ok(t::GetUserPolicyResponse { user_name, policy_name: i.policy_name, policy_document })
        },
    );
    registry.on::<op::DeleteUserPolicy, _, _>(
        |call, i| access::on::<op::DeleteUserPolicy>(call, "user", &i.user_name),
        |ctx, i| inline::delete::<User>(ctx, i.user_name, i.policy_name),
    );
    registry.on::<op::ListUserPolicies, _, _>(
        |call, i| access::on::<op::ListUserPolicies>(call, "user", &i.user_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = inline::list::<User>(&ctx, &i.user_name, &page)?;
            Ok(t::ListUserPoliciesResponse {
                policy_names: listed.items,
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
    registry.on::<op::PutGroupPolicy, _, _>(
        |call, i| access::on::<op::PutGroupPolicy>(call, "group", &i.group_name),
        |ctx, i| inline::put::<Group>(ctx, i.group_name, i.policy_name, i.policy_document),
    );
    registry.on::<op::GetGroupPolicy, _, _>(
        |call, i| access::on::<op::GetGroupPolicy>(call, "group", &i.group_name),
        |ctx, i| async move {
            let (group_name, policy_document) = inline::get::<Group>(&ctx, &i.group_name, &i.policy_name)?;
            Ok(t::GetGroupPolicyResponse { group_name, policy_name: i.policy_name, policy_document })
        },
    );
    registry.on::<op::DeleteGroupPolicy, _, _>(
        |call, i| access::on::<op::DeleteGroupPolicy>(call, "group", &i.group_name),
        |ctx, i| inline::delete::<Group>(ctx, i.group_name, i.policy_name),
    );
    registry.on::<op::ListGroupPolicies, _, _>(
        |call, i| access::on::<op::ListGroupPolicies>(call, "group", &i.group_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = inline::list::<Group>(&ctx, &i.group_name, &page)?;
            Ok(t::ListGroupPoliciesResponse {
                policy_names: listed.items,
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
    registry.on::<op::PutRolePolicy, _, _>(
        |call, i| access::on::<op::PutRolePolicy>(call, "role", &i.role_name),
        |ctx, i| inline::put::<Role>(ctx, i.role_name, i.policy_name, i.policy_document),
    );
    registry.on::<op::GetRolePolicy, _, _>(
        |call, i| access::on::<op::GetRolePolicy>(call, "role", &i.role_name),
        |ctx, i| async move {
            let (role_name, policy_document) = inline::get::<Role>(&ctx, &i.role_name, &i.policy_name)?;
            Ok(t::GetRolePolicyResponse { role_name, policy_name: i.policy_name, policy_document })
        },
    );
    registry.on::<op::DeleteRolePolicy, _, _>(
        |call, i| access::on::<op::DeleteRolePolicy>(call, "role", &i.role_name),
        |ctx, i| inline::delete::<Role>(ctx, i.role_name, i.policy_name),
    );
    registry.on::<op::ListRolePolicies, _, _>(
        |call, i| access::on::<op::ListRolePolicies>(call, "role", &i.role_name),
        |ctx, i| async move {
            let page = Page::new(i.marker.as_deref(), i.max_items)?;
            let listed = inline::list::<Role>(&ctx, &i.role_name, &page)?;
            Ok(t::ListRolePoliciesResponse {
                policy_names: listed.items,
                is_truncated: listed.truncated,
                marker: listed.marker,
            })
        },
    );
}
