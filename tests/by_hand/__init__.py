"""The parts of `marts_by_hand`, by topic: plain lists and loops, and nothing of the product's."""
