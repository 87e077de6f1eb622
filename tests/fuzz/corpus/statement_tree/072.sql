UPDATE virtual_keys SET last_used_at = CURRENT_TIMESTAMP(3) WHERE id = $1
