SELECT "virtual_keys"."id", "virtual_keys"."key_hash" FROM "virtual_keys" WHERE ("virtual_keys"."key_lookup_hash" = $1)
