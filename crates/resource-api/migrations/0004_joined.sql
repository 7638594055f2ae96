-- The number of the event with which a person became a member: they hear of what happens to things of the group from then on.
-- Of members from before it is 0; events are kept for a day.
ALTER TABLE members ADD COLUMN joined BIGINT NOT NULL DEFAULT 0;
