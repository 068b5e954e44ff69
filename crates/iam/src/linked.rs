//! Service-linked roles: made from the service's template, and nobody's to change ("Create a service-linked role").

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{Access, Call, Ctx, Need, Registry};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

use crate::entities::{self, PERMISSIONS};
use crate::faults::{denied, invalid_input, no_entity, no_such, quota};
use crate::linked_services::Template;
use crate::names::{self, folded};
use crate::records::{Base, Entity, Role};
use crate::{access, gone, roles, trust};

/// The path below which AWS puts the roles.
pub(crate) const PATH: &str = "/aws-service-role/";

/// A deletion, which is over when it is asked for: no service here keeps what needs its role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Deletion {
    time: Timestamp,
}

impl Record for Deletion {
    const VERSION: u16 = 1;
}

/// Account and task id.
const DELETIONS: Keyspace<(AccountId, String), Deletion> = Keyspace::new("iam.role_deletion");

/// Serves the operations.
pub(crate) fn register(registry: &mut Registry) {
    registry.on::<op::CreateServiceLinkedRole, _, _>(creating, create);
    registry.on::<op::DeleteServiceLinkedRole, _, _>(
        |call, i| access::on::<op::DeleteServiceLinkedRole>(call, "role", &i.role_name),
        delete,
    );
    registry.on::<op::GetServiceLinkedRoleDeletionStatus, _, _>(
        |call, i| {
            let role = role_of(&i.deletion_task_id).unwrap_or_default();
            access::on::<op::GetServiceLinkedRoleDeletionStatus>(call, "role", role)
        },
        deletion,
    );
}

fn creating(call: &Call, input: &t::CreateServiceLinkedRoleRequest) -> Result<Access, Fault> {
    let account = call.caller.account.as_ref().ok_or_else(|| denied("Access Denied"))?;
    let service = &input.aws_service_name;
    let name = Template::of(service).map(|template| named(template, input.custom_suffix.as_deref()));
    let arn = names::arn(account, Role::KIND, &path(service), &name.unwrap_or_default());
    let need = Need::new("iam:CreateServiceLinkedRole", arn.as_str()).owned_by(account.clone());
    Ok(Access::All(vec![need.with("iam:AWSServiceName", [service])]))
}

fn path(service: &str) -> String {
    format!("{PATH}{service}/")
}

fn named(template: &Template, suffix: Option<&str>) -> String {
    match suffix {
        Some(suffix) => format!("{}_{suffix}", template.role),
        None => template.role.to_owned(),
    }
}

async fn create(
    ctx: Ctx,
    input: t::CreateServiceLinkedRoleRequest,
) -> Result<t::CreateServiceLinkedRoleResponse, Fault> {
    let account = ctx.account()?.clone();
    let service = input.aws_service_name;
    let template = Template::of(&service)
        .ok_or_else(|| invalid_input(format!("Cannot find Service Linked Role template for {service}")))?;
    if input.custom_suffix.is_some() && !template.takes_suffix() {
        return Err(invalid_input(format!("Custom suffix is not allowed for {service}")));
    }
    let name = named(template, input.custom_suffix.as_deref());
    if name.len() > 64 {
        return Err(invalid_input(format!("Service role name {name} is longer than 64 characters.")));
    }
    let mut base = Base::new::<Role>(name, Some(path(&service)), ctx.now(), ctx.entropy());
    base.attached = vec![template.policy_arn()];
    let role = Role {
        base,
        trust: format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        ),
        description: input.description,
        max_session: 3600,
        service: Some(service),
    };
    ctx.write(move |tx| {
        let base = &role.base;
        let key = (&account, folded(&base.name));
        if Role::SPACE.contains(tx, &key)? {
            let name = &base.name;
            return Err(invalid_input(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        if Role::SPACE.count(tx, Role::SPACE.prefix((&account,)))? >= Role::ACCOUNT_QUOTA as u64 {
            return Err(quota(Role::ACCOUNT_QUOTA_NAME, Role::ACCOUNT_QUOTA));
        }
        entities::mark::<Role>(tx, &account, &template.policy_arn(), PERMISSIONS, &base.name)?;
        Role::SPACE.put(tx, &key, &role)?;
        Ok(t::CreateServiceLinkedRoleResponse { role: Some(roles::shown(&account, &role)) })
    })
    .await
}

async fn delete(
    ctx: Ctx,
    input: t::DeleteServiceLinkedRoleRequest,
) -> Result<t::DeleteServiceLinkedRoleResponse, Fault> {
    let account = ctx.account()?.clone();
    let (time, number) = (ctx.now(), names::uuid(ctx.entropy()));
    ctx.write(move |tx| {
        let role = entities::need::<Role>(tx, &account, &input.role_name)?;
        let Some(service) = &role.service else {
            return Err(no_entity("service-linked role", &input.role_name));
        };
        let name = &role.base.name;
        for policy in &role.base.attached {
            entities::unmark::<Role>(tx, &account, policy, PERMISSIONS, name)?;
        }
        trust::rewrite(tx, &role.base.arn(&account, Role::KIND), &role.base.id, &role.base.id)?;
        Role::SPACE.delete(tx, &(&account, folded(name)))?;
        gone::note(tx, &role.base.id, time)?;
        let task = format!("task{PATH}{service}/{name}/{number}");
        DELETIONS.put(tx, &(&account, &task), &Deletion { time })?;
        Ok(t::DeleteServiceLinkedRoleResponse { deletion_task_id: task })
    })
    .await
}

/// The name of the role that a task deletes: `task/aws-service-role/SERVICE/ROLE/NUMBER`.
fn role_of(task: &str) -> Option<&str> {
    task.rsplit('/').nth(1)
}

async fn deletion(
    ctx: Ctx,
    input: t::GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<t::GetServiceLinkedRoleDeletionStatusResponse, Fault> {
    let (account, task) = (ctx.account()?, &input.deletion_task_id);
    let known = ctx.read(|tx| DELETIONS.get(tx, &(account, task.as_str())))?;
    known.ok_or_else(|| no_such(format!("The deletion task with id {task} cannot be found.")))?;
    Ok(t::GetServiceLinkedRoleDeletionStatusResponse {
        status: Some(t::DeletionTaskStatusType::Succeeded),
        reason: None,
    })
}
