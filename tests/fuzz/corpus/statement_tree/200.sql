SELECT k."id"::text, k."user_id"::text, k."created_at"::timestamptz, k."key_lookup_hash" IS NULL, CASE WHEN k."key_hash" LIKE $1 THEN substr(k."key_hash", $2, $3) END FROM "public"."virtual_keys" k
