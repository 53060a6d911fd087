INSERT INTO callbacks (digest, provider, body) VALUES ($1, $2, $3)
ON CONFLICT (digest) DO NOTHING
RETURNING id
