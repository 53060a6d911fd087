INSERT INTO events (fax_id, callback_id, status) VALUES ($1, $2, $3)
