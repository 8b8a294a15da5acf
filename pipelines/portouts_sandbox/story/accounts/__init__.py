"""The accounts that a world can have: one with everything for tests, and those that people look at."""
