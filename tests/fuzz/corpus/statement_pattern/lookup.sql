SELECT "id", "key_hash" FROM "virtual_keys"
 WHERE "key_lookup_hash" = $1 AND blocked = $2; /*controller='x' /* y */*/ -- z
