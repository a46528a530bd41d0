"""Run any function, know none by name.

The database row is the task; Redis only says that there is work. Start reading at
invoke.py (the only way in), then worker.py (one task) and cluster.py (the processes).
"""
