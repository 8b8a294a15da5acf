"""Object storage, or a folder, as a target: the DuckDB file, and its tables as Parquet by month."""
