"""The orders and events that the API shows at the present of the world's clock."""
