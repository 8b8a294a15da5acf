"""Alerts: what they find, what was sent before, and how a message reaches its receivers."""
