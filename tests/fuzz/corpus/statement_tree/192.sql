SELECT EXISTS(SELECT $2 FROM virtual_keys WHERE key_hash = $1)
