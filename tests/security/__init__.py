"""Who may: a stranger with a token of their own, curious staff, a member of a guild, a browser on another site.

One test for each line of the acceptance list; in each a table of all its cases, and a word for every wrong cell.
"""
