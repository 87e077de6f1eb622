SELECT id, name, created_at FROM virtual_keys ORDER BY created_at DESC LIMIT $1
