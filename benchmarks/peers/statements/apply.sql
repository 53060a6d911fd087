INSERT INTO faxes (provider, reference, status, rank, pages, sender, recipient)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (provider, reference) DO UPDATE SET
    status = CASE WHEN excluded.rank >= faxes.rank THEN excluded.status ELSE faxes.status END,
    rank = greatest(excluded.rank, faxes.rank),
    pages = coalesce(excluded.pages, faxes.pages),
    updated_at = now()
RETURNING id
