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

provider "aws" {
  s3_use_path_style = true
}

locals {
  first = var.comment == "first"
}

# Classifiers of the four kinds.

resource "aws_glue_classifier" "grok" {
  name = "${var.name}-grok"
  grok_classifier {
    classification  = "log-${var.comment}"
    grok_pattern    = "%%{WORDS:words} %%{NUMBER:n:int}"
    custom_patterns = local.first ? "WORDS [a-z ]+" : "WORDS [a-z ]+\nOTHER %%{WORDS}"
  }
}

resource "aws_glue_classifier" "xml" {
  name = "${var.name}-xml"
  xml_classifier {
    classification = "xml"
    row_tag        = var.comment
  }
}

resource "aws_glue_classifier" "json" {
  name = "${var.name}-json"
  json_classifier {
    json_path = "$.${var.comment}[*]"
  }
}

resource "aws_glue_classifier" "csv" {
  name = "${var.name}-csv"
  csv_classifier {
    allow_single_column        = local.first
    contains_header            = local.first ? "PRESENT" : "UNKNOWN"
    custom_datatype_configured = true
    custom_datatypes           = ["INT", "STRING"]
    delimiter                  = local.first ? ";" : "|"
    disable_value_trimming     = false
    header                     = ["a", var.comment]
    quote_symbol               = "'"
    serde                      = "OpenCSVSerDe"
  }
}

# What crawlers need.

resource "aws_s3_bucket" "data" {
  bucket        = var.name
  force_destroy = true
}

resource "aws_iam_role" "glue" {
  name = var.name
  path = "/service-role/"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "glue.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_glue_catalog_database" "database" {
  name = replace(var.name, "-", "_")
}

resource "aws_glue_catalog_table" "table" {
  count         = 2
  name          = "t${count.index}"
  database_name = aws_glue_catalog_database.database.name
  storage_descriptor {
    location = "s3://${aws_s3_bucket.data.bucket}/t${count.index}/"
    columns {
      name = "a"
      type = "int"
    }
  }
}

resource "aws_glue_connection" "jdbc" {
  name = var.name
  connection_properties = {
    JDBC_CONNECTION_URL = "jdbc:postgresql://localhost:5432/db"
    USERNAME            = "u"
    PASSWORD            = "p"
  }
}

resource "aws_glue_security_configuration" "plain" {
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

# Crawlers with every block that there is something behind.

resource "aws_glue_crawler" "bare" {
  name          = "${var.name}-bare"
  database_name = aws_glue_catalog_database.database.name
  role          = aws_iam_role.glue.arn
  s3_target {
    path = "s3://${aws_s3_bucket.data.bucket}/${var.comment}/"
  }
}

resource "aws_glue_crawler" "s3" {
  name                   = "${var.name}-s3"
  database_name          = aws_glue_catalog_database.database.name
  role                   = aws_iam_role.glue.arn
  description            = var.comment
  table_prefix           = "${var.comment}_"
  schedule               = local.first ? "cron(0 10 * * ? *)" : "cron(0/5 8-17 ? * MON-FRI *)"
  classifiers            = local.first ? [aws_glue_classifier.csv.id] : [aws_glue_classifier.json.id, aws_glue_classifier.csv.id]
  security_configuration = aws_glue_security_configuration.plain.name
  tags                   = { comment = var.comment }

  s3_target {
    path        = "s3://${aws_s3_bucket.data.bucket}/a/"
    exclusions  = ["**.tmp", var.comment]
    sample_size = local.first ? 1 : 249
  }
  s3_target {
    path            = "s3://${aws_s3_bucket.data.bucket}/b/"
    connection_name = aws_glue_connection.jdbc.name
  }

  schema_change_policy {
    delete_behavior = local.first ? "DELETE_FROM_DATABASE" : "LOG"
    update_behavior = "LOG"
  }
  recrawl_policy {
    recrawl_behavior = local.first ? "CRAWL_EVERYTHING" : "CRAWL_NEW_FOLDERS_ONLY"
  }
  lineage_configuration {
    crawler_lineage_settings = local.first ? "DISABLE" : "ENABLE"
  }
  lake_formation_configuration {
    use_lake_formation_credentials = false
  }
  configuration = jsonencode({
    Version              = 1.0
    CreatePartitionIndex = local.first
    CrawlerOutput = {
      Tables     = { AddOrUpdateBehavior = "MergeNewColumns", TableThreshold = 5 }
      Partitions = { AddOrUpdateBehavior = "InheritFromTable" }
    }
    Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas", TableLevelConfiguration = local.first ? 2 : 3 }
  })
}

resource "aws_glue_crawler" "jdbc" {
  name          = "${var.name}-jdbc"
  database_name = aws_glue_catalog_database.database.name
  role          = aws_iam_role.glue.arn
  jdbc_target {
    connection_name            = aws_glue_connection.jdbc.name
    path                       = "db/${var.comment}/%"
    exclusions                 = local.first ? ["a*"] : []
    enable_additional_metadata = local.first ? ["COMMENTS", "RAWTYPES"] : ["COMMENTS"]
  }
}

resource "aws_glue_crawler" "catalog" {
  name          = "${var.name}-catalog"
  database_name = aws_glue_catalog_database.database.name
  role          = aws_iam_role.glue.arn
  catalog_target {
    database_name = aws_glue_catalog_database.database.name
    tables        = slice(aws_glue_catalog_table.table[*].name, 0, local.first ? 1 : 2)
  }
  schema_change_policy {
    delete_behavior = "LOG"
  }
  configuration = jsonencode({ Version = 1.0, Grouping = { TableGroupingPolicy = "CombineCompatibleSchemas" } })
}

resource "aws_glue_crawler" "open" {
  name          = "${var.name}-open"
  database_name = aws_glue_catalog_database.database.name
  role          = aws_iam_role.glue.arn
  schedule      = local.first ? "cron(15 12 1 * ? *)" : null
  delta_target {
    delta_tables              = ["s3://${aws_s3_bucket.data.bucket}/delta/${var.comment}/"]
    write_manifest            = false
    create_native_delta_table = local.first
  }
  iceberg_target {
    paths                   = ["s3://${aws_s3_bucket.data.bucket}/iceberg/"]
    exclusions              = [var.comment]
    maximum_traversal_depth = local.first ? 20 : 3
  }
}
