"""Menu pictures: a job's rows, from the menu that was asked for to the picture of each dish."""
