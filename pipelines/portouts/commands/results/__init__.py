"""What each command shows as its result: fields for programs, sentences and tables for people."""
