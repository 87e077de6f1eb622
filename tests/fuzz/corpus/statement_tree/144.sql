SELECT key_hash::text COLLATE "C" FROM virtual_keys
