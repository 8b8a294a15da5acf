"""Marts of the published file as files for other programs: CSV, Excel workbooks and Parquet."""
