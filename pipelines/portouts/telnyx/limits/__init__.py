"""How fast requests may be sent, and how long they may take."""
