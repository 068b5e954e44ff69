"""Names of AWS Glue's package of transforms that learn."""
