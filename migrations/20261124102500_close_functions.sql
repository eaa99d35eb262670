-- Takes the right to call the trigger functions from everybody.

-- Triggers need nobody's right to run. With it, anybody could put one of these functions, which
-- act with their owner's rights, behind a table of their own.
REVOKE EXECUTE ON FUNCTION
    streamkeeper.check_spec_schema(),
    streamkeeper.guard_insert(),
    streamkeeper.end_insert(),
    streamkeeper.guard_update(),
    streamkeeper.guard_delete(),
    streamkeeper.refuse_truncate(),
    streamkeeper.record_revision(),
    streamkeeper.notify_scope()
FROM PUBLIC;
