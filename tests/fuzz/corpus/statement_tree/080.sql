UPDATE virtual_keys k SET last_used_at = v.at FROM (VALUES ($1::uuid, $2::timestamptz)) AS v(id, at) WHERE k.id = v.id
