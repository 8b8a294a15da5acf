"""Standard streams, progress, process and exit codes."""
