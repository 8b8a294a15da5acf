"""What the commands print that bring the warehouse up to date, prove it, or redact it."""
