//! What the operations on credentials ask of their caller, and who serves them.

use std::sync::Arc;

use mastic_api_iam::iam::op;
use mastic_core::Fault;
use mastic_kernel::{Access, Registry};

use super::{
    aliases, certificates, logins, password_policy, report, service_credentials, signing, ssh_keys, summary,
};
use crate::{Iam, access};

/// Serves the operations of this module except those on MFA devices.
pub(super) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    register_passwords(registry);
    register_ssh_keys(registry);
    register_signing(registry);
    register_certificates(registry);
    register_service_credentials(registry);
    register_account(iam, registry);
}

fn register_passwords(registry: &mut Registry) {
    registry.on::<op::CreateLoginProfile, _, _>(
        |call, i| access::on_user::<op::CreateLoginProfile>(call, i.user_name.as_ref()),
        logins::create,
    );
    registry.on::<op::GetLoginProfile, _, _>(
        |call, i| access::on_user::<op::GetLoginProfile>(call, i.user_name.as_ref()),
        logins::get,
    );
    registry.on::<op::UpdateLoginProfile, _, _>(
        |call, i| access::on::<op::UpdateLoginProfile>(call, "user", &i.user_name),
        logins::update,
    );
    registry.on::<op::DeleteLoginProfile, _, _>(
        |call, i| access::on_user::<op::DeleteLoginProfile>(call, i.user_name.as_ref()),
        logins::delete,
    );
    // The account's password policy may grant these two to all of its users, which only the handlers can see.
    registry.on::<op::ChangePassword, _, _>(per_entry, logins::change);
    registry.on::<op::GetAccountPasswordPolicy, _, _>(per_entry, password_policy::get);
    registry.on::<op::UpdateAccountPasswordPolicy, _, _>(
        |_, _| access::everywhere::<op::UpdateAccountPasswordPolicy>(),
        password_policy::update,
    );
    registry.on::<op::DeleteAccountPasswordPolicy, _, _>(
        |_, ()| access::everywhere::<op::DeleteAccountPasswordPolicy>(),
        password_policy::delete,
    );
}

fn per_entry<I>(_: &mastic_kernel::Call, _: &I) -> Result<Access, Fault> {
    Ok(Access::PerEntry)
}

fn register_ssh_keys(registry: &mut Registry) {
    registry.on::<op::UploadSSHPublicKey, _, _>(
        |call, i| access::on::<op::UploadSSHPublicKey>(call, "user", &i.user_name),
        ssh_keys::upload,
    );
    registry.on::<op::GetSSHPublicKey, _, _>(
        |call, i| access::on::<op::GetSSHPublicKey>(call, "user", &i.user_name),
        ssh_keys::get,
    );
    registry.on::<op::ListSSHPublicKeys, _, _>(
        |call, i| access::on_user::<op::ListSSHPublicKeys>(call, i.user_name.as_ref()),
        ssh_keys::list,
    );
    registry.on::<op::UpdateSSHPublicKey, _, _>(
        |call, i| access::on::<op::UpdateSSHPublicKey>(call, "user", &i.user_name),
        ssh_keys::update,
    );
    registry.on::<op::DeleteSSHPublicKey, _, _>(
        |call, i| access::on::<op::DeleteSSHPublicKey>(call, "user", &i.user_name),
        ssh_keys::delete,
    );
}

fn register_signing(registry: &mut Registry) {
    registry.on::<op::UploadSigningCertificate, _, _>(
        |call, i| access::on_user::<op::UploadSigningCertificate>(call, i.user_name.as_ref()),
        signing::upload,
    );
    registry.on::<op::ListSigningCertificates, _, _>(
        |call, i| access::on_user::<op::ListSigningCertificates>(call, i.user_name.as_ref()),
        signing::list,
    );
    registry.on::<op::UpdateSigningCertificate, _, _>(
        |call, i| access::on_user::<op::UpdateSigningCertificate>(call, i.user_name.as_ref()),
        signing::update,
    );
    registry.on::<op::DeleteSigningCertificate, _, _>(
        |call, i| access::on_user::<op::DeleteSigningCertificate>(call, i.user_name.as_ref()),
        signing::delete,
    );
}

