"""What the commands print that show what waits for an answer, and answer it."""
