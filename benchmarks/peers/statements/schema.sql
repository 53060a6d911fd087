-- What a peer keeps: every callback as it came, the fax it is about, and the fax's history.
CREATE TABLE callbacks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    provider text NOT NULL,
    body bytea NOT NULL,
    seen integer NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE faxes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL,
    reference text NOT NULL,
    status text NOT NULL,
    rank smallint NOT NULL,
    pages integer,
    sender text,
    recipient text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, reference)
);
CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fax_id bigint NOT NULL REFERENCES faxes,
    callback_id bigint NOT NULL UNIQUE REFERENCES callbacks,
    status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON events (fax_id);
