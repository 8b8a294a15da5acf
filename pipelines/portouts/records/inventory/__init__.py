"""The phone numbers of the account, as `GET /phone_numbers/slim` lists them: their fields and their tables."""
