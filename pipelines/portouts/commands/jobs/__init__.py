"""The whole work of one command, without its terminal."""
