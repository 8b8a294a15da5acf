"""The models as files: their texts, what they read, and the statements that a build makes of them."""
