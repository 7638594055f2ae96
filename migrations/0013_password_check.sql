-- With which scopes people may call the API of a client with user name and password; NULL: no password is checked for it.
ALTER TABLE clients ADD COLUMN password_check_scope TEXT;  -- separated by spaces
