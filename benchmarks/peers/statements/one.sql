WITH kept AS (
    INSERT INTO callbacks (digest, provider, body) VALUES ($1, $2, $3)
    ON CONFLICT (digest) DO UPDATE SET seen = callbacks.seen + 1
    RETURNING id, seen
), applied AS (
    INSERT INTO faxes (provider, reference, status, rank, pages, sender, recipient)
    SELECT $2, $4::text, $5::text, $6::smallint, $7::integer, $8::text, $9::text
    FROM kept WHERE seen = 1
    ON CONFLICT (provider, reference) DO UPDATE SET
        status = CASE WHEN excluded.rank >= faxes.rank THEN excluded.status ELSE faxes.status END,
        rank = greatest(excluded.rank, faxes.rank),
        pages = coalesce(excluded.pages, faxes.pages),
        updated_at = now()
    RETURNING id
)
INSERT INTO events (fax_id, callback_id, status)
SELECT applied.id, kept.id, $5 FROM applied, kept
