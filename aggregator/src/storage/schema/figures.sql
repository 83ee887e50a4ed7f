-- Version 5. What a round made public beside a model, as JSON: an evaluation, label counts.
ALTER TABLE round ADD COLUMN figures TEXT;
