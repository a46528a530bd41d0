"""`manage.py backup` and `manage.py restore`: the whole house in one file, and back.

    archive.py    the file: a tar with a digest of each member, written and read as a stream
    database.py   a consistent copy of SQLite or PostgreSQL, and putting one back
    files.py      the stored files that rows name, held still while they are copied
    making.py     puts a backup together while the house runs
    restoring.py  checks everything first, then replaces the house

Redis is not in it: it holds nothing that the rows do not (`manage.py reconcile`).
"""
