"""Who may: tokens, chat accounts, signed links, and the book of who did what."""
