# Databases, tables, partitions and their indexes, with every argument that Mastic has.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

variable "name" {
  type = string
}

variable "comment" {
  type    = string
  default = "first"
}

locals {
  stem = replace(lower(var.name), "-", "_")
}

resource "aws_glue_catalog_database" "main" {
  name         = "${local.stem}_main"
  description  = var.comment
  location_uri = "s3://lake/${var.comment}/"
  parameters   = { owner = "data", stage = var.comment }
  tags         = { team = var.comment }

  create_table_default_permission {
    permissions = ["SELECT"]

    principal {
      data_lake_principal_identifier = "IAM_ALLOWED_PRINCIPALS"
    }
  }
}

resource "aws_glue_catalog_database" "plain" {
  name = "${local.stem}_plain"
}

data "aws_caller_identity" "me" {}

resource "aws_glue_catalog_database" "link" {
  name = "${local.stem}_link"

  target_database {
    catalog_id    = data.aws_caller_identity.me.account_id
    database_name = aws_glue_catalog_database.main.name
  }

  # A link is shown with its target's properties.
  lifecycle {
    ignore_changes = [description, location_uri, parameters, create_table_default_permission]
  }
}

resource "aws_glue_catalog_table" "events" {
  name          = "events"
  database_name = aws_glue_catalog_database.main.name
  description   = var.comment
  owner         = "hadoop"
  retention     = 7
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL                    = "TRUE"
    classification              = "csv"
    "projection.enabled"        = "true"
    "projection.day.type"       = "date"
    "projection.day.range"      = "2020-01-01,NOW"
    "storage.location.template" = "s3://lake/events/$${day}/"
    comment                     = var.comment
  }

  partition_keys {
    name    = "day"
    type    = "date"
    comment = "when"
  }

  partition_keys {
    name       = "hour"
    type       = "int"
  }

  partition_index {
    index_name = "by_hour"
    keys       = ["hour", "day"]
  }

  partition_index {
    index_name = "by_day"
    keys       = ["day"]
  }

  storage_descriptor {
    location                  = "s3://lake/events/"
    additional_locations      = ["s3://lake/more/"]
    input_format              = "org.apache.hadoop.mapred.TextInputFormat"
    output_format             = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    compressed                = true
    number_of_buckets         = 4
    bucket_columns            = ["id"]
    stored_as_sub_directories = true
    parameters                = { sizeKey = "12" }

    columns {
      name       = "id"
      type       = "bigint"
      comment    = var.comment
      parameters = { "iceberg.field.id" = "1" }
    }

    columns {
      name = "what"
      type = "struct<kind:string,at:timestamp>"
    }

    ser_de_info {
      name                  = "csv"
      serialization_library = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
      parameters            = { separatorChar = ";" }
    }

    sort_columns {
      column     = "id"
      sort_order = 1
    }

    skewed_info {
      skewed_column_names               = ["id"]
      skewed_column_values              = ["7"]
      skewed_column_value_location_maps = { "7" = "s3://lake/seven/" }
    }
  }
}

resource "aws_glue_catalog_table" "view" {
  name               = "recent"
  database_name      = aws_glue_catalog_database.main.name
  table_type         = "VIRTUAL_VIEW"
  view_original_text = "/* Presto View: ${base64encode(var.comment)} */"
  view_expanded_text = "/* Presto View */"
  parameters         = { presto_view = "true", comment = "Presto View" }

  storage_descriptor {
    columns {
      name = "id"
      type = "bigint"
    }

    ser_de_info {
      name                  = "-"
      serialization_library = "-"
    }
  }
}

resource "aws_glue_catalog_table" "link" {
  name          = "events_link"
  database_name = aws_glue_catalog_database.plain.name

  target_table {
    catalog_id    = data.aws_caller_identity.me.account_id
    database_name = aws_glue_catalog_database.main.name
    name          = aws_glue_catalog_table.events.name
  }

  # A link is shown with its target's properties.
  lifecycle {
    ignore_changes = [description, owner, parameters, partition_keys, retention, storage_descriptor, table_type]
  }
}

resource "aws_glue_partition" "morning" {
  database_name    = aws_glue_catalog_database.main.name
  table_name       = aws_glue_catalog_table.events.name
  partition_values = ["2024-02-29", "7"]
  parameters       = { comment = var.comment }

  storage_descriptor {
    location      = "s3://lake/events/${var.comment}/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    parameters    = { recordCount = "3" }

    columns {
      name = "id"
      type = "bigint"
    }

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
    }
  }
}

resource "aws_glue_partition" "plain" {
  database_name    = aws_glue_catalog_database.main.name
  table_name       = aws_glue_catalog_table.events.name
  partition_values = ["2024-03-01", "08"]
}

resource "aws_glue_catalog_table" "indexed" {
  name          = "indexed"
  database_name = aws_glue_catalog_database.plain.name

  partition_keys {
    name = "year"
    type = "int"
  }

  partition_keys {
    name = "city"
    type = "string"
  }

  storage_descriptor {
    location = "s3://lake/indexed/"
  }

  lifecycle {
    ignore_changes = [partition_index]
  }
}

resource "aws_glue_partition_index" "year" {
  database_name = aws_glue_catalog_database.plain.name
  table_name    = aws_glue_catalog_table.indexed.name

  partition_index {
    index_name = "by_year_${var.comment}"
    keys       = ["year", "city"]
  }
}
