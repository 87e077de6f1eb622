SELECT json_agg(k) FROM (SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash IS NULL) k
