"""Prints the result of each command: fields for programs, sentences and tables for people."""
