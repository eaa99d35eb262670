-- Creates the schema everything of Streamkeeper lives in.

DO $$
BEGIN
    -- Lengths are counted in characters and names travel as UTF-8; another encoding would count
    -- and compare differently from AWS and from the daemon.
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database is encoded in %, Streamkeeper needs UTF8',
            current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0';
    END IF;
END
$$;

-- The migrator keeps its own table here and may have been first.
CREATE SCHEMA IF NOT EXISTS streamkeeper;

COMMENT ON SCHEMA streamkeeper IS
    'Streamkeeper: AppStream environments kept the way they are declared in the table environments.';
