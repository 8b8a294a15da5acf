"""Everything that knows dlt: the source, the pipeline, the settings."""
