"""The scenes: what is laid, in which order, for each kind of dish.

ingredients.py and garnish.py hold what many dishes share; every other file is one part of a menu.
The table in ../chooser.py names the scenes.
"""
