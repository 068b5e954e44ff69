terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }

variable "metadata" { type = string }

variable "changed" {
  type    = bool
  default = false
}

locals { tags = { stage = var.changed ? "second" : "first" } }

provider "aws" {}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://${var.name}.example.com/ci"
  client_id_list  = var.changed ? ["sts.amazonaws.com", "mastic"] : ["sts.amazonaws.com"]
  thumbprint_list = [var.changed ? "cf23df2207d99a74fbe169e3eba035e633b65d94" : "990f4193972f2becf12ddeda5237f9c952f20d9e"]
  tags            = local.tags
}

resource "aws_iam_saml_provider" "people" {
  name                   = var.name
  saml_metadata_document = var.changed ? "${file(var.metadata)}\n" : file(var.metadata)
  tags                   = local.tags
}

resource "aws_iam_security_token_service_preferences" "tokens" {
  global_endpoint_token_version = var.changed ? "v1Token" : "v2Token"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.ci.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${var.name}.example.com/ci:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "ci" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_openid_connect_provider" "ci" {
  arn = aws_iam_openid_connect_provider.ci.arn
}

data "aws_iam_saml_provider" "people" {
  arn = aws_iam_saml_provider.people.arn
}

output "url" { value = data.aws_iam_openid_connect_provider.ci.url }
output "valid_until" { value = data.aws_iam_saml_provider.people.valid_until }
