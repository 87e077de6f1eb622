UPDATE virtual_keys SET last_used_at = NULL WHERE blocked
