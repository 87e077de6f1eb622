UPDATE virtual_keys SET name = $1 WHERE id = $2 AND key_lookup_hash = $3
