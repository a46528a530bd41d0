"""One file an engine: how its two worker processes are started, and how a job is given to it.

Every file names `TITLE`, `NEEDS` (the package; a missing one is said, never left out), `NOTE`, `BATCH`
(how a hundred jobs are given at once), `environment(home)`, `worker(redis_url)` (the command) and `Caller`, which
lives in a process of its own (caller.py) and has

    single()         one job, by the engine's own call
    batch(count)     `count` jobs, by its call for many, or else a loop
    stored()         results that are stored by now, since `reset()`
    careful(seconds) one longer job, with what the engine offers against a killed worker
    waiting()        jobs that a queue or a record of running jobs still holds
"""
