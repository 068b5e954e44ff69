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

locals { bucket = replace(var.name, "_", "-") }

provider "aws" {
  s3_use_path_style = true
}

data "aws_caller_identity" "me" {}

resource "aws_s3_bucket" "data" {
  bucket        = local.bucket
  force_destroy = true
}

resource "aws_s3_object" "script" {
  bucket  = aws_s3_bucket.data.id
  key     = "scripts/job.py"
  content = "print('hello')\n"
  etag    = md5("print('hello')\n")
}

resource "aws_iam_role" "glue" {
  name        = var.name
  description = var.comment
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "glue.amazonaws.com" }
    }]
  })
}

resource "aws_iam_policy" "data" {
  name = "${var.name}-data"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "${aws_s3_bucket.data.arn}/*"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "data" {
  role       = aws_iam_role.glue.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_role_policy_attachment" "service" {
  role       = aws_iam_role.glue.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
}

resource "aws_glue_catalog_database" "shop" {
  name        = var.name
  description = var.comment
}

resource "aws_glue_catalog_table" "orders" {
  name          = "orders"
  database_name = aws_glue_catalog_database.shop.name
  description   = var.comment
  table_type    = "EXTERNAL_TABLE"
  parameters    = { classification = "parquet" }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${aws_s3_bucket.data.id}/orders/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    columns {
      name = "id"
      type = "bigint"
    }

    columns {
      name    = "price"
      type    = "decimal(12,2)"
      comment = "with tax"
    }
  }
}

resource "aws_glue_crawler" "orders" {
  name          = var.name
  role          = aws_iam_role.glue.arn
  database_name = aws_glue_catalog_database.shop.name
  description   = var.comment
  tags          = { team = "data" }

  s3_target {
    path       = "s3://${aws_s3_bucket.data.id}/raw/"
    exclusions = ["**.tmp"]
  }
}

resource "aws_glue_job" "orders" {
  name              = var.name
  role_arn          = aws_iam_role.glue.arn
  description       = var.comment
  glue_version      = "4.0"
  worker_type       = "G.1X"
  number_of_workers = 2
  timeout           = 10
  max_retries       = 1
  default_arguments = { "--job-language" = "python" }
  tags              = { team = "data" }

  command {
    script_location = "s3://${aws_s3_bucket.data.id}/${aws_s3_object.script.key}"
    python_version  = "3"
  }

  execution_property {
    max_concurrent_runs = 2
  }
}
