"""One command each: options, terminal, exit codes."""
