"""The commands that show what waits for an answer, and answer it."""
