SELECT id, key_hash FROM virtual_keys WHERE $1=$2
