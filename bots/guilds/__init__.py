"""What the bots know of guilds and their members, and what there is to say in them. Knows no chat service's library."""
