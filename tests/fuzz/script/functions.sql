\set a abs(-5) + debug(1) * double(2) - exp(0) / greatest(1, 2.5, 3)
\set b hash(:a) + hash_fnv1a(1, 2) % hash_murmur2(3) & int(4.5) | least(1, 2) # 7 << 2 >> 1
\set c ln(2) + mod(7, 3) + permute(1, 10) + permute(1, 10, 5) + pi() + pow(2, 3) + power(2, 0.5)
\set d random(1, 10) + random_exponential(1, 10, 2.5) + random_gaussian(1, 10, 2.5) + \
  random_zipfian(1, 10, 1.5) + sqrt(2)
\set e case when not :a <> 1 and :b is not null or :c >= ~ 3 then 1 when :nothing isnull then - 9223372036854775808 else null end
\set f 1e3 + .5 - 5. + 0.1e-5 < 1 is not true notnull is false
\set g :text
