"""What a warehouse file contains: rows and checksums, what is kept of them, and how two files compare."""
