EXPLAIN SELECT * FROM virtual_keys
