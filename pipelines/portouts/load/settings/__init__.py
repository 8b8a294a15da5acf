"""The settings of all commands: where they are found, what they may be, and which of them a warehouse remembers."""
