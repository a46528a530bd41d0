"""The chat clients' wing: chat in, task out, answer back. No bot lives here yet; `up` says so."""
