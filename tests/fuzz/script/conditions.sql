\set a random(1, 4)
\if :a = 1
SELECT 1;
\elif :a = 2
SELECT :a::int, ':number' \gset p_
\if :nothing is null
SELECT 2 \; SELECT 3 \aset
\endif
\else
\sleep :number us
\sleep 5ms
\endif
\startpipeline
SELECT $1, :text;
\syncpipeline
\endpipeline
\shell echo :number ::a
\setshell b echo 1
