"""What happens in the simulated world, and when: arrivals, the lifecycle of each order, and the clock."""
