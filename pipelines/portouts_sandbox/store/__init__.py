"""The orders and events that the API shows at the clock's present."""
