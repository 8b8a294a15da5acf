"""What people look at: data frames, notebooks, the page."""
