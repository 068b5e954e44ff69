terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }

variable "data" { type = string }

variable "changed" {
  type    = bool
  default = false
}

locals { status = var.changed ? "Inactive" : "Active" }

provider "aws" {}

resource "aws_iam_user" "person" {
  name          = var.name
  force_destroy = true
}

resource "aws_iam_user_login_profile" "person" {
  user                    = aws_iam_user.person.name
  password_length         = 24
  password_reset_required = true
  depends_on              = [aws_iam_account_password_policy.rules]
}

resource "aws_iam_virtual_mfa_device" "phone" {
  virtual_mfa_device_name = var.name
  path                    = "/phones/"
  tags                    = { kind = var.changed ? "old" : "new" }
}

resource "aws_iam_account_alias" "team" {
  account_alias = var.changed ? "${var.name}-2" : var.name
}

resource "aws_iam_account_password_policy" "rules" {
  minimum_password_length        = var.changed ? 16 : 14
  require_lowercase_characters   = true
  require_numbers                = true
  require_uppercase_characters   = true
  require_symbols                = true
  allow_users_to_change_password = var.changed
  max_password_age               = 90
  password_reuse_prevention      = 3
  hard_expiry                    = var.changed
}

resource "aws_iam_server_certificate" "www" {
  name              = var.changed ? "${var.name}-2" : var.name
  path              = "/web/"
  certificate_body  = file("${var.data}/server.pem")
  certificate_chain = file("${var.data}/ca.pem")
  private_key       = file("${var.data}/server.key")
  tags              = { kind = "web" }
}

resource "aws_iam_signing_certificate" "person" {
  user_name        = aws_iam_user.person.name
  certificate_body = file("${var.data}/ec.pem")
  status           = local.status
}

resource "aws_iam_service_specific_credential" "git" {
  user_name    = aws_iam_user.person.name
  service_name = "codecommit.amazonaws.com"
  status       = local.status
}

resource "aws_iam_user_ssh_key" "line" {
  username   = aws_iam_user.person.name
  encoding   = "SSH"
  public_key = file("${var.data}/rsa.pub")
  status     = local.status
}

data "aws_iam_account_alias" "team" {
  depends_on = [aws_iam_account_alias.team]
}

data "aws_iam_server_certificate" "www" {
  name = aws_iam_server_certificate.www.name
}

data "aws_iam_user_ssh_key" "line" {
  username          = aws_iam_user.person.name
  ssh_public_key_id = aws_iam_user_ssh_key.line.ssh_public_key_id
  encoding          = "PEM"
}

output "alias" { value = data.aws_iam_account_alias.team.account_alias }
output "fingerprint" { value = data.aws_iam_user_ssh_key.line.fingerprint }
output "certificate" { value = data.aws_iam_server_certificate.www.arn }
output "password" {
  value     = aws_iam_user_login_profile.person.password
  sensitive = true
}
