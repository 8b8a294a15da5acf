"""Lists from CSV files, and names in one spelling."""
