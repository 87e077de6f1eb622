SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash OPERATOR(pg_catalog.=) $1
