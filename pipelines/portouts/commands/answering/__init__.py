"""The commands that show pending orders and answer them."""
