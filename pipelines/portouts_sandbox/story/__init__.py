"""The seeded plan of a world: when orders arrive, what they contain, and what happens to them."""
