SELECT * FROM "virtual_keys" WHERE key_lookup_hash = $1 ORDER BY "virtual_keys"."id" LIMIT $2
