"""`python -m portouts` is the command `portouts`."""

from portouts.commands.app import main

main()
