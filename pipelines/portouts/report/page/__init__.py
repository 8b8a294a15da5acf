"""What `portouts report` does: it runs notebooks, and makes one page of what they show."""
