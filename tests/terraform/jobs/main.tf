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

locals {
  bucket = replace(var.name, "_", "-")
  later  = var.comment != "first"
}

provider "aws" {
  s3_use_path_style = true
}

resource "aws_s3_bucket" "scripts" {
  bucket        = local.bucket
  force_destroy = true
}

resource "aws_iam_role" "glue" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "glue.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_glue_connection" "network" {
  name            = var.name
  connection_type = "NETWORK"

  physical_connection_requirements {
    availability_zone      = "us-east-1a"
    security_group_id_list = ["sg-12345678"]
    subnet_id              = "subnet-12345678"
  }
}

resource "aws_glue_security_configuration" "sealed" {
  name = var.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "DISABLED"
    }
    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "DISABLED"
    }
    s3_encryption {
      s3_encryption_mode = "DISABLED"
    }
  }
}

# All that a Spark job can have.
resource "aws_glue_job" "spark" {
  name                      = "${var.name}-spark"
  role_arn                  = aws_iam_role.glue.arn
  description               = var.comment
  connections               = [aws_glue_connection.network.name]
  security_configuration    = aws_glue_security_configuration.sealed.name
  glue_version              = local.later ? "5.0" : "4.0"
  worker_type               = local.later ? "G.2X" : "G.1X"
  number_of_workers         = local.later ? 4 : 2
  timeout                   = local.later ? 60 : 30
  max_retries               = local.later ? 2 : 1
  execution_class           = local.later ? "STANDARD" : "FLEX"
  job_run_queuing_enabled   = !local.later
  default_arguments         = { "--job-language" = "python", "--comment" = var.comment }
  non_overridable_arguments = { "--fixed" = var.comment }
  tags                      = { team = "data", comment = var.comment }

  command {
    script_location = "s3://${aws_s3_bucket.scripts.id}/spark-${var.comment}.py"
    python_version  = "3"
  }

  execution_property {
    max_concurrent_runs = local.later ? 5 : 2
  }

  notification_property {
    notify_delay_after = local.later ? 20 : 10
  }

  source_control_details {
    provider       = "GITHUB"
    repository     = "jobs"
    owner          = "data"
    branch         = "main"
    folder         = "spark"
    last_commit_id = local.later ? "b6589fc6ab0dc82cf12099d1c2d40ab994e8410c" : "356a192b7913b04c54574d18c28d46e6395428ab"
    auth_strategy  = "AWS_SECRETS_MANAGER"
  }
}

# By capacity instead of workers, and nothing else said.
resource "aws_glue_job" "capacity" {
  name         = "${var.name}-capacity"
  role_arn     = aws_iam_role.glue.arn
  max_capacity = local.later ? 4 : 10

  command {
    script_location = "s3://${aws_s3_bucket.scripts.id}/capacity.py"
  }
}

resource "aws_glue_job" "streaming" {
  name               = "${var.name}-streaming"
  role_arn           = aws_iam_role.glue.arn
  glue_version       = "4.0"
  worker_type        = "G.025X"
  number_of_workers  = 2
  maintenance_window = local.later ? "Mon:4" : "Sun:10"

  command {
    name            = "gluestreaming"
    script_location = "s3://${aws_s3_bucket.scripts.id}/stream.py"
  }
}

resource "aws_glue_job" "shell" {
  name         = "${var.name}-shell"
  role_arn     = aws_iam_role.glue.arn
  description  = var.comment
  max_capacity = local.later ? 1 : 0.0625

  command {
    name            = "pythonshell"
    python_version  = "3.9"
    script_location = "s3://${aws_s3_bucket.scripts.id}/shell.py"
  }
}

resource "aws_glue_job" "ray" {
  name              = "${var.name}-ray"
  role_arn          = aws_iam_role.glue.arn
  glue_version      = "4.0"
  worker_type       = "Z.2X"
  number_of_workers = local.later ? 2 : 1

  command {
    name            = "glueray"
    python_version  = "3.9"
    runtime         = "Ray2.4"
    script_location = "s3://${aws_s3_bucket.scripts.id}/ray.py"
  }
}
