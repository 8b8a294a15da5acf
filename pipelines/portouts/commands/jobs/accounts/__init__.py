"""Work on several accounts: each is read into a file of its own, and their rows are gathered into one."""
