UPDATE virtual_keys SET blocked = blocked RETURNING id, key_hash
