-- The Ed25519 key with which a device signs in masked rounds of the active mode: the first it came
-- with, for good. The authority endorses one identity of each device only.
ALTER TABLE device ADD COLUMN identity BLOB;
