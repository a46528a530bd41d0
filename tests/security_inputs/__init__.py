"""What strangers send: files that lie, texts that are code, names that lead out, and what the house does with them."""
