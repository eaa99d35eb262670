-- Creates the record of what happened.

CREATE SEQUENCE streamkeeper.event_changes AS bigint;

COMMENT ON SEQUENCE streamkeeper.event_changes IS 'Numbers every change of events.';

-- No foreign key to environments: an event outlives its environment.
CREATE TABLE streamkeeper.events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    environment text,
    uid uuid,
    type text NOT NULL,
    reason text NOT NULL,
    object text NOT NULL,
    message text NOT NULL,
    count bigint NOT NULL DEFAULT 1,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    generation bigint,
    details jsonb NOT NULL DEFAULT 'null',
    change_id bigint NOT NULL DEFAULT nextval('streamkeeper.event_changes'),
    change_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    counting boolean NOT NULL DEFAULT true,
    CONSTRAINT events_pkey PRIMARY KEY (id),
    CONSTRAINT events_change_id_key UNIQUE (change_id),
    CONSTRAINT events_type_check CHECK (type IN ('Normal', 'Warning')),
    CONSTRAINT events_reason_check CHECK (reason ~ '^[A-Z][A-Za-z0-9]*$'),
    CONSTRAINT events_count_check CHECK (count >= 1)
);

ALTER SEQUENCE streamkeeper.event_changes OWNED BY streamkeeper.events.change_id;

-- Two transactions that report the same thing at once meet here, so that they count one row.
CREATE UNIQUE INDEX events_counting_key
    ON streamkeeper.events
    (coalesce(uid, '00000000-0000-0000-0000-000000000000'), reason, object, md5(message))
    WHERE counting;

CREATE INDEX events_environment_idx ON streamkeeper.events (environment, change_id);

-- Retention.
CREATE INDEX events_last_seen_at_idx ON streamkeeper.events (last_seen_at);

COMMENT ON TABLE streamkeeper.events IS
    'What happened; repeats within an hour raise count. Kept for 30 days by default; outlives the environment.';
COMMENT ON COLUMN streamkeeper.events.id IS 'The event.';
COMMENT ON COLUMN streamkeeper.events.environment IS
    'The environment''s name; of an orphan the name in its tag, null without one.';
COMMENT ON COLUMN streamkeeper.events.uid IS
    'The environment''s identity; of an orphan the one in its tag, null without one.';
COMMENT ON COLUMN streamkeeper.events.type IS 'Normal, or Warning: somebody may want to look.';
COMMENT ON COLUMN streamkeeper.events.reason IS 'What happened, in one word for searches and alerts.';
COMMENT ON COLUMN streamkeeper.events.object IS 'The object, such as fleet/cfd.';
COMMENT ON COLUMN streamkeeper.events.message IS 'What happened, for people.';
COMMENT ON COLUMN streamkeeper.events.count IS 'How often it happened.';
COMMENT ON COLUMN streamkeeper.events.first_seen_at IS 'When it first happened.';
COMMENT ON COLUMN streamkeeper.events.last_seen_at IS 'When it last happened.';
COMMENT ON COLUMN streamkeeper.events.generation IS 'The generation it first happened to.';
COMMENT ON COLUMN streamkeeper.events.details IS 'More of it, for programs; of the first time.';
COMMENT ON COLUMN streamkeeper.events.change_id IS
    'Number of the last change; what is read in its order and continued after it misses nothing, as long as the reader stays behind transactions that are under way.';
COMMENT ON COLUMN streamkeeper.events.change_xid IS
    'Internal: the transaction of the last change, by which readers stay behind.';
COMMENT ON COLUMN streamkeeper.events.counting IS
    'Internal: whether repeats raise this row''s count, or begin another row.';
COMMENT ON INDEX streamkeeper.events_counting_key IS
    'Repeats of a reason, an object and a message count in one row.';
