//! Who plays: the accounts, roles and users of the demo, and their policies.

use mastic_api_iam::iam::op::{
    AddUserToGroup, AttachGroupPolicy, AttachRolePolicy, CreateAccessKey, CreateGroup, CreateRole,
    CreateUser, PutGroupPolicy, PutRolePolicy,
};
use mastic_api_iam::iam::types::{
    AddUserToGroupRequest, AttachGroupPolicyRequest, AttachRolePolicyRequest, CreateAccessKeyRequest,
    CreateGroupRequest, CreateRoleRequest, CreateUserRequest, PutGroupPolicyRequest, PutRolePolicyRequest,
};
use mastic_client::{Client, Credentials};
use serde_json::json;

use super::data::{ANALYTICS_BUCKET, STORAGE_BUCKET};
use crate::failure::Failure;

/// The account that keeps the files.
pub const STORAGE: &str = "111122223333";

/// The account that analyses them.
pub const ANALYTICS: &str = "444455556666";

/// The crawler's role.
pub const CRAWLER_ROLE: &str = "AWSGlueServiceRole-crawler";

/// The job's role.
pub const JOB_ROLE: &str = "AWSGlueServiceRole-etl";

/// The ARN of a role of the analytics account.
pub fn role_arn(role: &str) -> String {
    format!("arn:aws:iam::{ANALYTICS}:role/{role}")
}

/// The storage account's bucket policy: these roles may read.
pub fn bucket_policy(readers: &[&str]) -> String {
    let statements: Vec<_> = readers
        .iter()
        .map(|role| {
            json!({
                "Effect": "Allow",
                "Principal": { "AWS": role_arn(role) },
                "Action": ["s3:ListBucket", "s3:GetObject"],
                "Resource": [format!("arn:aws:s3:::{STORAGE_BUCKET}"), format!("arn:aws:s3:::{STORAGE_BUCKET}/*")]
            })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Makes the roles that crawler and job work as; both may read the other account's bucket as far as
/// their own account is concerned.
pub async fn make_roles(root: &Client) -> Result<(), Failure> {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "glue.amazonaws.com" }, "Action": "sts:AssumeRole" }
        ]
    });
    let reads = json!({
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:GetObject"],
        "Resource": [format!("arn:aws:s3:::{STORAGE_BUCKET}"), format!("arn:aws:s3:::{STORAGE_BUCKET}/*")]
    });
    let writes = json!({
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": [format!("arn:aws:s3:::{ANALYTICS_BUCKET}"), format!("arn:aws:s3:::{ANALYTICS_BUCKET}/*")]
    });
    for (role, statements) in [(CRAWLER_ROLE, vec![reads.clone()]), (JOB_ROLE, vec![reads, writes])] {
        let request = CreateRoleRequest {
            role_name: role.to_owned(),
            assume_role_policy_document: trust.to_string(),
            ..CreateRoleRequest::default()
        };
        root.call::<CreateRole>(request).await?;
        let request = AttachRolePolicyRequest {
            role_name: role.to_owned(),
            policy_arn: "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole".to_owned(),
        };
        root.call::<AttachRolePolicy>(request).await?;
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let request = PutRolePolicyRequest {
            role_name: role.to_owned(),
            policy_name: "data".to_owned(),
            policy_document: document.to_string(),
        };
        root.call::<PutRolePolicy>(request).await?;
    }
    Ok(())
}

/// Makes the engineer `ana`: what she may do, she may do as a member of a group.
pub async fn make_engineer(root: &Client) -> Result<Credentials, Failure> {
    let group = "data-engineers".to_owned();
    let user = "ana".to_owned();
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": format!("arn:aws:iam::{ANALYTICS}:role/AWSGlueServiceRole*"),
                "Condition": { "StringEquals": { "iam:PassedToService": "glue.amazonaws.com" } }
            },
            { "Effect": "Allow", "Action": ["glue:*", "logs:GetLogEvents", "mastic:ExplainRequest"], "Resource": "*" }
        ]
    });
    root.call::<CreateGroup>(CreateGroupRequest { group_name: group.clone(), ..Default::default() }).await?;
    let request = PutGroupPolicyRequest {
        group_name: group.clone(),
        policy_name: "glue".to_owned(),
        policy_document: document.to_string(),
    };
    root.call::<PutGroupPolicy>(request).await?;
    let request = AttachGroupPolicyRequest {
        group_name: group.clone(),
        policy_arn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".to_owned(),
    };
    root.call::<AttachGroupPolicy>(request).await?;
    root.call::<CreateUser>(CreateUserRequest { user_name: user.clone(), ..Default::default() }).await?;
    root.call::<AddUserToGroup>(AddUserToGroupRequest { group_name: group, user_name: user.clone() }).await?;
    let key =
        root.call::<CreateAccessKey>(CreateAccessKeyRequest { user_name: Some(user) }).await?.access_key;
    Ok(Credentials {
        access_key_id: key.access_key_id,
        secret_access_key: key.secret_access_key,
        session_token: None,
    })
}
