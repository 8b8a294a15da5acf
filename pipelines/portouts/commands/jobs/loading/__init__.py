"""The part of a sync that one account has for itself."""
