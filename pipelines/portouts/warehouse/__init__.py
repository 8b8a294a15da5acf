"""The working file, the published file, and what they say about themselves."""
