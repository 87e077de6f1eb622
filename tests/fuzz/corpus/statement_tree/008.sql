DELETE FROM virtual_keys WHERE id = $1
