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

provider "aws" {}

data "aws_caller_identity" "me" {}

resource "aws_organizations_organization" "own" {
  feature_set                   = "ALL"
  aws_service_access_principals = ["config.amazonaws.com", "cloudtrail.amazonaws.com"]
  enabled_policy_types          = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
}

resource "aws_organizations_organizational_unit" "data" {
  name      = "data ${var.comment}"
  parent_id = aws_organizations_organization.own.roots[0].id
  tags      = { comment = var.comment }
}

resource "aws_organizations_organizational_unit" "lake" {
  name      = "lake"
  parent_id = aws_organizations_organizational_unit.data.id
}

resource "aws_organizations_account" "lake" {
  name      = "${var.name}-lake"
  email     = "${var.name}-lake@example.com"
  parent_id = var.comment == "first" ? aws_organizations_organizational_unit.lake.id : aws_organizations_organizational_unit.data.id
  role_name = "Keeper"
  tags      = { comment = var.comment }
  lifecycle { ignore_changes = [role_name] }
}

resource "aws_organizations_policy" "kept" {
  name        = "kept"
  description = var.comment
  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "glue:DeleteDatabase", Resource = "*", Sid = "Kept${var.comment}" }]
  })
  tags       = { comment = var.comment }
  depends_on = [aws_organizations_organization.own]
}

resource "aws_organizations_policy" "perimeter" {
  name = "perimeter"
  type = "RESOURCE_CONTROL_POLICY"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "*"
      Condition = { StringNotEqualsIfExists = { "aws:PrincipalOrgID" = aws_organizations_organization.own.id } }
    }]
  })
}

resource "aws_organizations_policy_attachment" "kept" {
  policy_id = aws_organizations_policy.kept.id
  target_id = aws_organizations_organizational_unit.data.id
}

resource "aws_organizations_policy_attachment" "perimeter" {
  policy_id = aws_organizations_policy.perimeter.id
  target_id = aws_organizations_account.lake.id
}

resource "aws_organizations_delegated_administrator" "config" {
  account_id        = aws_organizations_account.lake.id
  service_principal = "config.amazonaws.com"
  depends_on        = [aws_organizations_organization.own]
}

resource "aws_organizations_resource_policy" "readers" {
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${aws_organizations_account.lake.id}:root" }
      Action    = var.comment == "first" ? ["organizations:ListPolicies"] : ["organizations:ListPolicies", "organizations:DescribePolicy"]
      Resource  = "*"
    }]
  })
  tags = { comment = var.comment }
}

data "aws_organizations_organization" "own" {
  depends_on = [aws_organizations_account.lake]
}

data "aws_organizations_organizational_unit" "data" {
  parent_id = aws_organizations_organization.own.roots[0].id
  name      = aws_organizations_organizational_unit.data.name
}

data "aws_organizations_organizational_units" "root" {
  parent_id  = aws_organizations_organization.own.roots[0].id
  depends_on = [aws_organizations_organizational_unit.data]
}

data "aws_organizations_organizational_unit_child_accounts" "data" {
  parent_id  = aws_organizations_organizational_unit.data.id
  depends_on = [aws_organizations_account.lake]
}

data "aws_organizations_organizational_unit_descendant_accounts" "root" {
  parent_id  = aws_organizations_organization.own.roots[0].id
  depends_on = [aws_organizations_account.lake]
}

data "aws_organizations_organizational_unit_descendant_organizational_units" "root" {
  parent_id  = aws_organizations_organization.own.roots[0].id
  depends_on = [aws_organizations_organizational_unit.lake]
}

data "aws_organizations_policies" "service_control" {
  filter     = "SERVICE_CONTROL_POLICY"
  depends_on = [aws_organizations_policy.kept]
}

data "aws_organizations_policies_for_target" "data" {
  target_id  = aws_organizations_organizational_unit.data.id
  filter     = "SERVICE_CONTROL_POLICY"
  depends_on = [aws_organizations_policy_attachment.kept]
}

data "aws_organizations_policy" "kept" {
  policy_id = aws_organizations_policy.kept.id
}

data "aws_organizations_delegated_administrators" "config" {
  service_principal = "config.amazonaws.com"
  depends_on        = [aws_organizations_delegated_administrator.config]
}

data "aws_organizations_delegated_services" "lake" {
  account_id = aws_organizations_account.lake.id
  depends_on = [aws_organizations_delegated_administrator.config]
}

data "aws_organizations_resource_tags" "data" {
  resource_id = aws_organizations_organizational_unit.data.id
}

output "seen" {
  value = {
    accounts    = length(data.aws_organizations_organization.own.accounts)
    unit        = data.aws_organizations_organizational_unit.data.id == aws_organizations_organizational_unit.data.id
    units       = length(data.aws_organizations_organizational_units.root.children)
    descendants = length(data.aws_organizations_organizational_unit_descendant_accounts.root.accounts)
    below       = length(data.aws_organizations_organizational_unit_descendant_organizational_units.root.children)
    policies    = length(data.aws_organizations_policies.service_control.ids)
    here        = length(data.aws_organizations_policies_for_target.data.ids)
    kept        = data.aws_organizations_policy.kept.name
    delegates   = length(data.aws_organizations_delegated_administrators.config.delegated_administrators)
    delegated   = length(data.aws_organizations_delegated_services.lake.delegated_services)
    tags        = data.aws_organizations_resource_tags.data.tags
  }
}
