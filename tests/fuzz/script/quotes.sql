/* a /* b; */ c */ SELECT 'a;''b', "c;""d", E'e\';f', $$g;h$$, $t$ $$ ; $t$, (1; 2), U&'x' -- y;
  , $1, a$b, 12:34:56, :::number;
CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;
SELECT E'a'
  'b\';', 3
