"""The commands that show the whole job without a key."""
