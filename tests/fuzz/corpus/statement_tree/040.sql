SELECT id, key_hash FROM virtual_keys WHERE key_lookup_hash IN ($1)
