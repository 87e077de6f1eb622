select * from virtual_keys where id = $1
