"""Several accounts: the folder of each one's working file, and the gathering of their rows into one file."""
