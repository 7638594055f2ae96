-- People, the names they sign in with, and their passwords.

CREATE TABLE users (
    id                       TEXT   NOT NULL PRIMARY KEY,
    username                 TEXT   NOT NULL,
    email                    TEXT,
    email_verified_at        BIGINT,
    phone_number             TEXT,
    phone_number_verified_at BIGINT,
    profile                  TEXT   NOT NULL,  -- JSON object of the standard claims
    group_names              TEXT   NOT NULL,  -- JSON array
    created_at               BIGINT NOT NULL,
    updated_at               BIGINT NOT NULL,
    disabled_at              BIGINT
);

-- Pages of the list of people.
CREATE UNIQUE INDEX users_username ON users (username);

-- What may be typed as a login: user name and e-mail address, normalised. One key for both, so that nobody can take another
-- person's address as a user name.
CREATE TABLE user_logins (
    login   TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX user_logins_user ON user_logins (user_id);

CREATE TABLE passwords (
    user_id    TEXT   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phc        TEXT   NOT NULL,  -- argon2id in PHC string format
    changed_at BIGINT NOT NULL
);
