CREATE VIEW v AS SELECT key_hash FROM virtual_keys
