"""The fault campaign: real processes are killed, stopped and cut off, and what was promised is counted.

`pytest tests/faults` is the short form, one named test per invariant of README's "What you can
rely on"; `python -m tests.faults --full` is the soak. bed.py runs the processes, faults.py
breaks them, points.py stops them at a named line, history.py compares what was accepted, what
is stored and what had an effect.
"""
