"""Webhooks as Standard Webhooks has them (standardwebhooks.com): signed, retried, and only to addresses outside.

sender.py     one attempt: body, signature, request, and what the answer means
signing.py    secrets, and the three headers
address.py    which addresses may be reached
request.py    one POST to an address that was checked, with a deadline
payload.py    what is told of a task
endpoints.py  an owner's endpoints: made, tried, changed
"""