fn register_certificates(registry: &mut Registry) {
    registry.on::<op::UploadServerCertificate, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.server_certificate_name.as_str());
            let tags = i.tags.as_ref();
            access::creating::<op::UploadServerCertificate>(call, certificates::KIND, name, tags, None)
        },
        certificates::upload,
    );
    registry.on::<op::GetServerCertificate, _, _>(
        |call, i| {
            access::on::<op::GetServerCertificate>(call, certificates::KIND, &i.server_certificate_name)
        },
        certificates::get,
    );
    registry.on::<op::ListServerCertificates, _, _>(
        |_, _| access::everywhere::<op::ListServerCertificates>(),
        certificates::list,
    );
    registry.on::<op::UpdateServerCertificate, _, _>(
        |call, i| {
            access::on::<op::UpdateServerCertificate>(call, certificates::KIND, &i.server_certificate_name)
        },
        certificates::update,
    );
    registry.on::<op::DeleteServerCertificate, _, _>(
        |call, i| {
            access::on::<op::DeleteServerCertificate>(call, certificates::KIND, &i.server_certificate_name)
        },
        certificates::delete,
    );
    registry.on::<op::TagServerCertificate, _, _>(
        |call, i| {
            let name = &i.server_certificate_name;
            access::tagging::<op::TagServerCertificate>(call, certificates::KIND, name, &i.tags)
        },
        certificates::tag,
    );
    registry.on::<op::UntagServerCertificate, _, _>(
        |call, i| {
            let name = &i.server_certificate_name;
            access::untagging::<op::UntagServerCertificate>(call, certificates::KIND, name, &i.tag_keys)
        },
        certificates::untag,
    );
    registry.on::<op::ListServerCertificateTags, _, _>(
        |call, i| {
            let name = &i.server_certificate_name;
            access::on::<op::ListServerCertificateTags>(call, certificates::KIND, name)
        },
        certificates::list_tags,
    );
}

fn register_service_credentials(registry: &mut Registry) {
    registry.on::<op::CreateServiceSpecificCredential, _, _>(
        service_credentials::creating,
        service_credentials::create,
    );
    registry.on::<op::ListServiceSpecificCredentials, _, _>(
        service_credentials::listing,
        service_credentials::list,
    );
    // Which service a credential is for, policies may ask; only its record tells.
    registry.on::<op::ResetServiceSpecificCredential, _, _>(per_entry, service_credentials::reset);
    registry.on::<op::UpdateServiceSpecificCredential, _, _>(per_entry, service_credentials::update);
    registry.on::<op::DeleteServiceSpecificCredential, _, _>(per_entry, service_credentials::delete);
}

fn register_account(iam: &Arc<Iam>, registry: &mut Registry) {
    registry.on::<op::CreateAccountAlias, _, _>(
        |_, _| access::everywhere::<op::CreateAccountAlias>(),
        aliases::create,
    );
    registry.on::<op::DeleteAccountAlias, _, _>(
        |_, _| access::everywhere::<op::DeleteAccountAlias>(),
        aliases::delete,
    );
    registry.on::<op::ListAccountAliases, _, _>(
        |_, _| access::everywhere::<op::ListAccountAliases>(),
        aliases::list,
    );
    registry.on::<op::GetAccountSummary, _, _>(
        |_, ()| access::everywhere::<op::GetAccountSummary>(),
        summary::get,
    );
    let iam = Arc::clone(iam);
    registry.on::<op::GenerateCredentialReport, _, _>(
        |_, ()| access::everywhere::<op::GenerateCredentialReport>(),
        move |ctx, ()| {
            let iam = Arc::clone(&iam);
            async move { report::generate(&iam, ctx).await }
        },
    );
    registry.on::<op::GetCredentialReport, _, _>(
        |_, ()| access::everywhere::<op::GetCredentialReport>(),
        report::get,
    );
}
