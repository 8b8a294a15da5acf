"""What a sync asks, and when the answers count as complete."""
