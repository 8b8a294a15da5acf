"""The commands that prepare and watch the unattended work."""
