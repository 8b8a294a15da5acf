"""Runs the models on Spark: exported raw in, marts out, both as Parquet with a manifest."""
