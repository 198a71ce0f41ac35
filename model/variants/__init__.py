"""GPT's relatives, built from its parts, for the pages that compare them."""
