"""How a run ended, for monitors and people."""
