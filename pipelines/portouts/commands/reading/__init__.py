"""The commands that show what the published file holds."""
