"""The commands that bring the warehouse up to date and prove it."""
