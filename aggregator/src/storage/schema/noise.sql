-- What the next round needs besides the model: its clip where that is adaptive, and the tree
-- of noise where there is one, a file named by its hash.
ALTER TABLE round ADD COLUMN clip_next REAL;
ALTER TABLE round ADD COLUMN noise_after BLOB;
