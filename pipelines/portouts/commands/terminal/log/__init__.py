"""The log on standard error, the summary of a run, and errors that nobody foresaw."""
