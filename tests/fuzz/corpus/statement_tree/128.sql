SELECT u.email, k.key_hash FROM users u LEFT JOIN virtual_keys k ON k.user_id = u.id
