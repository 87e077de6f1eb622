DECLARE _pg_dump_cursor CURSOR FOR SELECT * FROM ONLY public.virtual_keys
