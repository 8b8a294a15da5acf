"""The simulated Telnyx API over HTTP."""
