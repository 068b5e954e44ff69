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

resource "aws_accessanalyzer_analyzer" "outside" {
  analyzer_name = var.name
  type          = "ACCOUNT"
  tags          = { comment = var.comment }
}

resource "aws_accessanalyzer_analyzer" "unused" {
  analyzer_name = "${var.name}_unused"
  type          = "ACCOUNT_UNUSED_ACCESS"
  configuration {
    unused_access {
      unused_access_age = 180
    }
  }
}

resource "aws_accessanalyzer_archive_rule" "known" {
  analyzer_name = aws_accessanalyzer_analyzer.outside.analyzer_name
  rule_name     = "known"

  filter {
    criteria = "principal.AWS"
    eq       = var.comment == "first" ? ["111122223333"] : ["111122223333", "444455556666"]
  }
  filter {
    criteria = "isPublic"
    exists   = true
  }
  filter {
    criteria = "resource"
    contains = ["shared"]
  }
}
