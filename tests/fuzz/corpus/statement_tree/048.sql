SELECT $2 FROM virtual_keys WHERE key_lookup_hash = $1
