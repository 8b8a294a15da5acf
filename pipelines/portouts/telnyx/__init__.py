"""The Telnyx API as it is: one GET in, one typed page out, or an error that says what happened."""
