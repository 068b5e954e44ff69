terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }

variable "comment" {
  type    = string
  default = "first"
}

variable "action" {
  type    = string
  default = "s3:GetObject"
}

provider "aws" {}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com", "glue.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = [var.action]
    resources = ["arn:aws:s3:::${var.name}/*"]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["true"]
    }
  }
}

resource "aws_iam_policy" "read" {
  name        = "${var.name}-read"
  path        = "/data/"
  description = "What readers may do."
  policy      = data.aws_iam_policy_document.read.json
  tags        = { comment = var.comment }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "${var.name}-boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:*", "glue:*"], Resource = "*" }]
  })
}

# Roles.

resource "aws_iam_role" "worker" {
  name                  = "${var.name}-worker"
  path                  = "/data/"
  description           = var.comment
  assume_role_policy    = data.aws_iam_policy_document.trust.json
  max_session_duration  = var.comment == "first" ? 3600 : 7200
  permissions_boundary  = aws_iam_policy.boundary.arn
  force_detach_policies = true
  tags                  = { comment = var.comment, kept = "yes" }
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policies_exclusive" "worker" {
  role_name    = aws_iam_role.worker.name
  policy_names = [aws_iam_role_policy.own.name]
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy_attachments_exclusive" "worker" {
  role_name   = aws_iam_role.worker.name
  policy_arns = [aws_iam_role_policy_attachment.read.policy_arn]
}

resource "aws_iam_instance_profile" "machine" {
  name = "${var.name}-machine"
  path = "/data/"
  role = aws_iam_role.worker.name
  tags = { comment = var.comment }
}

resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = var.name
  description      = var.comment
  tags             = { comment = var.comment }
}

# People.

resource "aws_iam_user" "ann" {
  name                 = var.comment == "first" ? "${var.name}-ann" : "${var.name}-anna"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  force_destroy        = true
  # The provider tags before it renames, so that both at once fail on AWS too.
  tags = { kept = "yes" }
}

resource "aws_iam_user" "bob" {
  name = "${var.name}-bob"
  tags = { comment = var.comment }
}

resource "aws_iam_access_key" "ann" {
  user   = aws_iam_user.ann.name
  status = var.comment == "first" ? "Active" : "Inactive"
}

resource "aws_iam_user_policy" "own" {
  name   = "own"
  user   = aws_iam_user.bob.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policies_exclusive" "bob" {
  user_name    = aws_iam_user.bob.name
  policy_names = [aws_iam_user_policy.own.name]
}

resource "aws_iam_user_policy_attachment" "read" {
  user       = aws_iam_user.bob.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_user_policy_attachments_exclusive" "bob" {
  user_name   = aws_iam_user.bob.name
  policy_arns = [aws_iam_user_policy_attachment.read.policy_arn]
}

resource "aws_iam_group" "readers" {
  name = var.comment == "first" ? "${var.name}-readers" : "${var.name}-all-readers"
  path = "/people/"
}

resource "aws_iam_group" "writers" {
  name = "${var.name}-writers"
}

resource "aws_iam_group_membership" "readers" {
  name  = "readers"
  group = aws_iam_group.readers.name
  users = [aws_iam_user.ann.name, aws_iam_user.bob.name]
}

resource "aws_iam_user_group_membership" "bob" {
  user   = aws_iam_user.bob.name
  groups = [aws_iam_group.writers.name]
}

resource "aws_iam_group_policy" "own" {
  name   = "own"
  group  = aws_iam_group.writers.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policies_exclusive" "writers" {
  group_name   = aws_iam_group.writers.name
  policy_names = [aws_iam_group_policy.own.name]
}

resource "aws_iam_group_policy_attachment" "read" {
  group      = aws_iam_group.writers.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_group_policy_attachments_exclusive" "writers" {
  group_name  = aws_iam_group.writers.name
  policy_arns = [aws_iam_group_policy_attachment.read.policy_arn]
}

resource "aws_iam_policy_attachment" "support" {
  name       = "support"
  policy_arn = "arn:aws:iam::aws:policy/job-function/SupportUser"
  users      = [aws_iam_user.ann.name]
  groups     = [aws_iam_group.readers.name]
}

# What there is.

data "aws_iam_policy" "glue" { name = "AWSGlueServiceRole" }
data "aws_iam_policy" "read" { arn = aws_iam_policy.read.arn }
data "aws_iam_role" "worker" { name = aws_iam_role.worker.name }
data "aws_iam_user" "bob" { user_name = aws_iam_user.bob.name }
data "aws_iam_instance_profile" "machine" { name = aws_iam_instance_profile.machine.name }
data "aws_iam_session_context" "me" { arn = data.aws_caller_identity.me.arn }

data "aws_iam_roles" "data" {
  path_prefix = "/data/"
  depends_on  = [aws_iam_role.worker]
}

data "aws_iam_users" "people" {
  path_prefix = "/people/"
  depends_on  = [aws_iam_user.ann]
}

data "aws_iam_group" "readers" {
  group_name = aws_iam_group.readers.name
  depends_on = [aws_iam_group_membership.readers]
}

data "aws_iam_instance_profiles" "worker" {
  role_name  = aws_iam_role.worker.name
  depends_on = [aws_iam_instance_profile.machine]
}

data "aws_iam_access_keys" "ann" {
  user       = aws_iam_user.ann.name
  depends_on = [aws_iam_access_key.ann]
}

data "aws_iam_principal_policy_simulation" "worker" {
  policy_source_arn = aws_iam_role.worker.arn
  action_names      = ["s3:GetObject"]
  resource_arns     = ["arn:aws:s3:::${var.name}/a", "arn:aws:s3:::other/a"]

  context {
    key    = "aws:SecureTransport"
    type   = "boolean"
    values = ["true"]
  }

  depends_on = [aws_iam_role_policy_attachments_exclusive.worker, aws_iam_role_policies_exclusive.worker]
}

output "seen" {
  value = {
    allowed  = { for r in data.aws_iam_principal_policy_simulation.worker.results : r.resource_arn => r.decision }
    glue     = data.aws_iam_policy.glue.arn
    keys     = length(data.aws_iam_access_keys.ann.access_keys)
    members  = length(data.aws_iam_group.readers.users)
    people   = length(data.aws_iam_users.people.names)
    profiles = data.aws_iam_instance_profiles.worker.names
    roles    = data.aws_iam_roles.data.names
    session  = data.aws_iam_session_context.me.issuer_arn
  }
}
