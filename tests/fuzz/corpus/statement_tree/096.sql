DELETE FROM virtual_keys
