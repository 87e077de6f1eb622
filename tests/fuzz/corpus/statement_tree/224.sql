UPDATE tokens SET secure_value = $1 WHERE tokens.id = $2
