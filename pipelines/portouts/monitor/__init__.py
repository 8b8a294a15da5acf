"""What tells people and monitors how syncs went: alerts."""
