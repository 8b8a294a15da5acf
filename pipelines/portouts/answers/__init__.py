"""One order: found and read fresh, and answered."""
