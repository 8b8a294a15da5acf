"""What changes rows of `raw` besides a load, and the queue of orders that any change fills."""
