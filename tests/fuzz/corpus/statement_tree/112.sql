SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash IS NULL AND blocked = $1
