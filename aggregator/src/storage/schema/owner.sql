-- The owner whose key devices pin when they enrol. It may change until the first of them has.
ALTER TABLE task ADD COLUMN owner BLOB;
