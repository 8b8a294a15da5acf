"""Reads the list of the account's phone numbers, which no date can filter and which moves while it is read."""
