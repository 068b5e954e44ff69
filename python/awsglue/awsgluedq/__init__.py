"""Names of AWS Glue's data-quality package."""
