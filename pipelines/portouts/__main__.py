"""`python -m portouts` is the command `portouts`."""

from portouts.cli import main

main()
