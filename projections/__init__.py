"""What can be read, and the store that commits it.

A *read model* is a module with five things: `VERSION` (raised when its tables or what is in them
change, which makes `init-db` rebuild it), `SCHEMA` (its tables, and in `INDEXES` what only its
queries need), `apply(event, position, batch)` (how an event changes them, in memory) with
`save(batch, write)` (in the transaction that commits the event: an *inline projection*), and its
queries, which take `read`. `projections.read_models.READ_MODELS` lists them in order. The last is
the Merkle tree, which follows what is stored of an event, not what it means: by `append`.

SQL is written once, for SQLite and PostgreSQL: `:name` is a parameter, `each(:ids)` a table of one
column `value` made of a list of texts. What differs is in `sqlite.py` and `postgres.py`.
"""
