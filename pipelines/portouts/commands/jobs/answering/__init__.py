"""The jobs of `authorize` and `reject`: plan what to send, and send it."""
