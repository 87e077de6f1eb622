SELECT id, key_hash FROM virtual_keys WHERE (blocked = $1)
