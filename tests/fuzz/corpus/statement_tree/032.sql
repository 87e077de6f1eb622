SELECT id, key_hash FROM virtual_keys WHERE blocked = $2 AND (expires_at IS NULL OR expires_at > now()) AND key_lookup_hash = $1
