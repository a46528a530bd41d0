"""How a sentence becomes sound, in ten lines. Each line names its room.

1. access     who asks: a token, a login, a signed link
2. api        the request, checked against the function's input type; or a page of live
3. runtime    invoke() writes a Task row and sends its id to Redis after the commit
4. runtime    a worker of `manage.py qcluster` takes the id and claims the row for one attempt
5. functions  the function itself: typed input in, typed output out
6. engines    what does the work (OpenJTalk, ...): plain Python, no Django
7. runtime    parts of the result go out while the rest is made
8. runtime    the result is committed under the attempt that was claimed, or a retry is decided
9. live       every change reaches the browsers that watch: WebSocket, server-sent events, pages
10. runtime   the sweep rebuilds whatever Redis or a dead worker lost, from the rows
"""
