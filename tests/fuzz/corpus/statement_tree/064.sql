SELECT EXISTS(SELECT * FROM virtual_keys WHERE id = $1)
