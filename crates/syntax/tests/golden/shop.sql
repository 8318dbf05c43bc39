-- All carts.
CREATE TABLE carts (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL REFERENCES users(id), -- who it belongs to
  total INT DEFAULT 0
);

CREATE INDEX carts_owner ON carts (owner);

/* What is open. */
CREATE VIEW open_carts AS
SELECT c.id, count_items(c.id) FROM carts c JOIN items i ON i.cart = c.id WHERE c.state = 'it is open';

CREATE FUNCTION add_item(cart INT) RETURNS INT AS $$ SELECT 1 $$ LANGUAGE sql;

INSERT INTO carts (owner) VALUES ('somebody');
UPDATE shop.carts SET total = 1 WHERE id = 1;
