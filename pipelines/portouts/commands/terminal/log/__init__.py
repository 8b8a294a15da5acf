"""The log on standard error, the summary of a run, and unexpected errors."""
