# The documents of Glue's catalog besides tables; `comment` changes what can be changed.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {}

variable "name" {
  type = string
}

variable "comment" {
  type    = string
  default = "made"
}

data "aws_caller_identity" "me" {}

resource "aws_glue_catalog_database" "home" {
  name = var.name
}

resource "aws_glue_user_defined_function" "squash" {
  name          = "squash"
  database_name = aws_glue_catalog_database.home.name
  catalog_id    = aws_glue_catalog_database.home.catalog_id
  class_name    = "com.example.${var.comment}"
  owner_name    = "hive"
  owner_type    = "GROUP"

  resource_uris {
    resource_type = "ARCHIVE"
    uri           = "s3://bucket/squash.zip"
  }
}

resource "aws_glue_connection" "database" {
  name        = "${var.name}-database"
  description = var.comment

  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://db.example.com:5432/sales"
    USERNAME            = "glue"
    PASSWORD            = "secret-${var.comment}"
  }

  physical_connection_requirements {
    availability_zone      = "us-east-1a"
    security_group_id_list = ["sg-1"]
    subnet_id              = "subnet-1"
  }

  tags = {
    comment = var.comment
  }
}

resource "aws_glue_connection" "network" {
  name            = "${var.name}-network"
  connection_type = "NETWORK"
  match_criteria  = ["a"]

  physical_connection_requirements {
    availability_zone      = "us-east-1a"
    security_group_id_list = ["sg-1"]
    subnet_id              = "subnet-1"
  }
}

resource "aws_glue_connection" "kafka" {
  name            = "${var.name}-kafka"
  connection_type = "KAFKA"

  connection_properties = {
    KAFKA_BOOTSTRAP_SERVERS = "broker.example.com:9094,${var.comment}.example.com:9094"
  }
}

resource "aws_glue_security_configuration" "keys" {
  name = "${var.name}-${var.comment}"

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "DISABLED"
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = "arn:aws:kms:us-east-1:111122223333:key/1"
    }

    s3_encryption {
      s3_encryption_mode = "SSE-S3"
    }
  }
}

resource "aws_glue_data_catalog_encryption_settings" "settings" {
  data_catalog_encryption_settings {
    connection_password_encryption {
      return_connection_password_encrypted = false
    }

    encryption_at_rest {
      catalog_encryption_mode = "SSE-KMS"
      sse_aws_kms_key_id      = "arn:aws:kms:us-east-1:111122223333:key/${var.comment}"
    }
  }
}

resource "aws_glue_resource_policy" "policy" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = data.aws_caller_identity.me.account_id }
      Action    = var.comment == "made" ? "glue:GetTable" : "glue:GetDatabase"
      Resource  = "arn:aws:glue:us-east-1:${data.aws_caller_identity.me.account_id}:*"
    }]
  })
}
