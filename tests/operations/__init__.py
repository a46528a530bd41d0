"""What an operator does: back up and restore, upgrade, and read what is written about it."""
