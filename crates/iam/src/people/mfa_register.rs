//! What the operations on MFA devices ask of their caller, and who serves them.

use mastic_api_iam::iam::op;
use mastic_kernel::Registry;

use super::mfa;
use crate::access;

pub(super) fn register(registry: &mut Registry) {
    registry.on::<op::CreateVirtualMFADevice, _, _>(
        |call, i| {
            let name = (i.path.as_ref(), i.virtual_mfa_device_name.as_str());
            access::creating::<op::CreateVirtualMFADevice>(call, "mfa", name, i.tags.as_ref(), None)
        },
        mfa::create,
    );
    registry.on::<op::EnableMFADevice, _, _>(
        |call, i| access::on::<op::EnableMFADevice>(call, "user", &i.user_name),
        mfa::enable,
    );
    registry.on::<op::ResyncMFADevice, _, _>(
        |call, i| access::on::<op::ResyncMFADevice>(call, "user", &i.user_name),
        mfa::resync,
    );
    registry.on::<op::DeactivateMFADevice, _, _>(
        |call, i| access::on_user::<op::DeactivateMFADevice>(call, i.user_name.as_ref()),
        mfa::deactivate,
    );
    registry.on::<op::DeleteVirtualMFADevice, _, _>(
        |call, i| access::on_policy::<op::DeleteVirtualMFADevice>(call, &i.serial_number),
        mfa::delete,
    );
    registry.on::<op::ListMFADevices, _, _>(
        |call, i| access::on_user::<op::ListMFADevices>(call, i.user_name.as_ref()),
        mfa::list,
    );
    registry.on::<op::GetMFADevice, _, _>(
        |call, i| access::on_user::<op::GetMFADevice>(call, i.user_name.as_ref()),
        mfa::get,
    );
    registry.on::<op::ListVirtualMFADevices, _, _>(
        |_, _| access::everywhere::<op::ListVirtualMFADevices>(),
        mfa::list_virtual,
    );
    registry.on::<op::TagMFADevice, _, _>(
        |call, i| access::tagging_policy::<op::TagMFADevice>(call, &i.serial_number, &i.tags),
        mfa::tag,
    );
    registry.on::<op::UntagMFADevice, _, _>(
        |call, i| access::untagging_policy::<op::UntagMFADevice>(call, &i.serial_number, &i.tag_keys),
        mfa::untag,
    );
    registry.on::<op::ListMFADeviceTags, _, _>(
        |call, i| access::on_policy::<op::ListMFADeviceTags>(call, &i.serial_number),
        mfa::list_tags,
    );
}
