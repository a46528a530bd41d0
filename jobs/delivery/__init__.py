"""What leaves the house: webhooks and chat answers. The row is the delivery; rq only says that there is one.

outbox.py     deliver(), on_end(), register(): what the other rooms call
wishes.py     a task ends: its wishes become deliveries in the same transaction
queue.py      ids to rq and back; the only file that knows django_rq
rq_worker.py  the loop of `manage.py rqworker`: takes ids, hands them to the crew
crew.py       the senders: threads, a few for each receiver at most
lanes.py      which receiver may have how many of them
claim.py      one delivery for one attempt, and how it ended
sweep.py      finds what a killed worker held, what is due, what Redis lost
webhook/      Standard Webhooks: endpoints, signatures, addresses, the request
"""
