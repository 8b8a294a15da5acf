"""The commands that prepare and monitor unattended runs."""
