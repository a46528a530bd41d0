"""`manage.py up`: everything on one machine, started, watched and stopped by one process.

    prepare.py         everything made ready but the processes
    preflight.py       what must be true before anything starts; nothing is left of a killed `up`
    plan.py            what is to run, as data
    supervisor.py      starts it, restarts what died, stops all of it in order; child.py is one of it
    first_sentence.py  the herald: waits until the house is ready, then speaks one sentence through it

The command (core/management/commands/up.py) prepares with Django and then replaces itself,
under the same process id, with the supervisor, which runs without: 10 MB instead of 90.
"""
